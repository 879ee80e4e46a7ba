//! The catalog store in a SQLite file, for one node. Other processes, such as `callsign key`, may write to it too.

mod lost_log;
mod nodes;
mod sender_health;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use callsign_private::{Access, FileError, PrivateFolder};
use hashbrown::HashMap;
use rusqlite::{
    Connection, ErrorCode, MAIN_DB, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params,
};
use tokio::sync::Notify;

use super::log_part::{LISTED, LogPart};
use super::rows::{ElementKey, Rows, changed};
use super::{Committed, Element, FORGOTTEN, Operator, StoreError, entry, kind};
use crate::change::{Draft, Entry, Kind, now};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS head (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL);
    INSERT OR IGNORE INTO head VALUES (1, 0);
    CREATE TABLE IF NOT EXISTS elements (
        kind TEXT NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS revisions (
        revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, changes TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS components (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL);
";

/// The version of the schema, in `PRAGMA user_version`.
const LAYOUT: i64 = 1;

/// How long a writer waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often to check whether another process wrote.
const LOOK: Duration = Duration::from_millis(50);

/// The store. One change is far below SQLite's limits on variables and text, so statements are never split.
pub(crate) struct Sqlite {
    connection: Arc<Mutex<Connection>>,
    changed: Arc<Notify>,
    place: String,
    operator: Operator,
}

impl Sqlite {
    pub(crate) async fn open(path: &Path, operator: Operator) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        let failed = |reason: String| StoreError::Open { place: place.clone(), reason };
        let owned = path.to_owned();
        let opened = blocking(move || open(&owned, operator)).await.map_err(|error| match error {
            StoreError::Unavailable(reason) | StoreError::Refused(reason) | StoreError::Damaged(reason) => {
                failed(reason)
            }
            error => error,
        })?;
        let (connection, watching) = opened;
        let changed = Arc::new(Notify::new());
        if let Some(watching) = watching {
            watch(watching, Arc::downgrade(&changed));
        }
        Ok(Self { connection: Arc::new(Mutex::new(connection)), changed, place, operator })
    }

    /// Notes that the service ends in order.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.with(|connection| lost_log::unmark(connection)).await
    }

    /// Writes a copy of the whole database into a new file, as it is at one moment, and returns its revision. Others go on
    /// reading and writing meanwhile.
    pub(crate) async fn copy(&self, to: &Path) -> Result<u64, StoreError> {
        let to = to.to_owned();
        self.with(move |connection| {
            // SQLite takes a path as text.
            let path =
                to.to_str().ok_or_else(|| StoreError::Unavailable("the path of the copy is not UTF-8".into()))?;
            connection.execute("VACUUM INTO ?", [path])?;
            revision_of_copy(&to)
        })
        .await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        blocking(move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))).await
    }

    pub(crate) async fn load(&self) -> Result<(u64, Vec<Element>), StoreError> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            let revision: i64 = transaction.query_row("SELECT revision FROM head", [], |row| row.get(0))?;
            let mut select =
                transaction.prepare("SELECT key, body, position FROM elements WHERE kind = ? ORDER BY position")?;
            let mut elements = Vec::new();
            for kind in Kind::ALL {
                let mut rows = select.query([kind.as_str()])?;
                while let Some(row) = rows.next()? {
                    let position = row.get::<_, i64>(2)? as u64;
                    elements.push(Element { kind, key: row.get(0)?, body: row.get(1)?, position });
                }
            }
            let mut kinds = transaction.prepare("SELECT DISTINCT kind FROM elements")?;
            let mut rows = kinds.query([])?;
            while let Some(row) = rows.next()? {
                kind(&row.get::<_, String>(0)?)?;
            }
            Ok((revision as u64, elements))
        })
        .await
    }

    pub(crate) async fn commit(&self, seen: u64, drafts: &Arc<[Draft]>) -> Result<Committed, StoreError> {
        let drafts = Arc::clone(drafts);
        self.with(move |connection| commit(connection, seen, &drafts)).await
    }

    /// See [`Store::commit_blocking`](super::Store::commit_blocking).
    pub(crate) fn commit_blocking(&self, seen: u64, drafts: &[Draft]) -> Result<Committed, StoreError> {
        commit(&mut self.connection.lock().unwrap_or_else(PoisonError::into_inner), seen, drafts)
    }

    pub(crate) async fn head(&self) -> Result<u64, StoreError> {
        self.with(|connection| {
            let head: i64 = connection.query_row("SELECT revision FROM head", [], |row| row.get(0))?;
            Ok(head as u64)
        })
        .await
    }

    pub(crate) async fn since(&self, revision: u64, most: u32) -> Result<Vec<Entry>, StoreError> {
        self.entries("changes", "revision > ? ORDER BY revision", revision, most).await
    }

    pub(crate) async fn before(&self, revision: u64, most: u32, changes: usize) -> Result<Vec<LogPart>, StoreError> {
        let revision = i64::try_from(revision).unwrap_or(i64::MAX);
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            let sql =
                "SELECT revision, at, who, action FROM revisions WHERE revision < ? ORDER BY revision DESC LIMIT ?";
            let mut select = transaction.prepare_cached(sql)?;
            let mut rows = select.query(params![revision, most])?;
            let mut parts = Vec::new();
            while let Some(row) = rows.next()? {
                let text = piece(&transaction, row.get(0)?, 0, LISTED)?;
                parts.push(LogPart::listed(without_changes(row)?, &text, changes, str::len)?);
            }
            Ok(parts)
        })
        .await
    }

    /// So many bytes of the changes of a revision, or some less: whole characters.
    pub(crate) async fn piece(
        &self,
        revision: u64,
        from: u64,
        most: u64,
    ) -> Result<Option<(Entry, String)>, StoreError> {
        let Ok(revision) = i64::try_from(revision) else { return Ok(None) };
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            let sql = "SELECT revision, at, who, action FROM revisions WHERE revision = ?";
            let mut select = transaction.prepare_cached(sql)?;
            let mut rows = select.query([revision])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            Ok(Some((without_changes(row)?, piece(&transaction, revision, from, most)?)))
        })
        .await
    }

    /// See [`Store::forget`](super::Store::forget).
    pub(crate) async fn forget(&self, before: i64, up_to: i64) -> Result<usize, StoreError> {
        self.with(move |connection| {
            let sql = "DELETE FROM revisions WHERE revision IN (SELECT revision FROM \
                 (SELECT revision, at FROM revisions ORDER BY revision LIMIT ?) WHERE at < ? OR revision <= ?)";
            Ok(connection.prepare_cached(sql)?.execute(params![FORGOTTEN as i64, before, up_to])?)
        })
        .await
    }

    pub(crate) async fn actions(&self, revision: u64, most: u32) -> Result<Vec<Entry>, StoreError> {
        self.entries("'[]'", "revision > ? ORDER BY revision", revision, most).await
    }

    async fn entries(
        &self,
        changes: &'static str,
        which: &'static str,
        revision: u64,
        most: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let revision = i64::try_from(revision).unwrap_or(i64::MAX);
        self.with(move |connection| {
            let sql = format!("SELECT revision, at, who, action, {changes} FROM revisions WHERE {which} LIMIT ?");
            let mut select = connection.prepare_cached(&sql)?;
            let mut rows = select.query(params![revision, most])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                let changes: String = row.get(4)?;
                entries.push(entry(row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, &changes)?);
            }
            Ok(entries)
        })
        .await
    }

    pub(crate) async fn digests(&self) -> Result<Vec<String>, StoreError> {
        self.with(|connection| {
            let mut select = connection.prepare("SELECT digest FROM components")?;
            let digests = select.query_map([], |row| row.get(0))?;
            Ok(digests.collect::<Result<_, _>>()?)
        })
        .await
    }

    pub(crate) async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let digest = digest.to_owned();
        self.with(move |connection| {
            let bytes = connection
                .query_row("SELECT bytes FROM components WHERE digest = ?", [digest], |row| row.get(0))
                .optional()?;
            Ok(bytes)
        })
        .await
    }

    /// Those of some components and settings that are there.
    pub(crate) async fn components(&self, digests: &[String]) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let digests = digests.to_vec();
        self.with(move |connection| {
            let mut select = connection.prepare_cached("SELECT bytes FROM components WHERE digest = ?")?;
            let mut found = Vec::new();
            for digest in digests {
                let bytes = select.query_row([&digest], |row| row.get(0)).optional()?;
                found.extend(bytes.map(|bytes| (digest, bytes)));
            }
            Ok(found)
        })
        .await
    }

    pub(crate) fn changed(&self) -> &Arc<Notify> {
        &self.changed
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }
}

