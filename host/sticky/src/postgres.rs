//! Pins in PostgreSQL, for a fleet.

mod columns;
mod connect;
mod expiry;
mod list;
mod names;
mod read;
mod release;
mod schema;
mod sql;
mod touch;
mod write;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use callsign_store_address::PostgresAddress;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::{self, Receiver, Sender};

use self::columns::{Keys, stored_key};
use self::connect::{Connections, Server, Session};
use self::list::Listing;
use self::names::{Names, WrittenNames};
use self::release::ReleaseRow;
use self::touch::TouchRow;
use self::write::WriteRow;
use crate::async_store::{Answers, AsyncStore};
use crate::error::{OpenError, StickyError};
use crate::key_bytes::KEY_LEN;
use crate::listing::{Filter, Page, Position};
use crate::pin::{Pin, PinKey, Release, Touch, Write};
use crate::recipient::RecipientKey;
use crate::retry::{Attempt, Retrier, RetryPolicy};
use crate::store::StickyStore;

/// Keeps pins in a PostgreSQL database, for any number of processes.
///
/// **Consistency.** All reads and writes go to the primary, in `READ COMMITTED`. The primary key lets one of any number
/// of writers win, and the others are given the winner's pin. If the address names several hosts, the one that takes
/// writes is used. Times are those of the server's clock, so all processes agree on when a pin ends.
///
/// **Durability.** [`StickyStore::write`] and [`StickyStore::release`] answer when the transaction is on the disk of
/// the primary: `synchronous_commit` is raised to `on` if it is `off`. With `fsync` on (the default), a crash of a
/// process or a machine loses no acknowledged pin. Touches may be lost, and are dropped while more than
/// [`PostgresOptions::waiting_touches`] wait.
///
/// **Failover.** Without synchronous standbys a failover loses the pins that the standby had not received: 20,000 new
/// pins a second and a lag of 100 ms are 2,000 pins, whose recipients are pinned again and may get another sender. With
/// `synchronous_standby_names` set it loses none, and each commit takes one more round trip to the standby. A client
/// cannot see that an old primary still runs beside the new one: fence it. During the failover calls fail within
/// [`RetryPolicy::total_timeout`] (1 s), and at once after five failures in a row; then one call a second tries whether
/// the store is back.
///
/// **Lost answers.** If no answer comes, the call is tried again, and a write that then finds its own pin has won. The
/// server ends a statement when we stop waiting for it (`statement_timeout` is [`RetryPolicy::attempt_timeout`]), so
/// the effect of a failed call comes within that time or never. The exception is a commit that waits for a synchronous
/// standby: no time-out ends it, and its pin becomes visible once the standby has it.
///
/// **Batches.** Up to 4,096 keys are one statement and one round trip. Another statement comes before it when a process
/// uses an application, an entity or a sender for the first time, and after it when another writer interfered.
///
/// **Size.** The table has 16 hash partitions by recipient; a billion pins are 63 million in each. A pin takes 100
/// bytes in its table and 161 in three indexes (77 the key, 53 by sender, 32 by recipient), measured at a million pins
/// in random order by `STORES=postgres cargo bench -p callsign-sticky --bench servers`: a billion pins take about 260
/// GB. Inserts write pages all over the indexes, and the first change of a page after a checkpoint writes the whole
/// page to the log, so set `max_wal_size` to 8 GB or more and `wal_compression` on. Touches change no indexed column,
/// and 99 % of them stay in their page. Ended pins are found by reading the tables from front to back, 8 MiB in each
/// interval for all processes together. Counting reads what it counts.
///
/// **Other engines** that speak the protocol need hash partitions, `uuid_hash_extended`, `INSERT .. ON CONFLICT`, `SKIP
/// LOCKED`, and `pg_advisory_xact_lock` for opening. Ended pins are searched by `ctid`; without it they stay until
/// their key is written again. The tests run on PostgreSQL 15.
///
/// **A pooler** that lends its connections for a transaction at a time (PgBouncer with `pool_mode = transaction`, tested with
/// 1.18) needs `prepare=false` in the address. Each statement is then a transaction that begins with the settings, in one
/// round trip, and is planned anew each time. A pooler of sessions needs nothing; one of statements cannot be used.
///
/// **TLS** is as libpq has it: `sslmode` (`disable`, `prefer`, `require`, `verify-ca`, `verify-full`), `sslrootcert`, `sslcert`
/// and `sslkey`. The default is `prefer`, which is TLS where the server has it and checks no certificate. Use
/// `sslmode=verify-full` wherever the network is not trusted.
pub struct PostgresStore {
    shared: Arc<Shared>,
    touches: Sender<TouchRow>,
    place: String,
    handle: Handle,
    /// Runs the connections. Taken when the store is dropped.
    runtime: Option<Runtime>,
}

