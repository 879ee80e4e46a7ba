//! A pass over a log: its blocks are decided again by some threads, each of which counts for itself.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use callsign::DEFAULT_APPLICATION;
use callsign_log::{Block, DecisionLog, FaultKind, LogError, LogKey, LogReader, Part, Record, TimeRange};
use hashbrown::HashMap;

use crate::deciding::{Deciding, Ids, Sink};
use crate::finder::Finder;
use crate::kept_record::Named;

/// How many faults and holes are named.
const NAMED: usize = 20;

/// Which records are taken, and what a pass may use.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PassOptions {
    /// The decisions of this time, in microseconds since 1970; all by default.
    pub range: TimeRange,
    /// The decisions of this application alone.
    pub application: Option<Box<str>>,
    /// The decisions of this entity alone.
    pub entity: Option<Box<str>>,
    /// How many threads decide; 1 by default, which is then the caller's own. Two read and decide more than 500,000 records a
    /// second.
    pub threads: usize,
    /// How long the pass may take; by default as long as it needs. What was found until then is reported.
    pub time: Option<Duration>,
}

impl Default for PassOptions {
    fn default() -> Self {
        Self { range: TimeRange::ALL, application: None, entity: None, threads: 1, time: None }
    }
}

impl PassOptions {
    fn wants(&self, record: &Record<'_>) -> bool {
        let is =
            |wanted: &Option<Box<str>>, found: Option<&str>| wanted.as_deref().is_none_or(|one| Some(one) == found);
        self.range.has(record.time)
            && is(&self.application, Some(record.application.unwrap_or(DEFAULT_APPLICATION)))
            && is(&self.entity, record.entity)
    }
}

/// How far a pass has come. Other threads read it, and can cancel the pass.
#[derive(Debug, Default)]
pub struct PassProgress {
    bytes: AtomicU64,
    all_bytes: AtomicU64,
    records: AtomicU64,
    is_cancelled: AtomicBool,
}

impl PassProgress {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes of the log were read, and how many it has; 0 of 0 before the pass begins.
    pub fn bytes(&self) -> (u64, u64) {
        (self.bytes.load(Ordering::Relaxed), self.all_bytes.load(Ordering::Relaxed))
    }

    /// How many records were read and asked for.
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// Ends the pass soon: within a block of records, or a call of a policy.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }
}

/// What a pass has found about the log itself.
#[derive(Debug, Default)]
pub(crate) struct LogState {
    /// Faults and holes, in words.
    pub(crate) faults: Vec<String>,
    /// Whether some of it cannot be read, besides a tail that was cut.
    pub(crate) is_damaged: bool,
    /// The records that the log says it has dropped.
    pub(crate) dropped: u64,
    pub(crate) is_complete: bool,
}

impl LogState {
    fn note(&mut self, error: &LogError) {
        let is_cut = matches!(error, LogError::Fault(fault) if matches!(fault.kind, FaultKind::Cut { .. }));
        self.is_damaged |= !is_cut;
        self.name(error.to_string());
    }

    fn name(&mut self, text: String) {
        if self.faults.len() < NAMED {
            self.faults.push(text);
        }
    }
}

/// The blocks of a log, taken by the threads of a pass.
struct Blocks<'l> {
    reader: LogReader<'l>,
    state: LogState,
    /// For each segment, how many bytes there are before it.
    before: HashMap<PathBuf, u64>,
    ends: Option<Instant>,
}

impl Blocks<'_> {
    /// The next block.
    fn next(&mut self, progress: &PassProgress) -> Option<Block> {
        loop {
            if progress.is_cancelled() || self.ends.is_some_and(|ends| Instant::now() >= ends) {
                self.state.is_complete = false;
                return None;
            }
            match self.reader.next()? {
                Ok(Part::Block(block)) => {
                    let (path, offset) = block.place();
                    let before = self.before.get(path).copied().unwrap_or_default();
                    progress.bytes.store(before + offset, Ordering::Relaxed);
                    return Some(block);
                }
                Ok(Part::Hole(hole)) => {
                    self.state.dropped += hole.records;
                }
                Ok(_) => {}
                Err(error) => self.state.note(&error),
            }
        }
    }
}

/// Decides all records of a log that are wanted, and returns what the threads have counted.
pub(crate) fn pass<S: Sink + Default + Send>(
    log: &DecisionLog,
    finder: &Finder<'_>,
    key: Option<&LogKey>,
    options: &PassOptions,
    progress: &PassProgress,
) -> (Vec<S>, LogState) {
    let mut before = HashMap::new();
    let mut all = 0;
    for segment in log.segments() {
        before.insert(segment.path.clone(), all);
        all += std::fs::metadata(&segment.path).map_or(0, |found| found.len());
    }
    progress.all_bytes.store(all, Ordering::Relaxed);
    let blocks = Mutex::new(Blocks {
        reader: log.read(options.range),
        state: LogState { is_complete: true, ..LogState::default() },
        before,
        ends: options.time.map(|time| Instant::now() + time),
    });
    let work = || work(&blocks, finder, key, options, progress);
    let sinks = match options.threads {
        0 | 1 => vec![work()],
        threads => thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut sinks = vec![work()];
            for other in others {
                // A panic of a thread is one of the pass.
                sinks.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            sinks
        }),
    };
    let state = blocks.into_inner().unwrap_or_else(PoisonError::into_inner).state;
    if state.is_complete {
        progress.bytes.store(all, Ordering::Relaxed);
    }
    (sinks, state)
}

/// What a thread does.
fn work<S: Sink + Default>(
    blocks: &Mutex<Blocks<'_>>,
    finder: &Finder<'_>,
    key: Option<&LogKey>,
    options: &PassOptions,
    progress: &PassProgress,
) -> S {
    let lock = || blocks.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut sink, mut deciding, mut bytes) = (S::default(), Deciding::new(finder, key), Vec::new());
    loop {
        let Some(block) = lock().next(progress) else { return sink };
        let records = match block.records(&mut bytes) {
            Ok(records) => records,
            Err(fault) => {
                lock().state.note(&fault.into());
                continue;
            }
        };
        let names = |(catalog, policy, signals): Ids| {
            Some(Named {
                catalog: block.catalog(catalog)?,
                policy: match policy {
                    Some(policy) => Some(block.policy(policy)?),
                    None => None,
                },
                signals: match signals {
                    Some(signals) => Some((signals, block.signals(signals)?)),
                    None => None,
                },
            })
        };
        let mut taken = 0;
        let wanted = records.iter().filter(|record| options.wants(record)).inspect(|_| taken += 1);
        deciding.decide(wanted, names, &mut sink);
        progress.records.fetch_add(taken, Ordering::Relaxed);
    }
}