/// The connection, and for a service another one to watch with.
fn open(path: &Path, operator: Operator) -> Result<(Connection, Option<Connection>), StoreError> {
    let path = &prepare(path, operator)?;
    // Before SQLite opens it, which would begin another log.
    lost_log::check(path)?;
    let connection = connect(path)?;
    let layout: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if layout > LAYOUT {
        return Err(StoreError::Damaged(format!(
            "its layout is {layout}, made by a newer version; this one knows {LAYOUT}"
        )));
    }
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch(sender_health::SCHEMA)?;
    connection.execute_batch(nodes::SCHEMA)?;
    connection.pragma_update(None, "user_version", LAYOUT)?;
    match operator {
        Operator::Person | Operator::Maker => Ok((connection, None)),
        Operator::Service => {
            lost_log::mark(&connection)?;
            Ok((connection, Some(connect(path)?)))
        }
    }
}

/// Reads a copy through: whether it is whole, and its revision.
///
/// # Errors
/// It is damaged, or made by a newer version.
pub(crate) fn revision_of_copy(path: &Path) -> Result<u64, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    let damaged = |reason: String| Err(StoreError::Damaged(reason));
    let layout: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if !(1..=LAYOUT).contains(&layout) {
        return damaged(format!("its layout is {layout}; this version knows 1 to {LAYOUT}"));
    }
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return damaged(found);
    }
    let revision: i64 = connection.query_row("SELECT revision FROM head", [], |row| row.get(0))?;
    Ok(revision as u64)
}

