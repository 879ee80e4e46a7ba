//! The catalog store in PostgreSQL, for a fleet. Writers lock the row of `callsign_head` one after the other; readers
//! are told of a revision by `NOTIFY`.

mod nodes;
mod sender_health;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use callsign_store_address::PostgresAddress;
use tokio::sync::{Mutex, Notify};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, IsolationLevel, Row, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::log_part::{LISTED, LogPart};
use super::rows::{ElementKey, Rows, changed};
use super::{Committed, Element, FORGOTTEN, Operator, StoreError, entry, kind};
use crate::change::{Draft, Entry, Kind, now};

/// The channel of notifications.
const CHANNEL: &str = "callsign_revision";

/// The tables, created if missing. The advisory lock lets one node at a time do it.
const SCHEMA: &str = "
    SELECT pg_advisory_xact_lock(4829170611);
    CREATE TABLE IF NOT EXISTS callsign_head (one int PRIMARY KEY CHECK (one = 1), revision bigint NOT NULL);
    INSERT INTO callsign_head VALUES (1, 0) ON CONFLICT DO NOTHING;
    CREATE TABLE IF NOT EXISTS callsign_elements (
        kind text NOT NULL, key text NOT NULL, position bigint NOT NULL, body text NOT NULL, PRIMARY KEY (kind, key)
    );
    CREATE TABLE IF NOT EXISTS callsign_revisions (
        revision bigint PRIMARY KEY, at bigint NOT NULL, who text NOT NULL, action text NOT NULL, changes text NOT NULL
    );
    CREATE TABLE IF NOT EXISTS callsign_components (digest text PRIMARY KEY, bytes bytea NOT NULL);
";

/// Where the tables are: in the first schema of the search path that has them. By default that path begins with a schema of
/// the user's name, which somebody may make after the tables, for pins for instance: then `public` comes first. Every
/// connection stays with that schema, or where there are no tables yet with the one that they will be made in; through a pooler
/// every transaction.
const SEARCH_PATH: &str = "
    SELECT set_config('search_path', quote_ident(coalesce((
        SELECT path.name FROM unnest(current_schemas(false)) WITH ORDINALITY AS path (name, place)
        JOIN pg_namespace ON nspname = path.name
        JOIN pg_class ON relnamespace = pg_namespace.oid AND relname = 'callsign_head'
        ORDER BY current_setting('search_path') = '\"$user\", public' AND path.name = current_user, place
        LIMIT 1
    ), current_schema())), $1)";

/// The timeout of connecting, and of small statements.
const PATIENCE: Duration = Duration::from_secs(3);

/// The timeout of statements that read or write the whole platform.
const LONG_PATIENCE: Duration = Duration::from_secs(120);

/// How often the listener looks whether its connection still answers. A connection that was forgotten on the way, by a
/// firewall or a proxy, looks like one without news.
const CHECK: Duration = Duration::from_secs(10);

/// How long the system waits for an acknowledgement of a connection without news, and between three tries.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// How long the listener waits before it connects again.
const PAUSE: Duration = Duration::from_millis(250);

/// A commit with more elements, or more bytes of bodies and components, has [`LONG_PATIENCE`].
const MANY: usize = 1_000;
const MANY_BYTES: usize = 1 << 20;

/// The values of a statement, each with its type.
type Values<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// How the database is reached, by each connection alike.
#[derive(Clone)]
struct Database {
    config: Config,
    tls: MakeRustlsConnect,
    /// Whether a session of the client is one of the server, see `PostgresAddress::prepares`. If not, changes are found by
    /// looking.
    has_sessions: bool,
}

/// Two connections: one to read and write, one that listens.
pub(crate) struct Postgres {
    database: Database,
    client: Mutex<Option<Client>>,
    changed: Arc<Notify>,
    /// Notified when a statement had no answer in time: the listener's connection may be as dead.
    doubted: Arc<Notify>,
    place: String,
}

