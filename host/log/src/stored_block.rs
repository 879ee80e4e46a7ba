//! A block of records as it is in a file.

use std::path::Path;
use std::sync::Arc;

use crate::block::Records;
use crate::context::{CatalogContext, CatalogId, PolicyContext, PolicyId, SignalsContext, SignalsId};
use crate::error::{Fault, FaultKind};
use crate::frame::FrameHeader;
use crate::parquet_file::ParquetRows;
use crate::segment_contexts::SegmentContexts;

/// A block of records, as it is in the file: it can be given to another thread to be decompressed.
#[derive(Debug, Clone)]
pub struct Block {
    path: Arc<Path>,
    offset: u64,
    first_record: u64,
    header: FrameHeader,
    payload: Payload,
    contexts: Arc<SegmentContexts>,
}

/// Where the records of a block come from.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    /// The payload of a frame, as it is in the file.
    Frame(Vec<u8>),
    /// Rows of a Parquet file.
    Rows(ParquetRows),
}

impl Block {
    pub(crate) fn new(
        path: Arc<Path>,
        offset: u64,
        first_record: u64,
        header: FrameHeader,
        payload: Payload,
        contexts: Arc<SegmentContexts>,
    ) -> Self {
        Self { path, offset, first_record, header, payload, contexts }
    }

    /// The place of its first record in the segment, from 0.
    pub fn first_record(&self) -> u64 {
        self.first_record
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.header.records as usize
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The times of its oldest and its newest record, in microseconds since 1970-01-01 UTC; in a Parquet file, those of its row group.
    pub fn times(&self) -> (u64, u64) {
        (self.header.first, self.header.last)
    }

    /// Its file, and where in it the block begins.
    pub fn place(&self) -> (&Path, u64) {
        (&self.path, self.offset)
    }

    /// Decompresses it into `bytes`, which the records borrow from. What it had before is removed; its memory is used again.
    ///
    /// # Errors
    /// Its bytes are no block, although their checksum is right; or the rows of a Parquet file cannot be read.
    pub fn records<'a>(&self, bytes: &'a mut Vec<u8>) -> Result<Records<'a>, Fault> {
        self.decompress(bytes)?;
        self.read(bytes)
    }

    fn fault(&self, reason: &'static str) -> Fault {
        let kind = FaultKind::Content { reason };
        Fault { path: self.path.to_path_buf(), offset: self.offset, kind }
    }

    /// The first half of [`records`](Self::records).
    pub(crate) fn decompress(&self, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        match &self.payload {
            Payload::Frame(stored) => self.header.decompress(stored, bytes).map_err(|reason| self.fault(reason)),
            Payload::Rows(rows) => rows.read(bytes),
        }
    }

    /// The second half: the records of what was decompressed.
    pub(crate) fn read<'a>(&self, bytes: &'a [u8]) -> Result<Records<'a>, Fault> {
        let fault = |reason| self.fault(reason);
        let records = Records::read(bytes, &self.contexts).map_err(fault)?;
        if records.len() == self.len() { Ok(records) } else { Err(fault("the number of its records")) }
    }

    /// The catalog that its records name so; none if the part of the log that says what it was is damaged.
    pub fn catalog(&self, id: CatalogId) -> Option<Arc<CatalogContext>> {
        self.contexts.shared().catalog(id)
    }

    /// The policy that its records name so; none if the part of the log that says what it was is damaged.
    pub fn policy(&self, id: PolicyId) -> Option<Arc<PolicyContext>> {
        self.contexts.shared().policy(id)
    }

    /// The signals that its records name so; none if the log does not have them.
    pub fn signals(&self, id: SignalsId) -> Option<Arc<SignalsContext>> {
        self.contexts.signals(id)
    }
}
