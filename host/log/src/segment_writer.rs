//! One segment that is being written.

use std::collections::{HashSet, VecDeque};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use callsign_private::{FileError, PrivateFolder};
use zstd::bulk::Compressor;

use crate::block::BlockBuilder;
use crate::context::{CatalogId, PolicyId, SignalsContext, SignalsId};
use crate::context_frame;
use crate::declared::{Declared, SIGNALS_KEPT};
use crate::frame::{FrameHeader, Kind, MAX_BLOCK_BYTES, MAX_CONTEXT_BYTES};
use crate::hole::Hole;
use crate::key::LogKey;
use crate::record::Record;
use crate::segment::{SegmentHeader, file_name};
use crate::varint::put;

/// The level that zstd compresses with: 3 is its own default.
const LEVEL: i32 = 3;

/// A segment that is being written. It is only ever appended to; after an error it is cut back to what was whole.
pub(crate) struct SegmentWriter {
    path: Arc<Path>,
    file: Arc<File>,
    created: Instant,
    /// The bytes of the file that are whole frames.
    length: u64,
    /// The bytes of the file that are on the disk.
    synced: u64,
    frames: u32,
    block: BlockBuilder,
    /// Contexts that records of `block` name and that are not in the segment yet.
    contexts: Vec<u8>,
    named: Named,
    /// Frames that are not in the file yet.
    pending: Vec<u8>,
    /// How many records the frames of `pending` have.
    pending_records: u64,
    compressor: Compressor<'static>,
    raw: Vec<u8>,
    records: u64,
    times: Option<(u64, u64)>,
}

/// What was written to a file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) records: u64,
}

/// The contexts that a segment has named.
#[derive(Default)]
struct Named {
    catalogs: HashSet<CatalogId>,
    policies: HashSet<PolicyId>,
    signals: VecDeque<(SignalsId, Arc<SignalsContext>)>,
    /// Those of the record before, which the next one nearly always has.
    last: Option<(CatalogId, Option<PolicyId>, Option<SignalsId>)>,
}

impl SegmentWriter {
    /// Makes the file and writes its header.
    ///
    /// # Errors
    /// The file cannot be made or written. There is none then.
    pub(crate) fn create(folder: &PrivateFolder, header: SegmentHeader) -> io::Result<Self> {
        let name = file_name(header.number);
        let path: Arc<Path> = folder.path().join(&name).into();
        let compressor = Compressor::new(LEVEL)?;
        let mut file = folder.create_new(&name).map_err(|error| match error {
            FileError::Io { cause, .. } => cause,
            other => io::Error::other(other),
        })?;
        let header = header.to_bytes();
        // The name must be on the disk before a record in the file is promised to be.
        let written = file.write_all(&header).and_then(|()| file.sync_all());
        let synced = written.and_then(|()| folder.sync().map_err(io::Error::other));
        if let Err(error) = synced {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Self {
            path,
            file: Arc::new(file),
            created: Instant::now(),
            length: header.len() as u64,
            synced: header.len() as u64,
            frames: 0,
            block: BlockBuilder::default(),
            contexts: Vec::new(),
            named: Named::default(),
            pending: Vec::new(),
            pending_records: 0,
            compressor,
            raw: Vec::new(),
            records: 0,
            times: None,
        })
    }

    pub(crate) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    pub(crate) fn created(&self) -> Instant {
        self.created
    }

    /// The bytes of the file, and of what waits to be written to it.
    pub(crate) fn bytes(&self) -> u64 {
        self.length + self.pending.len() as u64
    }

    /// How many records it has in the file.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// How many records are not in the file yet.
    pub(crate) fn unwritten(&self) -> u64 {
        self.pending_records + u64::from(self.block.len())
    }

    /// Whether bytes of the file may be lost with the machine's power.
    pub(crate) fn is_unsynced(&self) -> bool {
        self.synced < self.length
    }

    /// Adds a record to the frame that is being filled. It is not in the file before [`write`](Self::write).
    ///
    /// # Errors
    /// A full frame was to be compressed, and there was no memory for it.
    pub(crate) fn push(
        &mut self,
        record: &Record<'_>,
        key: Option<&LogKey>,
        declared: &Mutex<Declared>,
    ) -> io::Result<()> {
        let contexts = (record.catalog, record.policy, record.signals);
        if self.named.last != Some(contexts) {
            self.name_contexts(record, &mut declared.lock().unwrap_or_else(PoisonError::into_inner));
            self.named.last = Some(contexts);
        }
        self.block.push(record, key);
        if self.block.is_full() { self.finish_block() } else { Ok(()) }
    }