/// State that the tasks of the store share.
struct Shared {
    decisions: Calls,
    background: Calls,
    written: WrittenNames,
    recipient_key: Option<RecipientKey>,
}

/// A pool of connections, and the retries of calls on it.
struct Calls {
    connections: Connections,
    retrier: Retrier,
}

impl Calls {
    async fn call<T, F>(&self, attempt: impl FnMut(usize) -> F) -> Result<T, StickyError>
    where
        F: Future<Output = Attempt<T>>,
    {
        self.retrier.call(attempt).await
    }
}

/// How a store in PostgreSQL is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// The key to hash recipients with. It is decided when the store is created, which then opens with that key only.
    /// Default none: recipients are kept as numbers.
    pub recipient_key: Option<RecipientKey>,
    /// Time-outs and retries of reads, writes, releases and touches.
    pub retry: RetryPolicy,
    /// The greatest number of connections for reads and writes of pins. Default 16; 2 more serve listings and the
    /// background.
    pub connections: usize,
    /// The schema of the tables: lower case letters, digits and `_`. Default `callsign`.
    pub schema: String,
    /// The time for a page of a listing, or for a count. Default one minute.
    pub listing_timeout: Duration,
    /// How often 8 MiB of the tables are searched for ended pins, by all processes together. Default 10 s; `None`
    /// leaves it to other processes.
    pub sweep_interval: Option<Duration>,
    /// How many touches may wait to be written. Default 65,536; further ones are dropped.
    pub waiting_touches: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            recipient_key: None,
            retry: RetryPolicy::default(),
            connections: 16,
            schema: "callsign".into(),
            listing_timeout: Duration::from_secs(60),
            sweep_interval: Some(Duration::from_secs(10)),
            waiting_touches: 65_536,
        }
    }
}

/// Connections for listings, counts and the search for ended pins.
const BACKGROUND: usize = 2;

/// Threads that run the connections.
const THREADS: usize = 2;

/// The greatest number of keys in a statement; larger calls are several statements.
const AT_ONCE: usize = 4_096;

/// The greatest number of touches in a statement.
const TOUCHES: usize = 1_000;

/// The time for opening a store, which creates the tables the first time.
const OPENING: Duration = Duration::from_secs(30);

impl PostgresStore {
    /// Opens the store in a database, and creates or migrates its tables. The address is a URL,
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or `host=HOST port=PORT user=USER password=PASSWORD
    /// dbname=DATABASE`. Of several hosts (`HOST:PORT,HOST:PORT`) the one that takes writes is used.
    ///
    /// # Errors
    /// The address is malformed, the server cannot be reached or refuses the login, a newer version created the tables,
    /// or recipients are kept with another key.
    pub fn connect(address: &str, options: PostgresOptions) -> Result<Self, OpenError> {
        Self::connect_to(&address.parse()?, options)
    }

