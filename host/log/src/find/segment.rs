//! Finding decisions in a segment that is as it was written.

use std::collections::BTreeMap;
use std::fs::File;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::position::Position;
use super::query::Query;
use crate::error::{Fault, FaultKind, LogError};
use crate::key::LogKey;
use crate::logged::LoggedDecision;
use crate::reader::{Part, SegmentReader};
use crate::stored_block::Block;

/// The most threads that look through a segment: it is read by one at a time.
const MAX_THREADS: usize = 4;

/// What was found.
pub(super) struct Found {
    /// Newest first.
    pub(super) decisions: Vec<LoggedDecision>,
    pub(super) faults: Vec<LogError>,
}

/// What all threads have found.
#[derive(Default)]
struct Shared {
    /// Of each block with any, by its first record: oldest first.
    blocks: BTreeMap<u64, Vec<LoggedDecision>>,
    count: usize,
    faults: Vec<LogError>,
}

impl Shared {
    /// Adds what a block has, and forgets what is too old to be among so many.
    fn add(&mut self, first: u64, found: Vec<LoggedDecision>, most: usize) {
        self.count += found.len();
        self.blocks.insert(first, found);
        while let Some(oldest) = self.blocks.first_entry() {
            let rest = self.count - oldest.get().len();
            if rest < most {
                break;
            }
            self.count = rest;
            oldest.remove();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The newest decisions of a segment that pass and are before `end`. It is read to its end: one of 128 MiB takes some tenths of a
/// second. The threads have the priority of the caller.
pub(super) fn search(
    reader: SegmentReader<File>,
    number: u64,
    query: &Query,
    end: u64,
    most: usize,
    key: Option<&LogKey>,
) -> Found {
    let needles = query.needles();
    let (reader, shared) = (Mutex::new(reader), Mutex::new(Shared::default()));
    let work = || {
        let mut bytes = Vec::new();
        loop {
            let part = lock(&reader).next();
            let block = match part {
                None => break,
                Some(Ok(Part::Block(block))) if block.first_record() < end => block,
                Some(Ok(_)) => continue,
                // A segment that is being written, and one whose writer was killed, may end within a frame.
                Some(Err(LogError::Fault(Fault { kind: FaultKind::Cut { .. }, .. }))) => continue,
                Some(Err(error)) => {
                    lock(&shared).faults.push(error);
                    continue;
                }
            };
            match in_block(&block, &mut bytes, &needles, number, query, end, most, key) {
                Ok(found) if found.is_empty() => {}
                Ok(found) => lock(&shared).add(block.first_record(), found, most),
                Err(fault) => lock(&shared).faults.push(fault.into()),
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_THREADS);
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    let newest_first = shared.blocks.into_values().rev().flat_map(|block| block.into_iter().rev());
    Found { decisions: newest_first.take(most).collect(), faults: shared.faults }
}

/// The newest decisions of a block, oldest first.
#[expect(clippy::too_many_arguments, reason = "all of one search")]
fn in_block(
    block: &Block,
    bytes: &mut Vec<u8>,
    needles: &[Vec<Vec<u8>>],
    segment: u64,
    query: &Query,
    end: u64,
    most: usize,
    key: Option<&LogKey>,
) -> Result<Vec<LoggedDecision>, Fault> {
    block.decompress(bytes)?;
    let has = |needle: &Vec<u8>| memchr::memmem::find(bytes, needle).is_some();
    if !needles.iter().all(|any| any.iter().any(has)) {
        return Ok(Vec::new());
    }
    let records = block.read(bytes)?;
    let position = |place: usize| Position { segment, record: block.first_record() + place as u64 };
    let passes = |place: &usize| {
        position(*place).record < end && records.get(*place).is_some_and(|record| query.passes(&record))
    };
    let mut passing: Vec<usize> = (0..records.len()).rev().filter(passes).take(most).collect();
    passing.reverse();
    let decisions = passing.into_iter().filter_map(|place| {
        let record = records.get(place)?;
        let catalog = block.catalog(record.catalog);
        let policy = record.policy.and_then(|id| block.policy(id));
        Some(LoggedDecision::new(position(place), &record, catalog.as_deref(), policy.as_deref(), key))
    });
    Ok(decisions.collect())
}
