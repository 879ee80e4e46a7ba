//! Recording decisions without waiting for anything.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::context::{CatalogContext, CatalogId, PolicyContext, PolicyId, SignalsContext, SignalsId};
use crate::declared::Declared;
use crate::entry;
use crate::error::{LogError, LogUnavailable};
use crate::folder::LogFolder;
use crate::key::LogKey;
use crate::lane::{self, LaneEnd};
use crate::options::{LogOptions, Promise, Recipients};
use crate::record::Record;
use crate::rounds::{Rounds, Ticket};
use crate::segment_writer::Written;
use crate::writer::Writer;

/// A log that decisions are recorded to.
///
/// [`record`](Self::record) takes no lock, allocates nothing and makes no system call: it puts the record into a ring that belongs
/// to its thread. (At a thread's first record the ring is made, and now and then the writer is woken.) One thread of the log
/// takes records out of the rings, seals recipients, compresses and writes.
///
/// Dropping it writes what was recorded and ends the segment.
pub struct Recorder {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What became of a record.
#[derive(Debug, Clone)]
#[must_use = "a record may not have been taken"]
pub enum Recorded {
    /// It is on its way. Under [`Promise::Keep`] the decision must not be answered before [`Recorder::wait`] says that the record is
    /// on the disk.
    Taken(Ticket),
    /// Under [`Promise::Keep`]: there is no room. Wait for the ticket, and record it again.
    Full(Ticket),
    /// Under [`Promise::Drop`]: it was dropped, and counted.
    Dropped,
    /// Under [`Promise::Keep`]: it cannot be recorded, so the decision must be refused.
    Refused(LogUnavailable),
}

/// What a log has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LogCounters {
    /// Records that are in the log.
    pub recorded: u64,
    /// Records that were dropped: the writer was too slow, the disk failed, or they were too large.
    pub dropped: u64,
    /// Bytes that were written.
    pub bytes: u64,
    /// Segments that were finished.
    pub segments: u64,
    /// Since when the disk takes no records, in seconds since 1970-01-01 UTC; none while it does.
    pub failing_since: Option<u64>,
}

/// What the writer and those who record share.
pub(crate) struct Shared {
    id: u64,
    pub(crate) options: LogOptions,
    pub(crate) key: Option<LogKey>,
    pub(crate) rounds: Rounds,
    pub(crate) declared: Mutex<Declared>,
    newest_signals: AtomicU64,
    new_lanes: Mutex<Vec<LaneEnd>>,
    has_new_lanes: AtomicBool,
    writer: OnceLock<Thread>,
    /// Up to which round all that is recorded is to be written at once.
    pub(crate) flush_until: AtomicU64,
    pub(crate) is_closing: AtomicBool,
    pub(crate) counts: Counts,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) recorded: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) segments: AtomicU64,
    /// 0 while the disk takes records.
    pub(crate) failing_since: AtomicU64,
}

impl Counts {
    pub(crate) fn add(&self, written: Written) {
        self.recorded.fetch_add(written.records, Ordering::Relaxed);
        self.bytes.fetch_add(written.bytes, Ordering::Relaxed);
    }
}

/// What no signals have: their number counts from 0.
const NO_SIGNALS: u64 = u64::MAX;

/// The writer is woken when this part of a ring has been filled.
const WAKE_AT: usize = 8;

