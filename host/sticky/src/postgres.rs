//! Pins in PostgreSQL.

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

use deadpool_postgres::Pool;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::{self, Receiver, Sender};

use self::columns::{Keys, stored_key};
use self::connect::Session;
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
/// **Consistency.** All reads and writes go to the primary, in `READ COMMITTED`; the primary key makes one winner of any
/// number of writers, and every loser is told it. Of several hosts in the address the one is used that takes writes. Times
/// are by the server's clock, so processes agree on when a pin ends.
///
/// **Durability.** An answer of [`StickyStore::write`] and [`StickyStore::release`] is given when its transaction is on
/// the disk of the primary: `synchronous_commit` is raised to `on` where it is `off`. With `fsync` on, as it is by default,
/// a crash of a process or a machine loses no acknowledged pin. A touch may be lost, and is where more than
/// [`PostgresOptions::waiting_touches`] wait.
///
/// **Failover.** Without synchronous standbys it loses what the standby had not received: the lag times the rate of new
/// pins, at 20,000 a second and 100 ms some 2,000, whose recipients are then pinned anew and may get another sender. With
/// `synchronous_standby_names` set it loses none, for one more round trip to the standby in each commit. A primary that
/// goes on beside the new one is nothing that a client can see: fence it. Meanwhile calls fail within [`RetryPolicy::total_timeout`]
/// (1 s), after five in a row at once, and one a second looks whether the store is back.
///
/// **When no answer comes**, a call is tried again, and a write that finds its own pin then has won. Statements end on the
/// server when they are not waited for any more (`statement_timeout` is [`RetryPolicy::attempt_timeout`]), so what a call that failed
/// may have asked for happens within that time or never. A commit that waits for a synchronous standby is the exception:
/// no time-out ends it, and its pin is seen once the standby has it.
///
/// **A batch** of up to 4,096 keys is one statement and one round trip. A second one goes before where a process meets an
/// application, an entity or a sender for the first time, and after where another writer came in between.
///
/// **A billion pins** are 16 hash partitions by recipient, of 63 million each. A pin takes 100 bytes in its table and 161
/// in three indexes (77 the key, 53 by sender, 32 by recipient), measured at a million pins in random order by
/// `STORES=postgres cargo bench -p callsign-sticky --bench servers`: some 260 GB.
/// Inserts touch pages all over the indexes, and the first change of a page after a checkpoint writes all of it to the log:
/// `max_wal_size` of 8 GB or more and `wal_compression` are worth their setting. Touches change no indexed column and 99 %
/// of them stay in their page. Ended pins are found by reading the tables from front to back, 8 MiB in each interval
/// however many processes there are. Counting reads what it counts.
///
/// **Other engines** that speak the protocol need hash partitions, `uuid_hash_extended`, `INSERT .. ON CONFLICT`, `SKIP
/// LOCKED`, and `pg_advisory_xact_lock` for opening; ended pins are searched by `ctid`, and where that is unknown they stay
/// until their key is written again. Tested is PostgreSQL 15. A connection pooler has to pool sessions, not transactions.
///
/// **TLS** is not spoken: `sslmode=require` is refused, and other modes mean none.
pub struct PostgresStore {
    shared: Arc<Shared>,
    touches: Sender<TouchRow>,
    place: String,
    handle: Handle,
    /// Where connections live. Taken when the store goes.
    runtime: Option<Runtime>,
}

/// What tasks of the store share.
struct Shared {
    decisions: Calls,
    background: Calls,
    written: WrittenNames,
    recipient_key: Option<RecipientKey>,
}

/// Connections, and retry with them.
struct Calls {
    pool: Pool,
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
    /// Recipients are kept hashed with this key. Settled when the store is made: it opens with that key only. Default
    /// none: numbers.
    pub recipient_key: Option<RecipientKey>,
    /// How long decisions (reads, writes, releases, touches) are waited for.
    pub retry: RetryPolicy,
    /// The most connections for decisions. Default 16; 2 more are opened for listings and the background.
    pub connections: usize,
    /// The schema of the tables: lower case letters, digits and `_`. Default `callsign`.
    pub schema: String,
    /// How long a page of a listing, or a count, is waited for. Default one minute.
    pub listing_timeout: Duration,
    /// How often ended pins are looked for, by all processes together: 8 MiB of the tables each time. Default 10 s; none
    /// to leave it to other processes.
    pub sweep_interval: Option<Duration>,
    /// How many touches may wait to be written. Default 65,536; those beyond it are left out.
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

/// Threads for the sockets of connections.
const THREADS: usize = 2;

/// The most keys of a statement; more are asked for in several.
const AT_ONCE: usize = 4_096;

/// The most touches of a statement.
const TOUCHES: usize = 1_000;

/// How long opening may take: tables are made the first time.
const OPENING: Duration = Duration::from_secs(30);

impl PostgresStore {
    /// Opens the store of a database, and makes or renews its tables. The address is a URL,
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or `host=HOST port=PORT user=USER password=PASSWORD dbname=DATABASE`.
    /// Of several hosts (`HOST:PORT,HOST:PORT`) the one is used that takes writes.
    ///
    /// # Errors
    /// The address cannot be read, the server cannot be reached or does not let us in, a newer version made the tables, or
    /// recipients are kept with another key.
    pub fn connect(address: &str, options: PostgresOptions) -> Result<Self, OpenError> {
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
        let config = connect::parse(address, retry.attempt_timeout)?;
        let place = connect::place(&config);
        let background = RetryPolicy { attempt_timeout: listing_timeout, total_timeout: listing_timeout, ..retry };
        let calls = |session: Session, connections, retry| {
            let pool = connect::pool(&config, session, connections)?;
            Ok(Calls { pool, retrier: Retrier::new(retry) })
        };
        let shared = Arc::new(Shared {
            decisions: calls(Session::of_decisions(&schema, retry.attempt_timeout), connections, retry)?,
            background: calls(Session::of_background(&schema, listing_timeout), BACKGROUND, background)?,
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
        let opening =
            async move { tokio::time::timeout(OPENING, schema::prepare(&config, &schema, key.as_ref())).await };
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

    /// Runs where the connections live; this may be awaited anywhere.
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
            vec![Err(StickyError::new("a name has a character 0, which PostgreSQL does not keep")); writes.len()];
        let sound = |write: &Write<'_>| {
            let PinKey { scope, .. } = write.key;
            [scope.application, scope.entity.unwrap_or_default(), write.sender.id]
                .iter()
                .all(|name| !name.contains('\0'))
        };
        let waves = waves(writes.iter().enumerate().filter(|(_, write)| sound(write)).map(|(n, _)| (n, wanted[n].key)));
        let mut broken: Option<StickyError> = None;
        for wave in waves.iter().flat_map(|wave| wave.chunks(AT_ONCE)) {
            // Later writes of the same keys must not overtake those that failed.
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

/// Places of keys, so that each wave has a key once, in the order of keys; what comes again is in a later wave. One
/// statement cannot write a row twice, and statements that lock rows in one order do not wait for each other.
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

/// Writes touches as they come, as many at once as wait.
async fn write_touches(shared: Arc<Shared>, mut waiting: Receiver<TouchRow>) {
    let mut used = Vec::with_capacity(TOUCHES);
    while waiting.recv_many(&mut used, TOUCHES).await > 0 {
        if let Err(error) = touch::touch(&shared, std::mem::take(&mut used)).await {
            log::debug!("touches were left out: {error}");
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
            // Full: left out, its next use makes up for it.
            let _ = self.touches.try_send(TouchRow::of(touch, &self.shared));
        }
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // Without waiting, which a thread of another runtime must not.
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