impl Postgres {
    pub(crate) async fn open(address: &PostgresAddress, operator: Operator) -> Result<Self, StoreError> {
        let place = address.place();
        let failed = |reason: String| StoreError::Open { place: place.clone(), reason };
        let mut config = address.client().map_err(|error| failed(error.to_string()))?;
        let tls = address.connector().map_err(|error| failed(error.to_string()))?;
        config
            .connect_timeout(PATIENCE)
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE)
            .keepalives_retries(3);
        if config.get_application_name().is_none() {
            config.application_name("callsign");
        }
        let changed = Arc::new(Notify::new());
        let database = Database { config, tls, has_sessions: address.prepares() };
        let store = Self { database, client: Mutex::new(None), changed, doubted: Arc::default(), place };
        let is_there = store
            .transact(LONG_PATIENCE, async |transaction| {
                if operator == Operator::Person {
                    let sql = "SELECT to_regclass('callsign_head') IS NOT NULL";
                    return Ok(transaction.query_typed_one(sql, &[]).await?.get(0));
                }
                transaction.batch_execute(SCHEMA).await?;
                transaction.batch_execute(sender_health::SCHEMA).await?;
                transaction.batch_execute(nodes::SCHEMA).await?;
                Ok(true)
            })
            .await
            .map_err(|error| StoreError::Open { place: store.place.clone(), reason: error.to_string() })?;
        if !is_there {
            return Err(StoreError::NoPlatform { place: store.place.clone() });
        }
        if operator == Operator::Service && store.database.has_sessions {
            listen(store.database.clone(), Arc::downgrade(&store.changed), Arc::clone(&store.doubted));
        }
        Ok(store)
    }

    /// Runs statements in a transaction, without names for them, so that a pool of connections may stand in between. After
    /// an error or a timeout the connection is dropped, and the server rolls back whatever was not committed.
    async fn transact<T>(
        &self,
        patience: Duration,
        work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.transact_at(IsolationLevel::ReadCommitted, patience, work).await
    }

    async fn transact_at<T>(
        &self,
        isolation: IsolationLevel,
        patience: Duration,
        work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut held = self.client.lock().await;
        let mut client = match held.take() {
            Some(client) if !client.is_closed() => client,
            _ => in_time(PATIENCE, connect(&self.database)).await?,
        };
        let begin = async {
            let transaction = client.build_transaction().isolation_level(isolation).start().await?;
            if !self.database.has_sessions {
                transaction.query_typed_one(SEARCH_PATH, &[(&true, Type::BOOL)]).await?;
            }
            Ok::<_, tokio_postgres::Error>(transaction)
        };
        // A connection that was forgotten on the way is found here, however long the statements may take.
        let transaction = in_time(PATIENCE, begin).await.inspect_err(|_| self.doubted.notify_one())?;
        let work = async {
            let done = work(&transaction).await?;
            transaction.commit().await?;
            Ok::<_, StoreError>(done)
        };
        let done = in_time(patience, work).await.inspect_err(|_| self.doubted.notify_one())?;
        *held = Some(client);
        Ok(done)
    }

    pub(crate) async fn load(&self) -> Result<(u64, Vec<Element>), StoreError> {
        let (revision, rows) = self
            .transact_at(IsolationLevel::RepeatableRead, LONG_PATIENCE, async |transaction| {
                let sql = "SELECT revision FROM callsign_head";
                let revision: i64 = transaction.query_typed_one(sql, &[]).await?.get(0);
                let sql = "SELECT kind, key, body, position FROM callsign_elements ORDER BY position";
                let rows = transaction.query_typed(sql, &[]).await?;
                Ok((revision, rows))
            })
            .await?;
        let mut elements = Vec::with_capacity(rows.len());
        for row in rows {
            let position = row.get::<_, i64>(3) as u64;
            elements.push(Element { kind: kind(row.get(0))?, key: row.get(1), body: row.get(2), position });
        }
        elements.sort_by_key(|element| Kind::ALL.iter().position(|kind| *kind == element.kind));
        Ok((revision as u64, elements))
    }

    pub(crate) async fn commit(&self, seen: u64, drafts: &[Draft]) -> Result<Committed, StoreError> {
        let changed: Vec<ElementKey<'_>> = changed(drafts).into_iter().collect();
        let bytes: usize = drafts.iter().map(Draft::bytes).sum();
        let patience = if changed.len() > MANY || bytes > MANY_BYTES { LONG_PATIENCE } else { PATIENCE };
        let last = seen + drafts.len() as u64;
        self.transact(patience, async |transaction| {
            let sql = "SELECT revision FROM callsign_head FOR UPDATE";
            let head: i64 = transaction.query_typed_one(sql, &[]).await?.get(0);
            if head as u64 != seen {
                return Ok(Committed::Behind(head as u64));
            }
            let sql = "SELECT changed.place, position \
                 FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS changed (kind, key, place) \
                 JOIN callsign_elements USING (kind, key)";
            let (kinds, keys) = columns(&changed);
            let values: Values<'_> = &[(&kinds, Type::TEXT_ARRAY), (&keys, Type::TEXT_ARRAY)];
            let positions = transaction.query_typed(sql, values).await?;
            let positions = positions.iter().filter_map(|row| {
                let place = usize::try_from(row.get::<_, i64>(0) - 1).ok()?;
                Some((*changed.get(place)?, row.get::<_, i64>(1) as u64))
            });
            let rows = Rows::of(seen, drafts, positions.collect())?;
            write(transaction, seen, drafts, &rows).await?;
            let number = last as i64;
            transaction.execute_typed("UPDATE callsign_head SET revision = $1", &[(&number, Type::INT8)]).await?;
            let told: Values<'_> = &[(&CHANNEL, Type::TEXT), (&last.to_string(), Type::TEXT)];
            transaction.query_typed("SELECT pg_notify($1, $2)", told).await?;
            Ok(Committed::Done(last))
        })
        .await
    }

    pub(crate) async fn head(&self) -> Result<u64, StoreError> {
        let sql = "SELECT revision FROM callsign_head";
        let row = self.transact(PATIENCE, async |transaction| Ok(transaction.query_typed_one(sql, &[]).await?)).await?;
        Ok(row.get::<_, i64>(0) as u64)
    }

    pub(crate) async fn since(&self, revision: u64, most: u32) -> Result<Vec<Entry>, StoreError> {
        self.entries("changes", "revision > $1 ORDER BY revision", revision, most).await
    }

    pub(crate) async fn before(&self, revision: u64, most: u32, changes: usize) -> Result<Vec<LogPart>, StoreError> {
        let sql = "SELECT revision, at, who, action, substr(changes, 1, $3) FROM callsign_revisions \
             WHERE revision < $1 ORDER BY revision DESC LIMIT $2";
        let (revision, most) = (i64::try_from(revision).unwrap_or(i64::MAX), i64::from(most));
        let values: Values<'_> = &[(&revision, Type::INT8), (&most, Type::INT8), (&(LISTED as i32), Type::INT4)];
        let rows = self.rows(sql, values).await?;
        let parts = rows.iter().map(|row| {
            let entry = without_changes(row);
            let text: &str = row.get(4);
            LogPart::listed(entry, text, changes, |text| text.chars().count())
        });
        parts.collect()
    }

    /// So many characters of the changes of a revision. PostgreSQL reads all that is before them too.
    pub(crate) async fn piece(
        &self,
        revision: u64,
        from: u64,
        most: u64,
    ) -> Result<Option<(Entry, String)>, StoreError> {
        let sql =
            "SELECT revision, at, who, action, substr(changes, $2, $3) FROM callsign_revisions WHERE revision = $1";
        let Ok(revision) = i64::try_from(revision) else { return Ok(None) };
        // A text has at most 2^30 bytes.
        let begin = i32::try_from(from.saturating_add(1)).unwrap_or(i32::MAX);
        let most = i32::try_from(most).unwrap_or(i32::MAX).min(i32::MAX - begin);
        let values: Values<'_> = &[(&revision, Type::INT8), (&begin, Type::INT4), (&most, Type::INT4)];
        let rows = self.rows(sql, values).await?;
        Ok(rows.first().map(|row| (without_changes(row), row.get(4))))
    }

    /// See [`Store::forget`](super::Store::forget).
    pub(crate) async fn forget(&self, before: i64, up_to: i64) -> Result<usize, StoreError> {
        let sql = "DELETE FROM callsign_revisions WHERE revision IN (SELECT revision FROM \
             (SELECT revision, at FROM callsign_revisions ORDER BY revision LIMIT $1) AS oldest \
             WHERE at < $2 OR revision <= $3)";
        let most = FORGOTTEN as i64;
        let values: Values<'_> = &[(&most, Type::INT8), (&before, Type::INT8), (&up_to, Type::INT8)];
        let gone = self.transact(LONG_PATIENCE, async |transaction| Ok(transaction.execute_typed(sql, values).await?));
        Ok(gone.await? as usize)
    }

    async fn rows(&self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, StoreError> {
        self.transact(LONG_PATIENCE, async |transaction| Ok(transaction.query_typed(sql, values).await?)).await
    }

    pub(crate) async fn actions(&self, revision: u64, most: u32) -> Result<Vec<Entry>, StoreError> {
        self.entries("'[]'", "revision > $1 ORDER BY revision", revision, most).await
    }

    async fn entries(
        &self,
        changes: &'static str,
        which: &'static str,
        revision: u64,
        most: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let sql = format!("SELECT revision, at, who, action, {changes} FROM callsign_revisions WHERE {which} LIMIT $2");
        let revision = i64::try_from(revision).unwrap_or(i64::MAX);
        let most = i64::from(most);
        let rows = self.rows(&sql, &[(&revision, Type::INT8), (&most, Type::INT8)]).await?;
        rows.iter().map(|row| entry(row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))).collect()
    }

    pub(crate) async fn digests(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT digest FROM callsign_components";
        let rows = self.rows(sql, &[]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    pub(crate) async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT bytes FROM callsign_components WHERE digest = $1";
        let rows = self.rows(sql, &[(&digest, Type::TEXT)]).await?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    /// Those of some components and settings that are there.
    pub(crate) async fn components(&self, digests: &[String]) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let sql = "SELECT digest, bytes FROM callsign_components WHERE digest = ANY($1)";
        let rows = self.rows(sql, &[(&digests, Type::TEXT_ARRAY)]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    pub(crate) fn changed(&self) -> &Arc<Notify> {
        &self.changed
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }
}

/// Elements as the columns of an array each: their kinds and their keys.
fn columns<'d>(elements: &[ElementKey<'d>]) -> (Vec<&'static str>, Vec<&'d str>) {
    elements.iter().map(|(kind, key)| (kind.as_str(), *key)).unzip()
}