    fn name_contexts(&mut self, record: &Record<'_>, declared: &mut Declared) {
        let out = &mut self.contexts;
        if !self.named.catalogs.contains(&record.catalog)
            && let Some(catalog) = declared.catalog(record.catalog)
        {
            context_frame::put_catalog(out, record.catalog.0, &catalog);
            self.named.catalogs.insert(record.catalog);
        }
        if let Some(id) = record.policy
            && !self.named.policies.contains(&id)
            && let Some(policy) = declared.policy(id)
        {
            context_frame::put_policy(out, id.0, &policy);
            self.named.policies.insert(id);
        }
        let signals = &mut self.named.signals;
        if let Some(id) = record.signals
            && !signals.iter().any(|(named, _)| *named == id)
            && let Some(found) = declared.signals(id)
        {
            let base = signals.back().map(|(id, base)| (id.0, &**base));
            context_frame::put_signals(out, id.0, &found, base);
            signals.push_back((id, found));
            if signals.len() > SIGNALS_KEPT {
                signals.pop_front();
            }
        }
    }

    /// Makes a frame of the records that were added.
    fn finish_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        if !self.contexts.is_empty() {
            let contexts = std::mem::take(&mut self.contexts);
            // Too large to be read again: the records name contexts that the segment does not have.
            if contexts.len() <= MAX_CONTEXT_BYTES as usize {
                self.frame(Kind::Contexts, &contexts, 0, self.block.times())?;
            }
        }
        let (records, times) = (self.block.len(), self.block.times());
        let mut raw = std::mem::take(&mut self.raw);
        raw.clear();
        self.block.finish(&mut raw);
        debug_assert!(raw.len() <= MAX_BLOCK_BYTES as usize, "a full block is smaller");
        let framed = self.frame(Kind::Records, &raw, records, times);
        self.raw = raw;
        self.pending_records += u64::from(records);
        let (first, last) = self.times.unwrap_or(times);
        self.times = Some((first.min(times.0), last.max(times.1)));
        framed
    }

    /// Marks that records are missing.
    pub(crate) fn hole(&mut self, hole: &Hole) -> io::Result<()> {
        self.finish_block()?;
        self.frame(Kind::Hole, &hole.to_bytes(), 0, (hole.from, hole.until))
    }

    fn frame(&mut self, kind: Kind, payload: &[u8], records: u32, (first, last): (u64, u64)) -> io::Result<()> {
        // What is small grows.
        let compressed = if payload.len() > 64 { Some(self.compressor.compress(payload)?) } else { None };
        let compressed = compressed.filter(|compressed| compressed.len() < payload.len());
        let stored = compressed.as_deref().unwrap_or(payload);
        let header = FrameHeader {
            kind,
            is_compressed: compressed.is_some(),
            stored: stored.len() as u32,
            raw: payload.len() as u32,
            records,
            checksum: crc32fast::hash(stored),
            first,
            last,
            number: self.frames,
        };
        self.frames += 1;
        self.pending.extend_from_slice(&header.to_bytes());
        self.pending.extend_from_slice(stored);
        Ok(())
    }

    /// Writes all that was added to the file: it survives the end of the process. What was written.
    ///
    /// # Errors
    /// The disk is full or fails. [`abandon`](Self::abandon) then.
    pub(crate) fn write(&mut self) -> io::Result<Written> {
        self.finish_block()?;
        self.write_frames()
    }

    /// The same, without the frame that is being filled.
    pub(crate) fn write_frames(&mut self) -> io::Result<Written> {
        if self.pending.is_empty() {
            return Ok(Written::default());
        }
        (&*self.file).write_all(&self.pending)?;
        let written = Written { bytes: self.pending.len() as u64, records: self.pending_records };
        self.length += written.bytes;
        self.records += written.records;
        self.pending_records = 0;
        self.pending.clear();
        Ok(written)
    }

    /// The bytes of full frames that wait to be written.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.pending.len()
    }

    /// Makes sure that the file survives the end of the machine's power.
    ///
    /// # Errors
    /// The disk fails. What was written since the last time may be lost: [`abandon`](Self::abandon) then.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.is_unsynced() {
            self.file.sync_data()?;
            self.synced = self.length;
        }
        Ok(())
    }

    /// Ends the segment: nothing is written to it any more.
    ///
    /// # Errors
    /// The disk is full or fails. What was whole before stays.
    pub(crate) fn finish(mut self) -> io::Result<Written> {
        self.finish_block()?;
        let mut totals = Vec::new();
        put(&mut totals, self.records + self.pending_records);
        self.frame(Kind::End, &totals, 0, self.times.unwrap_or_default())?;
        let written = self.write_frames().and_then(|written| self.file.sync_all().map(|()| written));
        if written.is_err() {
            self.abandon(false);
        }
        written
    }

    /// Gives the segment up after an error: cuts off what is no whole frame, and with `unsynced` also what may not be on the disk.
    /// A segment without a record is removed.
    pub(crate) fn abandon(self, unsynced: bool) {
        let length = if unsynced { self.synced } else { self.length };
        let is_empty = length as usize == crate::segment::SEGMENT_HEADER_BYTES;
        // A disk that fails may fail here too; the segment is read up to its last whole frame anyway.
        let _ = if is_empty { fs::remove_file(&self.path) } else { self.file.set_len(length) };
    }
}