    /// Opens the store in a database, by an address that is parsed already.
    ///
    /// # Errors
    /// As [`PostgresStore::connect`], and a file that the address names for TLS cannot be used.
    pub fn connect_to(address: &PostgresAddress, options: PostgresOptions) -> Result<Self, OpenError> {
        let PostgresOptions {
            recipient_key,
            retry,
            connections,
            schema,
            listing_timeout,
            sweep_interval,
            waiting_touches,
        } = options;
        if !schema::is_name(&schema) {
            let reason = format!("the schema {schema:?} is not 1 to 63 lower case letters, digits and _");
            return Err(OpenError::Address { reason });
        }
        let config = connect::config(address, retry.attempt_timeout)?;
        let (server, place) = (Server::of(address)?, address.place());
        let background = RetryPolicy { attempt_timeout: listing_timeout, total_timeout: listing_timeout, ..retry };
        let calls = |session: Session, connections, retry| {
            let connections = connect::connections(&config, session, connections)?;
            Ok::<_, OpenError>(Calls { connections, retrier: Retrier::new(retry) })
        };
        let shared = Arc::new(Shared {
            decisions: calls(Session::of_decisions(&server, &schema, retry.attempt_timeout), connections, retry)?,
            background: calls(Session::of_background(&server, &schema, listing_timeout), BACKGROUND, background)?,
            written: WrittenNames::new(),
            recipient_key,
        });
        let unreachable = |reason: String| OpenError::Unreachable { place: place.clone(), reason };
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("callsign-postgres")
            .enable_all()
            .build()
            .map_err(|error| unreachable(error.to_string()))?;
        let (handle, (touches, waiting)) = (runtime.handle().clone(), mpsc::channel(waiting_touches.max(1)));
        let store = Self { shared, touches, place: place.clone(), handle, runtime: Some(runtime) };
        let key = store.shared.recipient_key.clone();
        let database = schema::Database { config, tls: server.tls, place: place.clone() };
        let opening =
            async move { tokio::time::timeout(OPENING, schema::prepare(database, &schema, key.as_ref())).await };
        match pollster::block_on(store.handle.spawn(opening)) {
            Ok(Ok(prepared)) => prepared?,
            Ok(Err(_)) => return Err(unreachable(format!("no answer within {OPENING:?}"))),
            Err(error) => return Err(unreachable(error.to_string())),
        }
        store.handle.spawn(write_touches(Arc::clone(&store.shared), waiting));
        if let Some(interval) = sweep_interval {
            let shared = Arc::clone(&store.shared);
            store.handle.spawn(async move { expiry::run(&shared, interval).await });
        }
        Ok(store)
    }

    /// Runs a task on the store's runtime; the answer may be awaited on any executor.
    async fn run<T, F>(&self, run: impl FnOnce(Arc<Shared>) -> F) -> Result<T, StickyError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StickyError>> + Send + 'static,
    {
        let task = self.handle.spawn(run(Arc::clone(&self.shared)));
        task.await.unwrap_or_else(|error| Err(StickyError::new(format!("the call was broken off: {error}"))))
    }

    async fn read_keys(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        let mut answers = Vec::with_capacity(keys.len());
        for keys in keys.chunks(AT_ONCE) {
            let asked: Keys = keys.iter().map(|key| stored_key(key, self.shared.recipient_key.as_ref())).collect();
            match self.run(async move |shared| read::read(&shared, &asked).await).await {
                Ok(pins) => answers.extend(pins.into_iter().map(Ok)),
                Err(error) => answers.extend(keys.iter().map(|_| Err(error.clone()))),
            }
        }
        answers
    }

    async fn write_all(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        let wanted: Vec<WriteRow> = writes.iter().map(|write| WriteRow::of(write, &self.shared)).collect();
        let mut answers =
            vec![Err(StickyError::new("a name has a NUL character, which PostgreSQL cannot store")); writes.len()];
        let sound = |write: &Write<'_>| {
            let PinKey { scope, .. } = write.key;
            [scope.application, scope.entity.unwrap_or_default(), write.sender.id]
                .iter()
                .all(|name| !name.contains('\0'))
        };
        let waves = waves(writes.iter().enumerate().filter(|(_, write)| sound(write)).map(|(n, _)| (n, wanted[n].key)));
        let mut broken: Option<StickyError> = None;
        for wave in waves.iter().flat_map(|wave| wave.chunks(AT_ONCE)) {
            // A later write of a key must not overtake an earlier one that failed.
            if let Some(error) = &broken {
                answer(&mut answers, wave, Err(error.clone()));
                continue;
            }
            let asked: Vec<WriteRow> = wave.iter().map(|&place| wanted[place]).collect();
            let mut names = Names::default();
            wave.iter().for_each(|&place| names.add(&writes[place], &self.shared.written));
            let written = self.run(async move |shared| write::write(&shared, &asked, &names).await).await;
            broken = written.as_ref().err().cloned();
            answer(&mut answers, wave, written.map(|pins| pins.into_iter().map(Ok).collect()));
        }
        answers
    }

    async fn release_all(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        let going: Vec<ReleaseRow> = releases.iter().map(|release| ReleaseRow::of(release, &self.shared)).collect();
        let mut answers = vec![Ok(None); releases.len()];
        let waves = waves(going.iter().map(|release| release.key).enumerate());
        for wave in waves.iter().flat_map(|wave| wave.chunks(AT_ONCE)) {
            let asked: Vec<ReleaseRow> = wave.iter().map(|&place| going[place]).collect();
            answer(&mut answers, wave, self.run(async move |shared| release::release(&shared, &asked).await).await);
        }
        answers
    }
}