/// What SQLite adds to the name of the file. It gives them the mode of the file.
const FILES: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Checks the folder and the files, and makes the file for its user alone if there is none. Returns the path without links.
fn prepare(path: &Path, operator: Operator) -> Result<PathBuf, StoreError> {
    if operator == Operator::Person && !path.try_exists().unwrap_or(true) {
        return Err(StoreError::NoPlatform { place: path.display().to_string() });
    }
    let refused = |error: FileError| StoreError::Unavailable(error.to_string());
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| StoreError::Unavailable("its path does not end with the name of a file".into()))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = match operator {
        Operator::Service => PrivateFolder::open(parent),
        Operator::Person | Operator::Maker => PrivateFolder::administer(parent),
    };
    let folder = folder.map_err(refused)?;
    for ending in FILES {
        folder.has(&format!("{name}{ending}"), Access::Secret).map_err(refused)?;
    }
    folder.open_or_create(name, Access::Secret).map_err(refused)?;
    let real = folder.path().canonicalize().map_err(FileError::io(folder.path())).map_err(refused)?;
    Ok(real.join(name))
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    // The file is there, and no link has taken its place since it was checked.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // A commit that returned is on disk.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

impl Drop for Sqlite {
    /// Closing the last connection removes the log, so nothing may say then that there is one.
    fn drop(&mut self) {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        match self.operator {
            Operator::Service => drop(lost_log::unmark(&connection)),
            Operator::Person | Operator::Maker => lost_log::leave(&connection),
        }
    }
}

fn commit(connection: &mut Connection, seen: u64, drafts: &[Draft]) -> Result<Committed, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let sql = "SELECT revision FROM head";
    let head = transaction.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0))? as u64;
    if head != seen {
        return Ok(Committed::Behind(head));
    }
    let rows = Rows::of(seen, drafts, positions(&transaction, drafts)?)?;
    write(&transaction, seen, drafts, &rows)?;
    let last = seen + drafts.len() as u64;
    transaction.prepare_cached("UPDATE head SET revision = ?")?.execute([last as i64])?;
    transaction.commit()?;
    Ok(Committed::Done(last))
}

