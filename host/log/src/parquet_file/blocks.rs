//! A Parquet file as blocks of records, as its segment would give them.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::columns::PAGE_ROWS;
use super::file::ParquetFile;
use crate::error::{Fault, FaultKind, LogError};
use crate::frame::{FrameHeader, Kind};
use crate::reader::{Part, TimeRange};
use crate::segment::SegmentHeader;
use crate::segment_contexts::{SegmentContexts, SharedContexts};
use crate::stored_block::{Block, Payload};

/// Reads a Parquet file: blocks of records and holes, in the order in which they were recorded. The rows of a block are read by who asks
/// for its records, so that several threads can.
#[derive(Debug)]
pub struct ParquetReader {
    file: Arc<ParquetFile>,
    path: Arc<Path>,
    contexts: Arc<SegmentContexts>,
    range: TimeRange,
    next_group: usize,
    /// The row group that is being read, and those of its rows that are left.
    group: Option<(usize, Range<u64>)>,
    /// The next of the file's signals and holes.
    next_signals: usize,
    next_hole: usize,
    ready: VecDeque<Part>,
}

/// Rows of a Parquet file that are a block.
#[derive(Debug, Clone)]
pub(crate) struct ParquetRows {
    file: Arc<ParquetFile>,
    group: usize,
    /// In the row group.
    rows: Range<usize>,
}

impl ParquetRows {
    /// Reads them, as the bytes of a block.
    pub(crate) fn read(&self, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        self.file.block(self.group, &self.rows, bytes)
    }
}

impl ParquetReader {
    /// # Errors
    /// It cannot be read, or is no file of a decision log of this version.
    pub(crate) fn open(path: &Path, shared: Arc<SharedContexts>) -> Result<Self, LogError> {
        let file = ParquetFile::open(path)?;
        let mut contexts = SegmentContexts::new(shared);
        let fault = |reason| Fault { path: path.to_owned(), offset: 0, kind: FaultKind::Content { reason } };
        contexts.read(&file.contexts().frame).map_err(fault)?;
        Ok(Self {
            file: Arc::new(file),
            path: path.into(),
            contexts: Arc::new(contexts),
            range: TimeRange::ALL,
            next_group: 0,
            group: None,
            next_signals: 0,
            next_hole: 0,
            ready: VecDeque::new(),
        })
    }

    /// Leaves out row groups whose records are all out of a range.
    pub(crate) fn within(self, range: TimeRange) -> Self {
        Self { range, ..self }
    }

    /// What its segment begins with.
    pub(crate) fn header(&self) -> &SegmentHeader {
        self.file.header()
    }

    /// Goes to the next row group that may have records of the range.
    fn next_group(&mut self) -> Option<(usize, Range<u64>)> {
        while self.next_group < self.file.groups() {
            let number = self.next_group;
            self.next_group += 1;
            let (first, last) = self.file.times(number);
            if self.range.may_have(first, last) {
                return Some((number, self.file.rows_of(number)));
            }
        }
        None
    }

    /// Takes in the signals, and gives the holes, that stand before a row or at it; the next row that has one.
    fn pass_marks(&mut self, row: u64) -> Result<u64, LogError> {
        let fault = |reason| Fault { path: self.path.to_path_buf(), offset: 0, kind: FaultKind::Content { reason } };
        while let Some((_, bytes)) = self.file.signals().get(self.next_signals).filter(|(at, _)| *at <= row) {
            self.next_signals += 1;
            Arc::make_mut(&mut self.contexts).read(bytes).map_err(fault)?;
        }
        while let Some((_, hole)) = self.file.holes().get(self.next_hole).filter(|(at, _)| *at <= row) {
            self.ready.push_back(Part::Hole(*hole));
            self.next_hole += 1;
        }
        let signals = self.file.signals().get(self.next_signals).map_or(u64::MAX, |(at, _)| *at);
        let hole = self.file.holes().get(self.next_hole).map_or(u64::MAX, |(at, _)| *at);
        Ok(signals.min(hole))
    }

    /// The next block is ready, or the end is reached.
    fn step(&mut self) -> Result<bool, LogError> {
        let Some((number, rows)) = self.group.take().or_else(|| self.next_group()) else {
            // A hole may be the last of a file.
            self.pass_marks(u64::MAX)?;
            return Ok(!self.ready.is_empty());
        };
        let first = self.file.rows_of(number).start;
        let page = (rows.start - first) / PAGE_ROWS as u64 + 1;
        let end = self.pass_marks(rows.start)?.min(rows.end).min(first + page * PAGE_ROWS as u64);
        let (start, times) = (rows.start, self.file.times(number));
        if end < rows.end {
            self.group = Some((number, end..rows.end));
        }
        let header = FrameHeader {
            kind: Kind::Records,
            is_compressed: false,
            stored: 0,
            raw: 0,
            // No more than a page has.
            records: (end - start) as u32,
            checksum: 0,
            first: times.0,
            last: times.1,
            number: 0,
        };
        let rows = (start - first) as usize..(end - first) as usize;
        let payload = Payload::Rows(ParquetRows { file: self.file.clone(), group: number, rows });
        let (path, offset, contexts) = (self.path.clone(), self.file.offset(number), self.contexts.clone());
        self.ready.push_back(Part::Block(Block::new(path, offset, start, header, payload, contexts)));
        Ok(true)
    }
}

impl Iterator for ParquetReader {
    type Item = Result<Part, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(part) = self.ready.pop_front() {
                return Some(Ok(part));
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