/// Writes the rows that drafts make, within a transaction.
async fn write(
    transaction: &Transaction<'_>,
    seen: u64,
    drafts: &[Draft],
    rows: &Rows<'_>,
) -> Result<(), tokio_postgres::Error> {
    let at = now() as i64;
    let revisions: Vec<i64> = (seen as i64 + 1..).take(drafts.len()).collect();
    let (who, action): (Vec<&str>, Vec<&str>) = drafts.iter().map(|draft| (&*draft.who, &*draft.action)).unzip();
    let sql = "INSERT INTO callsign_revisions SELECT revision, $2, who, action, changes \
         FROM unnest($1::bigint[], $3::text[], $4::text[], $5::text[]) AS made (revision, who, action, changes)";
    let values: Values<'_> = &[
        (&revisions, Type::INT8_ARRAY),
        (&at, Type::INT8),
        (&who, Type::TEXT_ARRAY),
        (&action, Type::TEXT_ARRAY),
        (&rows.log, Type::TEXT_ARRAY),
    ];
    transaction.execute_typed(sql, values).await?;
    if !rows.gone.is_empty() {
        let sql = "DELETE FROM callsign_elements USING unnest($1::text[], $2::text[]) AS gone (kind, key) \
             WHERE callsign_elements.kind = gone.kind AND callsign_elements.key = gone.key";
        let (kinds, keys) = columns(&rows.gone);
        transaction.execute_typed(sql, &[(&kinds, Type::TEXT_ARRAY), (&keys, Type::TEXT_ARRAY)]).await?;
    }
    if !rows.put.is_empty() {
        let sql = "INSERT INTO callsign_elements (kind, key, position, body) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) \
             ON CONFLICT (kind, key) DO UPDATE SET position = excluded.position, body = excluded.body";
        let elements: Vec<ElementKey<'_>> = rows.put.iter().map(|(element, ..)| *element).collect();
        let (kinds, keys) = columns(&elements);
        let (positions, bodies): (Vec<i64>, Vec<&str>) =
            rows.put.iter().map(|(_, position, body)| (*position as i64, *body)).unzip();
        let values: Values<'_> = &[
            (&kinds, Type::TEXT_ARRAY),
            (&keys, Type::TEXT_ARRAY),
            (&positions, Type::INT8_ARRAY),
            (&bodies, Type::TEXT_ARRAY),
        ];
        transaction.execute_typed(sql, values).await?;
    }
    if !rows.removed_senders.is_empty() {
        sender_health::forget(transaction, now(), &rows.removed_senders).await?;
    }
    if !rows.components.is_empty() {
        let sql =
            "INSERT INTO callsign_components SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT DO NOTHING";
        let (digests, bytes): (Vec<&str>, Vec<&[u8]>) = rows.components.iter().copied().unzip();
        transaction.execute_typed(sql, &[(&digests, Type::TEXT_ARRAY), (&bytes, Type::BYTEA_ARRAY)]).await?;
    }
    if !rows.unreferenced.is_empty() {
        let sql = "DELETE FROM callsign_components WHERE digest = ANY($1)";
        transaction.execute_typed(sql, &[(&rows.unreferenced, Type::TEXT_ARRAY)]).await?;
    }
    Ok(())
}

