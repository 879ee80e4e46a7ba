//! Finding decisions in a segment that is as it was written.

use std::collections::BTreeMap;
use std::fs::File;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::position::Position;
use super::query::Query;
use crate::block::Records;
use crate::error::{Fault, FaultKind, LogError};
use crate::key::LogKey;
use crate::logged::LoggedDecision;
use crate::reader::{Part, SegmentReader};
use crate::stored_block::Block;

/// The most threads that look through a segment: it is read by one at a time.
const MAX_THREADS: usize = 4;

/// How many threads look through a segment. One processor is left for decisions.
fn threads() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    processors.saturating_sub(1).clamp(1, MAX_THREADS)
}

/// What was found.
pub(super) struct Found {
    /// Newest first.
    pub(super) decisions: Vec<LoggedDecision>,
    pub(super) faults: Vec<LogError>,
}

/// With so many that pass, a block is kept as it is in the file: where many pass, most are forgotten for newer ones, and to show a
/// decision costs more than to find it. With fewer, the block would take more memory than they do.
const MANY: usize = 64;

/// What passes in a block, oldest first.
enum Passing {
    Decisions(Vec<LoggedDecision>),
    /// [`MANY`] or more: their places in it.
    Places(Block, Vec<usize>),
}

impl Passing {
    fn len(&self) -> usize {
        match self {
            Self::Decisions(decisions) => decisions.len(),
            Self::Places(_, places) => places.len(),
        }
    }
}

/// What all threads have found.
#[derive(Default)]
struct Shared {
    /// Of each block with any, by its first record: oldest first.
    blocks: BTreeMap<u64, Passing>,
    count: usize,
    faults: Vec<LogError>,
}

impl Shared {
    /// Adds what a block has, and forgets what is too old to be among so many.
    fn add(&mut self, first: u64, found: Passing, most: usize) {
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

/// A search in one segment.
pub(super) struct SegmentSearch<'s> {
    pub(super) number: u64,
    pub(super) query: &'s Query,
    /// Records before this one are looked at.
    pub(super) end: u64,
    /// The most decisions that are wanted.
    pub(super) most: usize,
    /// What opens recipients, if they are to be shown.
    pub(super) key: Option<&'s LogKey>,
}

/// The newest decisions of a segment that pass. It is read to its end: one of 128 MiB takes some tenths of a second. The
/// threads have the priority of the caller.
pub(super) fn find_in(reader: SegmentReader<File>, search: &SegmentSearch<'_>) -> Found {
    let needles = search.query.needles();
    let (reader, shared) = (Mutex::new(reader), Mutex::new(Shared::default()));
    let work = || {
        let mut bytes = Vec::new();
        loop {
            let part = lock(&reader).next();
            let block = match part {
                None => break,
                Some(Ok(Part::Block(block))) if block.first_record() < search.end => block,
                Some(Ok(_)) => continue,
                // A segment that is being written, and one whose writer was killed, may end within a frame.
                Some(Err(LogError::Fault(Fault { kind: FaultKind::Cut { .. }, .. }))) => continue,
                Some(Err(error)) => {
                    lock(&shared).faults.push(error);
                    continue;
                }
            };
            match search.in_block(block, &mut bytes, &needles) {
                Ok(None) => {}
                Ok(Some((first, found))) => lock(&shared).add(first, found, search.most),
                Err(fault) => lock(&shared).faults.push(fault.into()),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads() {
            scope.spawn(work);
        }
        work();
    });
    let Shared { blocks, mut faults, .. } = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (mut decisions, mut bytes) = (Vec::new(), Vec::new());
    for found in blocks.into_values().rev() {
        let shown = match found {
            Passing::Decisions(decisions) => Ok(decisions),
            Passing::Places(block, places) => {
                // The newest of them, as many as are wanted still.
                let wanted = search.most.saturating_sub(decisions.len());
                let places = &places[places.len().saturating_sub(wanted)..];
                block.records(&mut bytes).map(|records| search.shown(&block, &records, places))
            }
        };
        match shown {
            Ok(shown) => decisions.extend(shown.into_iter().rev()),
            Err(fault) => faults.push(fault.into()),
        }
    }
    decisions.truncate(search.most);
    Found { decisions, faults }
}

impl SegmentSearch<'_> {
    /// What passes in a block, by its first record.
    fn in_block(
        &self,
        block: Block,
        bytes: &mut Vec<u8>,
        needles: &[Vec<Vec<u8>>],
    ) -> Result<Option<(u64, Passing)>, Fault> {
        block.decompress(bytes)?;
        let has = |needle: &Vec<u8>| memchr::memmem::find(bytes, needle).is_some();
        if !needles.iter().all(|any| any.iter().any(has)) {
            return Ok(None);
        }
        let records = block.read(bytes)?;
        let passes = |place: &usize| {
            self.position(&block, *place).record < self.end
                && records.get(*place).is_some_and(|record| self.query.passes(&record))
        };
        let mut places: Vec<usize> = (0..records.len()).rev().filter(passes).take(self.most).collect();
        places.reverse();
        let first = block.first_record();
        Ok(match places.len() {
            0 => None,
            MANY.. => Some((first, Passing::Places(block, places))),
            _ => Some((first, Passing::Decisions(self.shown(&block, &records, &places)))),
        })
    }

    fn position(&self, block: &Block, place: usize) -> Position {
        Position { segment: self.number, record: block.first_record() + place as u64 }
    }

    /// The decisions of these places of a block.
    fn shown(&self, block: &Block, records: &Records<'_>, places: &[usize]) -> Vec<LoggedDecision> {
        let decision = |place: &usize| {
            let record = records.get(*place)?;
            let catalog = block.catalog(record.catalog);
            let policy = record.policy.and_then(|id| block.policy(id));
            let position = self.position(block, *place);
            Some(LoggedDecision::new(position, &record, catalog.as_deref(), policy.as_deref(), self.key))
        };
        places.iter().filter_map(decision).collect()
    }
}