/// The time in microseconds since 1970-01-01 UTC.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    /// Opens the log in a folder, which is made if there is none, and begins a segment at the first record.
    ///
    /// # Errors
    /// An option is out of its range, another process writes to the log, or its folder or key cannot be used.
    pub fn open(folder: impl Into<PathBuf>, options: LogOptions) -> Result<Arc<Self>, LogError> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        options.check()?;
        let path = folder.into();
        let folder = LogFolder::open(&path)?;
        let key = match (options.recipients, &options.key) {
            (Recipients::Plain, _) => None,
            (Recipients::Sealed, Some(key)) => Some(key.clone()),
            (Recipients::Sealed, None) => Some(LogKey::open_or_create(&folder.private)?),
        };
        let next_number = folder.next_number()?;
        let shared = Arc::new(Shared {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            options,
            key,
            rounds: Rounds::default(),
            declared: Mutex::default(),
            newest_signals: AtomicU64::new(NO_SIGNALS),
            new_lanes: Mutex::default(),
            has_new_lanes: AtomicBool::new(false),
            writer: OnceLock::new(),
            flush_until: AtomicU64::new(0),
            is_closing: AtomicBool::new(false),
            counts: Counts::default(),
        });
        let writer = Writer::new(shared.clone(), folder, next_number);
        let thread = std::thread::Builder::new()
            .name("callsign-log".into())
            .spawn(move || writer.run())
            .map_err(LogError::io(&path))?;
        let _ = shared.writer.set(thread.thread().clone());
        Ok(Arc::new(Self { shared, writer: Mutex::new(Some(thread)) }))
    }

    /// What is promised.
    pub fn promise(&self) -> Promise {
        self.shared.options.promise
    }

    /// The key that recipients are sealed with; none if they are plain.
    pub fn key(&self) -> Option<&LogKey> {
        self.shared.key.as_ref()
    }

    /// Declares a catalog that records will name. An equal one has the same id. Takes a lock: not for every decision.
    pub fn declare_catalog(&self, catalog: CatalogContext) -> CatalogId {
        lock(&self.shared.declared).add_catalog(catalog)
    }

    /// Declares a policy with its settings that records will name. An equal one has the same id. Takes a lock: not for every decision.
    pub fn declare_policy(&self, policy: PolicyContext) -> PolicyId {
        lock(&self.shared.declared).add_policy(policy)
    }

    /// Declares the signals that records will name, unless signals with this id are declared already. Each new state has an id of its
    /// own. The log keeps the last 16; a record that names older ones is written without them.
    ///
    /// Free of locks if the newest signals have this id.
    #[inline]
    pub fn declare_signals(&self, id: SignalsId, signals: impl FnOnce() -> SignalsContext) {
        if self.shared.newest_signals.load(Ordering::Acquire) != id.0 {
            self.declare_new_signals(id, signals);
        }
    }

    #[cold]
    fn declare_new_signals(&self, id: SignalsId, signals: impl FnOnce() -> SignalsContext) {
        let mut declared = lock(&self.shared.declared);
        if !declared.has_signals(id) {
            declared.add_signals(id, signals());
            self.shared.newest_signals.store(id.0, Ordering::Release);
        }
    }

    /// Records a decision. Free of locks, allocations and system calls, but for the first one of a thread.
    #[inline]
    pub fn record(&self, record: &Record<'_>) -> Recorded {
        let shared = &*self.shared;
        let keeps = shared.options.promise == Promise::Keep;
        if shared.is_closing.load(Ordering::Relaxed) {
            return shared.refuse();
        }
        let ended = if keeps { shared.rounds.ended() } else { 0 };
        let recorded = lane::with(
            shared.id,
            shared.options.ring_bytes,
            |end| shared.adopt(end),
            |lane| {
                let entry = match entry::encode(record, &shared.options.attributes, &mut lane.entry) {
                    Ok(entry) => entry,
                    Err(bytes) if keeps => return Recorded::Refused(LogUnavailable::TooLarge { bytes }),
                    Err(_) => {
                        lane.drop_record();
                        return Recorded::Dropped;
                    }
                };
                let is_taken = lane.ring.push_entire_slice(entry).is_ok();
                lane.unannounced += entry.len();
                if lane.unannounced >= shared.options.ring_bytes / WAKE_AT {
                    lane.unannounced = 0;
                    shared.wake();
                }
                match (is_taken, keeps) {
                    (true, false) => Recorded::Taken(Ticket::NOTHING),
                    (true, true) => Recorded::Taken(shared.rounds.ticket(ended)),
                    (false, false) => {
                        lane.drop_record();
                        Recorded::Dropped
                    }
                    (false, true) => {
                        let last = shared.rounds.started() + 1;
                        Recorded::Full(Ticket { first: last, last })
                    }
                }
            },
        );
        recorded.unwrap_or_else(|| shared.refuse())
    }

    /// Waits until a record is on the disk, blocking the thread. Returns at once under [`Promise::Drop`].
    ///
    /// # Errors
    /// It cannot be recorded.
    pub fn wait(&self, ticket: Ticket) -> Result<(), LogUnavailable> {
        if ticket == Ticket::NOTHING { Ok(()) } else { pollster::block_on(self.wait_async(ticket)) }
    }

    /// The same for asynchronous callers, of any runtime.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub async fn wait_async(&self, ticket: Ticket) -> Result<(), LogUnavailable> {
        if ticket == Ticket::NOTHING {
            return Ok(());
        }
        self.shared.wake();
        self.shared.rounds.wait(ticket).await
    }

    /// Writes all that was recorded before to the disk, under either promise. Blocks the thread.
    ///
    /// # Errors
    /// The disk is full or fails, or the log was closed.
    pub fn flush(&self) -> Result<(), LogUnavailable> {
        loop {
            let started = self.shared.rounds.started();
            self.shared.flush_until.fetch_max(started + 1, Ordering::SeqCst);
            // The next round begins after this, so it knows.
            if self.shared.rounds.started() == started {
                self.shared.wake();
                return pollster::block_on(self.shared.rounds.wait(Ticket { first: started + 1, last: started + 1 }));
            }
        }
    }

    /// What the log has done since it was opened.
    pub fn counters(&self) -> LogCounters {
        let counts = &self.shared.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        LogCounters {
            recorded: read(&counts.recorded),
            dropped: read(&counts.dropped),
            bytes: read(&counts.bytes),
            segments: read(&counts.segments),
            failing_since: Some(read(&counts.failing_since)).filter(|since| *since > 0),
        }
    }

    /// Writes what was recorded and ends the segment. What is recorded afterwards is dropped or refused.
    pub fn close(&self) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        self.shared.wake();
        if let Some(thread) = lock(&self.writer).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

impl Shared {
    fn wake(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    /// What becomes of a record after the log was closed, or while its thread ends.
    #[cold]
    fn refuse(&self) -> Recorded {
        if self.options.promise == Promise::Keep {
            return Recorded::Refused(LogUnavailable::Closed);
        }
        self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        Recorded::Dropped
    }

    #[cold]
    fn adopt(&self, end: LaneEnd) {
        // After closing there is nobody who takes it: the ring is abandoned.
        if !self.is_closing.load(Ordering::SeqCst) {
            lock(&self.new_lanes).push(end);
            self.has_new_lanes.store(true, Ordering::SeqCst);
        }
    }

    /// The lanes of threads that recorded for the first time.
    pub(crate) fn take_new_lanes(&self) -> Vec<LaneEnd> {
        match self.has_new_lanes.swap(false, Ordering::SeqCst) {
            true => std::mem::take(&mut *lock(&self.new_lanes)),
            false => Vec::new(),
        }
    }
}
