//! Finding decisions in a log, newest first.
//!
//! A Parquet file is asked by its Bloom filters and statistics first, so that of a large log hardly anything is read. A segment that is
//! not one yet is read from its beginning, by all processors but one; a block that does not have the bytes that are looked for is only
//! decompressed.

mod position;
mod query;
mod segment;

use std::io;
use std::path::Path;
use std::time::Instant;

pub use self::position::{NoPosition, Position};
pub use self::query::{MAX_PAGE, Query, QueryError};
use self::segment::SegmentSearch;

use crate::any_segment::AnySegment;
use crate::error::LogError;
use crate::key::LogKey;
use crate::logged::LoggedDecision;
use crate::options::Recipients;
use crate::parquet_file::{Filter, ParquetFile};
use crate::reader::DecisionLog;
use crate::segment::{SegmentFile, SegmentHeader};

/// Decisions that were found, and where to go on.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page {
    /// The decisions, newest first.
    pub decisions: Vec<LoggedDecision>,
    /// Where the next page goes on ([`Query::after`]); none if the log has no more.
    pub next: Option<Position>,
    /// What of the log could not be read. Everything else was looked through.
    pub faults: Vec<LogError>,
}

/// A search, and what it has found.
struct Search<'a> {
    query: Query,
    filter: Filter,
    key: Option<&'a LogKey>,
    /// One more than the page may have, to know whether there is more.
    most: usize,
    decisions: Vec<LoggedDecision>,
    faults: Vec<LogError>,
    misses_key: bool,
}

/// Finds decisions in the log of a folder, or in one segment of it. The log may be written meanwhile. The key is needed to find
/// recipients that are sealed, and to show them.
///
/// # Errors
/// There is no log, or its folder cannot be read.
pub fn find(log: &Path, query: &Query, key: Option<&LogKey>) -> Result<Page, LogError> {
    let log = DecisionLog::open(log)?;
    let query = query.sealed(key);
    let mut search = Search {
        filter: query.filter(),
        key,
        most: query.limit + 1,
        decisions: Vec::new(),
        faults: Vec::new(),
        misses_key: false,
        query,
    };
    let mut next = None;
    for segment in log.segments().iter().rev() {
        let end = match search.query.after {
            Some(after) if after.segment < segment.number => continue,
            Some(after) if after.segment == segment.number => after.record,
            _ => u64::MAX,
        };
        let stopped = search.segment(&log, segment, end);
        if stopped.is_some() || search.decisions.len() >= search.most {
            next = stopped;
            break;
        }
    }
    if search.decisions.len() >= search.most {
        search.decisions.truncate(search.query.limit);
        next = search.decisions.last().and_then(|last| last.position);
    }
    Ok(Page { decisions: search.decisions, next, faults: search.faults })
}

impl Search<'_> {
    /// Looks through the records of a segment that are before `end`. Where it gave up, if it did.
    fn segment(&mut self, log: &DecisionLog, segment: &SegmentFile, end: u64) -> Option<Position> {
        if self.query.is_over() {
            return Some(Position { segment: segment.number, record: end });
        }
        let searched = match segment.is_parquet() {
            true => ParquetFile::open(&segment.path).and_then(|file| self.parquet(&file, segment.number, end)),
            false => self.whole_segment(log, segment, end),
        };
        match searched {
            Ok(stopped) => stopped,
            // Removed since the folder was listed, as its age or the size of the log asked.
            Err(LogError::Io { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.faults.push(error);
                None
            }
        }
    }

    /// Whether recipients of a segment can be found; that they cannot is told once.
    fn can_find(&mut self, header: &SegmentHeader, path: &Path) -> bool {
        let is_key = self.key.is_some_and(|key| key.id() == header.key_id);
        let can = header.recipients == Recipients::Plain || is_key || !self.query.needs_key();
        if !can && !self.misses_key {
            self.misses_key = true;
            self.faults.push(LogError::Sealed { path: path.to_owned() });
        }
        can
    }

    fn shown_with(&self) -> Option<&LogKey> {
        self.key.filter(|_| self.query.shows_recipients())
    }

    fn parquet(&mut self, file: &ParquetFile, number: u64, end: u64) -> Result<Option<Position>, LogError> {
        if !self.can_find(file.header(), file.path()) {
            return Ok(None);
        }
        for group in (0..file.groups()).rev() {
            let rows = file.rows_of(group);
            if rows.start >= end || !self.query.times().may_have(file.times(group).0, file.times(group).1) {
                continue;
            }
            if self.query.is_over() {
                return Ok(Some(Position { segment: number, record: rows.end.min(end) }));
            }
            if let Err(error) = self.group(file, group, number, end) {
                self.faults.push(error);
            }
            if self.decisions.len() >= self.most {
                break;
            }
        }
        Ok(None)
    }

    fn group(&mut self, file: &ParquetFile, group: usize, number: u64, end: u64) -> Result<(), LogError> {
        if !file.may_have(group, &self.filter)? {
            return Ok(());
        }
        let rows = file.rows_of(group);
        let before = usize::try_from(end.min(rows.end) - rows.start).unwrap_or(usize::MAX);
        let mut found = file.find(group, &self.filter, before, self.most - self.decisions.len())?;
        found.reverse();
        let mut decisions = Vec::with_capacity(found.len());
        let key = self.shown_with();
        file.pick(group, &found, |row, record| {
            let position = Position { segment: number, record: rows.start + row as u64 };
            let policy = record.policy.and_then(|id| file.contexts().policy(id));
            let catalog = file.contexts().catalog(record.catalog);
            decisions.push(LoggedDecision::new(position, record, catalog, policy, key));
        })?;
        self.decisions.extend(decisions.into_iter().rev());
        Ok(())
    }

    fn whole_segment(
        &mut self,
        log: &DecisionLog,
        segment: &SegmentFile,
        end: u64,
    ) -> Result<Option<Position>, LogError> {
        let reader = match log.read_segment(segment)? {
            AnySegment::Segment(reader) => reader,
            // It has become one meanwhile.
            AnySegment::Parquet(_) => {
                let file = ParquetFile::open(&segment.parquet())?;
                return self.parquet(&file, segment.number, end);
            }
        };
        if !self.can_find(reader.header(), &segment.path) {
            return Ok(None);
        }
        let search = SegmentSearch {
            number: segment.number,
            query: &self.query,
            end,
            most: self.most - self.decisions.len(),
            key: self.shown_with(),
        };
        let found = segment::find_in(reader.within(self.query.times()), &search);
        self.decisions.extend(found.decisions);
        self.faults.extend(found.faults);
        Ok(None)
    }
}

impl Query {
    fn is_over(&self) -> bool {
        self.give_up.is_some_and(|time| Instant::now() >= time)
    }
}