fn answer(
    answers: &mut [Result<Option<Pin>, StickyError>],
    wave: &[usize],
    given: Result<Vec<Result<Option<Pin>, StickyError>>, StickyError>,
) {
    match given {
        Ok(given) => wave.iter().zip(given).for_each(|(&place, given)| answers[place] = given),
        Err(error) => wave.iter().for_each(|&place| answers[place] = Err(error.clone())),
    }
}

/// Splits items into waves that have each key at most once, sorted by key; the second item for a key is in the second
/// wave, and so on. One statement cannot write a row twice, and statements that lock rows in the same order cannot
/// deadlock.
fn waves(keys: impl Iterator<Item = (usize, [u8; KEY_LEN])>) -> Vec<Vec<usize>> {
    let mut sorted: Vec<(usize, [u8; KEY_LEN])> = keys.collect();
    sorted.sort_by_key(|&(place, key)| (key, place));
    let mut waves: Vec<Vec<usize>> = Vec::new();
    let mut before = None;
    let mut wave = 0;
    for (place, key) in sorted {
        wave = if before == Some(key) { wave + 1 } else { 0 };
        before = Some(key);
        if wave == waves.len() {
            waves.push(Vec::new());
        }
        waves[wave].push(place);
    }
    waves
}

/// Writes touches in the background, in statements of all that wait.
async fn write_touches(shared: Arc<Shared>, mut waiting: Receiver<TouchRow>) {
    let mut used = Vec::with_capacity(TOUCHES);
    while waiting.recv_many(&mut used, TOUCHES).await > 0 {
        if let Err(error) = touch::touch(&shared, std::mem::take(&mut used)).await {
            log::debug!("touches were not written: {error}");
        }
    }
}

impl StickyStore for PostgresStore {
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        pollster::block_on(self.read_keys(keys))
    }

    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        pollster::block_on(self.write_all(writes))
    }

    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        pollster::block_on(self.release_all(releases))
    }

    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError> {
        for touches in touches.chunks(AT_ONCE) {
            let used = touches.iter().map(|touch| TouchRow::of(touch, &self.shared)).collect();
            pollster::block_on(self.run(async move |shared| touch::touch(&shared, used).await))?;
        }
        Ok(())
    }

    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError> {
        let listing = Listing::of(filter, self.shared.recipient_key.as_ref());
        let after = after.map(|position| listing.key_of_position(position)).transpose()?;
        let most = most.clamp(1, 10_000);
        pollster::block_on(self.run(async move |shared| list::list(&shared, &listing, after, most).await))
    }

    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError> {
        let listing = Listing::of(filter, self.shared.recipient_key.as_ref());
        pollster::block_on(self.run(async move |shared| list::count(&shared, &listing).await))
    }

    fn as_async(&self) -> Option<&dyn AsyncStore> {
        Some(self)
    }
}

impl AsyncStore for PostgresStore {
    fn read_async<'a>(&'a self, keys: &'a [PinKey<'a>]) -> Answers<'a> {
        Box::pin(self.read_keys(keys))
    }

    fn write_async<'a>(&'a self, writes: &'a [Write<'a>]) -> Answers<'a> {
        Box::pin(self.write_all(writes))
    }

    fn touch_later(&self, touches: &[Touch<'_>]) {
        for touch in touches {
            // Dropped while the queue is full; the next use makes up for it.
            let _ = self.touches.try_send(TouchRow::of(touch, &self.shared));
        }
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // In the background: a store may be dropped on a thread that must not block.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("place", &self.place).finish_non_exhaustive()
    }
}
