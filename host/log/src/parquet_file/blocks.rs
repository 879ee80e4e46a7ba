//! A Parquet file as blocks of records, as its segment would give them.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use ::parquet::errors::ParquetError;
use ::parquet::file::reader::RowGroupReader;

use super::file::ParquetFile;
use super::rows::Leaves;
use crate::block::BlockBuilder;
use crate::error::{Fault, FaultKind, LogError};
use crate::frame::{FrameHeader, Kind};
use crate::reader::{Part, TimeRange};
use crate::segment::SegmentHeader;
use crate::segment_contexts::{SegmentContexts, SharedContexts};
use crate::stored_block::Block;

/// How many rows are read at a time: of all columns they are some MB.
const BATCH_ROWS: u64 = 4096;

/// Reads a Parquet file: blocks of records and holes, in the order in which they were recorded. After a fault it goes on with the next
/// row group.
pub struct ParquetReader {
    file: ParquetFile,
    path: Arc<Path>,
    contexts: Arc<SegmentContexts>,
    range: TimeRange,
    next_group: usize,
    group: Option<OpenGroup>,
    /// The next of the file's signals and holes.
    next_signals: usize,
    next_hole: usize,
    builder: BlockBuilder,
    ready: VecDeque<Part>,
}

/// A row group that is being read.
struct OpenGroup {
    leaves: Leaves,
    number: usize,
    rows: Range<u64>,
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
            file,
            path: path.into(),
            contexts: Arc::new(contexts),
            range: TimeRange::ALL,
            next_group: 0,
            group: None,
            next_signals: 0,
            next_hole: 0,
            builder: BlockBuilder::default(),
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

    /// Opens the next row group that may have records of the range; false if there is none.
    fn open_group(&mut self) -> Result<bool, LogError> {
        while self.next_group < self.file.groups() {
            let number = self.next_group;
            self.next_group += 1;
            let (first, last) = self.file.times(number);
            if self.range.may_have(first, last) {
                let leaves = self.file.in_group(number, |group: &dyn RowGroupReader| Leaves::open(group))?;
                self.group = Some(OpenGroup { leaves, number, rows: self.file.rows_of(number) });
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes in the signals, and gives the holes, that stand before a row or at it; the next row that has one.
    fn pass_marks(&mut self, row: u64) -> Result<u64, LogError> {
        let fault = |reason| Fault { path: self.path.to_path_buf(), offset: 0, kind: FaultKind::Content { reason } };
        while let Some((_, bytes)) = self.file.signals().get(self.next_signals).filter(|(at, _)| *at <= row) {
            Arc::make_mut(&mut self.contexts).read(bytes).map_err(fault)?;
            self.next_signals += 1;
        }
        while let Some((_, hole)) = self.file.holes().get(self.next_hole).filter(|(at, _)| *at <= row) {
            self.ready.push_back(Part::Hole(*hole));
            self.next_hole += 1;
        }
        let signals = self.file.signals().get(self.next_signals).map_or(u64::MAX, |(at, _)| *at);
        let hole = self.file.holes().get(self.next_hole).map_or(u64::MAX, |(at, _)| *at);
        Ok(signals.min(hole))
    }

    /// Reads the next rows.
    fn read_batch(&mut self) -> Result<bool, LogError> {
        if self.group.is_none() && !self.open_group()? {
            // A hole may be the last of a file.
            self.pass_marks(u64::MAX)?;
            return Ok(!self.ready.is_empty());
        }
        let Some(mut group) = self.group.take() else { return Ok(false) };
        let start = group.rows.start;
        let end = self.pass_marks(start)?.min(group.rows.end).min(start + BATCH_ROWS);
        let rows = group.leaves.next((end - start) as usize).map_err(|error| self.file.fault(group.number, &error))?;
        let (builder, ready) = (&mut self.builder, &mut self.ready);
        let (path, contexts) = (&self.path, &self.contexts);
        let mut first = start;
        let mut finish = |builder: &mut BlockBuilder| {
            let records = builder.len();
            let header = header(builder);
            let mut bytes = Vec::new();
            builder.finish(&mut bytes);
            let header = FrameHeader { stored: bytes.len() as u32, raw: bytes.len() as u32, ..header };
            ready.push_back(Part::Block(Block::new(path.clone(), first, first, header, bytes, contexts.clone())));
            first += u64::from(records);
        };
        let read = rows.for_each(self.file.contexts(), |_, record| {
            builder.push(record, None);
            if builder.is_full() {
                finish(builder);
            }
            Ok::<_, ParquetError>(())
        });
        if read.is_ok() && !builder.is_empty() {
            finish(builder);
        }
        builder.clear();
        read.map_err(|error| self.file.fault(group.number, &error))?;
        group.rows.start = end;
        if !group.rows.is_empty() {
            self.group = Some(group);
        }
        Ok(true)
    }
}

fn header(builder: &BlockBuilder) -> FrameHeader {
    let (first, last) = builder.times();
    FrameHeader {
        kind: Kind::Records,
        is_compressed: false,
        stored: 0,
        raw: 0,
        records: builder.len(),
        checksum: 0,
        first,
        last,
        number: 0,
    }
}

impl Iterator for ParquetReader {
    type Item = Result<Part, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(part) = self.ready.pop_front() {
                return Some(Ok(part));
            }
            match self.read_batch() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl std::fmt::Debug for ParquetReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetReader").field("path", &self.path).finish_non_exhaustive()
    }
}