/// A revision, from a row that begins with its number, time, who and action.
fn without_changes(row: &Row) -> Entry {
    let (revision, at): (i64, i64) = (row.get(0), row.get(1));
    Entry { revision: revision as u64, at: at as u64, who: row.get(2), action: row.get(3), ..Entry::default() }
}

/// A client whose connection is driven by a task of its own.
async fn connect(database: &Database) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = database.config.connect(database.tls.clone()).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("a connection to the catalog store ended: {}", describe(&error));
        }
    });
    if database.has_sessions {
        client.query_typed_one(SEARCH_PATH, &[(&false, Type::BOOL)]).await?;
    }
    Ok(client)
}

/// Listens for notifications as long as the store is in use, and reconnects when the connection is lost.
fn listen(database: Database, changed: std::sync::Weak<Notify>, doubted: Arc<Notify>) {
    tokio::spawn(async move {
        while changed.strong_count() > 0 {
            if let Err(error) = hear(&database, &changed, &doubted).await {
                tracing::debug!("not listening for changes of the catalog: {error}");
            }
            // Notifications may have been missed while not connected.
            if let Some(changed) = changed.upgrade() {
                changed.notify_one();
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
}

/// Listens on a connection of its own, as long as it answers.
async fn hear(database: &Database, changed: &std::sync::Weak<Notify>, doubted: &Notify) -> Result<(), StoreError> {
    let (client, mut connection) = in_time(PATIENCE, database.config.connect(database.tls.clone())).await?;
    let (said, mut heard) = tokio::sync::mpsc::channel::<()>(1);
    // Ends with this function, whatever ends that.
    let mut driven = tokio::task::JoinSet::new();
    driven.spawn(async move {
        loop {
            match std::future::poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(_))) => {
                    // If the channel is full, a notification is pending already.
                    let _ = said.try_send(());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
    });
    in_time(PATIENCE, client.batch_execute(&format!("LISTEN {CHANNEL}"))).await?;
    if let Some(changed) = changed.upgrade() {
        changed.notify_one();
    }
    loop {
        let news = tokio::select! {
            news = heard.recv() => news.map(|()| true),
            () = tokio::time::sleep(CHECK) => Some(false),
            () = doubted.notified() => Some(false),
        };
        match (news, changed.upgrade()) {
            (None, _) | (_, None) => return Ok(()),
            (Some(true), Some(changed)) => changed.notify_one(),
            (Some(false), Some(_)) => in_time(PATIENCE, client.batch_execute("")).await?,
        }
    }
}

async fn in_time<T, E>(patience: Duration, work: impl Future<Output = Result<T, E>>) -> Result<T, StoreError>
where
    StoreError: From<E>,
{
    match tokio::time::timeout(patience, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(StoreError::Unavailable(format!("no answer within {} s", patience.as_secs()))),
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        // Data, constraints, and what is too large: these end the transaction, whatever statement they are of.
        let is_refused = |code: &SqlState| ["22", "23", "54"].iter().any(|class| code.code().starts_with(class));
        match error.code() {
            Some(code) if is_refused(code) => Self::Refused(describe(&error)),
            _ => Self::Unavailable(describe(&error)),
        }
    }
}

/// An error with its causes, in one line.
fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        return format!("{} (SQLSTATE {})", refusal.message(), refusal.code().code());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