fn write(transaction: &Transaction<'_>, seen: u64, drafts: &[Draft], rows: &Rows<'_>) -> Result<(), StoreError> {
    let mut log = transaction.prepare_cached("INSERT INTO revisions VALUES (?, ?, ?, ?, ?)")?;
    for (revision, (draft, changes)) in (seen + 1..).zip(drafts.iter().zip(&rows.log)) {
        log.execute(params![revision as i64, now() as i64, draft.who, draft.action, changes])?;
    }
    let mut delete = transaction.prepare_cached("DELETE FROM elements WHERE kind = ? AND key = ?")?;
    for (kind, key) in &rows.gone {
        delete.execute(params![kind.as_str(), key])?;
    }
    let mut put = transaction.prepare_cached(
        "INSERT INTO elements VALUES (?, ?, ?, ?) \
         ON CONFLICT (kind, key) DO UPDATE SET position = excluded.position, body = excluded.body",
    )?;
    for ((kind, key), position, body) in &rows.put {
        put.execute(params![kind.as_str(), key, *position as i64, body])?;
    }
    sender_health::forget(transaction, now(), &rows.removed_senders)?;
    for (digest, bytes) in &rows.components {
        transaction.execute("INSERT OR IGNORE INTO components VALUES (?, ?)", params![digest, bytes])?;
    }
    for digest in &rows.unreferenced {
        transaction.execute("DELETE FROM components WHERE digest = ?", [digest])?;
    }
    Ok(())
}

/// A revision, from a row that begins with its number, time, who and action.
fn without_changes(row: &rusqlite::Row<'_>) -> Result<Entry, StoreError> {
    let (revision, at): (i64, i64) = (row.get(0)?, row.get(1)?);
    Ok(Entry { revision: revision as u64, at: at as u64, who: row.get(2)?, action: row.get(3)?, ..Entry::default() })
}

/// A piece of the changes of a revision. What is before it and after it is not read.
fn piece(connection: &Connection, revision: i64, from: u64, most: u64) -> Result<String, StoreError> {
    let changes = connection.blob_open(MAIN_DB, "revisions", "changes", revision, true)?;
    let from = usize::try_from(from).unwrap_or(usize::MAX).min(changes.len());
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(changes.len() - from);
    let mut bytes = vec![0; most];
    changes.read_at_exact(&mut bytes, from)?;
    let whole = match std::str::from_utf8(&bytes) {
        Ok(_) => bytes.len(),
        Err(error) => error.valid_up_to(),
    };
    bytes.truncate(whole);
    String::from_utf8(bytes).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// Where the elements stand that drafts change and that are there.
fn positions<'d>(
    transaction: &Transaction<'_>,
    drafts: &'d [Draft],
) -> Result<HashMap<ElementKey<'d>, u64>, StoreError> {
    let mut select = transaction.prepare_cached("SELECT position FROM elements WHERE kind = ? AND key = ?")?;
    let mut positions = HashMap::new();
    for (kind, key) in changed(drafts) {
        let found = select.query_row(params![kind.as_str(), key], |row| row.get::<_, i64>(0)).optional()?;
        positions.extend(found.map(|position| ((kind, key), position as u64)));
    }
    Ok(positions)
}

/// Polls `PRAGMA data_version`, which shows whether another connection wrote without reading the file.
fn watch(connection: Connection, changed: std::sync::Weak<Notify>) {
    let connection = Arc::new(Mutex::new(connection));
    tokio::spawn(async move {
        let mut seen = 0_i64;
        loop {
            tokio::time::sleep(LOOK).await;
            let Some(changed) = changed.upgrade() else { return };
            let connection = Arc::clone(&connection);
            let version = blocking(move || {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(connection.query_row("PRAGMA data_version", [], |row| row.get(0))?)
            });
            match version.await {
                Ok(version) if version != seen => {
                    seen = version;
                    changed.notify_one();
                }
                Ok(_) => {}
                Err(error) => tracing::warn!("cannot see whether another process changed the catalog: {error}"),
            }
        }
    });
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(StoreError::Unavailable(error.to_string())),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            // These end the transaction, whatever statement they are of.
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig) => Self::Refused(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
