//! Reading a log: its segments, and the frames of each. What is damaged is reported, and everything else is read.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use crate::any_segment::AnySegment;
use crate::context::{CatalogContext, CatalogId, PolicyContext, PolicyId};
use crate::error::{Fault, FaultKind, LogError};
use crate::frame::{FrameHeader, HEADER_BYTES, Kind, MARK};
use crate::hole::Hole;
use crate::parquet_file::ParquetReader;
use crate::segment::{self, SEGMENT_HEADER_BYTES, SegmentFile, SegmentHeader};
use crate::segment_contexts::{SegmentContexts, SharedContexts};
use crate::source::Source;
use crate::stored_block::{Block, Payload};

/// A log that is read. It may be written meanwhile.
#[derive(Debug, Clone)]
pub struct DecisionLog {
    segments: Vec<SegmentFile>,
    contexts: Arc<SharedContexts>,
}

/// Which records are read, by the time of their decisions in microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// From this time on.
    pub since: u64,
    /// Up to this time, and without it.
    pub until: u64,
}

impl TimeRange {
    /// All records.
    pub const ALL: TimeRange = TimeRange { since: 0, until: u64::MAX };

    /// Whether a decision at this time is in it.
    pub fn has(&self, time: u64) -> bool {
        self.since <= time && time < self.until
    }

    /// Whether a decision between these times may be in it, these included.
    pub fn may_have(&self, first: u64, last: u64) -> bool {
        self.since <= last && first < self.until
    }
}

impl DecisionLog {
    /// Opens the log in a folder, or one segment of it.
    ///
    /// # Errors
    /// There is no such folder or file, or it has no segments.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let metadata = std::fs::metadata(path).map_err(LogError::io(path))?;
        let segments = match metadata.is_dir() {
            true => segment::list_readable(path)?,
            false => {
                let name = path.file_name().and_then(|name| name.to_str());
                let number = name.and_then(segment::number_of).unwrap_or_default();
                vec![SegmentFile { number, path: path.to_owned() }]
            }
        };
        if segments.is_empty() {
            return Err(LogError::NoLog { path: path.to_owned(), wanted: "decisions-*.log" });
        }
        Ok(Self { segments, contexts: Arc::default() })
    }

    /// Its segments, oldest first, as they were when it was opened.
    pub fn segments(&self) -> &[SegmentFile] {
        &self.segments
    }

    /// Opens a segment, or what became of it. Several may be read at once by several threads.
    ///
    /// # Errors
    /// It cannot be read, or it says that it is none that this version reads.
    pub fn read_segment(&self, segment: &SegmentFile) -> Result<AnySegment, LogError> {
        if segment.is_parquet() {
            return self.read_parquet(&segment.path);
        }
        match File::open(&segment.path) {
            Ok(file) => SegmentReader::new(file, &segment.path, self.contexts.clone()).map(AnySegment::Segment),
            // It has become a Parquet file since the log was opened.
            Err(error) if error.kind() == io::ErrorKind::NotFound && segment.parquet().exists() => {
                self.read_parquet(&segment.parquet())
            }
            Err(error) => Err(LogError::io(&segment.path)(error)),
        }
    }

    fn read_parquet(&self, path: &Path) -> Result<AnySegment, LogError> {
        ParquetReader::open(path, self.contexts.clone()).map(|file| AnySegment::Parquet(Box::new(file)))
    }

    /// Reads all segments, one after the other.
    pub fn read(&self, range: TimeRange) -> LogReader<'_> {
        LogReader { log: self, next: 0, segment: None, range }
    }

    /// The catalog that records name so.
    pub fn catalog(&self, id: CatalogId) -> Option<Arc<CatalogContext>> {
        self.contexts.catalog(id)
    }

    /// The policy that records name so.
    pub fn policy(&self, id: PolicyId) -> Option<Arc<PolicyContext>> {
        self.contexts.policy(id)
    }
}

/// What a log has, one after the other.
#[derive(Debug)]
#[non_exhaustive]
pub enum Part {
    /// Records.
    Block(Block),
    /// Records are missing here.
    Hole(Hole),
}

/// Reads all segments of a log.
#[derive(Debug)]
pub struct LogReader<'a> {
    log: &'a DecisionLog,
    next: usize,
    segment: Option<AnySegment>,
    range: TimeRange,
}

impl Iterator for LogReader<'_> {
    type Item = Result<Part, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(segment) = &mut self.segment else {
                let next = self.log.segments.get(self.next)?;
                self.next += 1;
                match self.log.read_segment(next) {
                    Ok(opened) => self.segment = Some(opened.within(self.range)),
                    // Removed since the log was opened, as its age or size asked.
                    Err(LogError::Io { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Some(Err(error)),
                }
                continue;
            };
            match segment.next() {
                Some(part) => return Some(part),
                None => self.segment = None,
            }
        }
    }
}

/// Reads one segment: blocks of records and holes, in the order in which they were written. After a [`LogError::Fault`] it goes on.
#[derive(Debug)]
pub struct SegmentReader<R> {
    source: Source<R>,
    path: Arc<Path>,
    header: SegmentHeader,
    contexts: Arc<SegmentContexts>,
    next_frame: u32,
    /// How many records are before the frame that follows, with those that are left out.
    records: u64,
    range: TimeRange,
    state: State,
    /// What follows a fault that was found before it.
    held: Option<Box<Part>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Frames follow.
    Reading,
    /// A frame with records about the whole segment was the last one.
    Complete,
    /// Nothing more can be read.
    Ended,
}

impl<R: Read + Seek> SegmentReader<R> {
    fn new(reader: R, path: &Path, shared: Arc<SharedContexts>) -> Result<Self, LogError> {
        let fault = |(offset, kind)| Fault { path: path.to_owned(), offset, kind };
        let mut source = Source::new(reader);
        source.fill(SEGMENT_HEADER_BYTES).map_err(LogError::io(path))?;
        let header = SegmentHeader::from_bytes(source.head(SEGMENT_HEADER_BYTES)).map_err(fault)?;
        source.skip(SEGMENT_HEADER_BYTES as u64).map_err(LogError::io(path))?;
        Ok(Self {
            source,
            path: path.into(),
            header,
            contexts: Arc::new(SegmentContexts::new(shared)),
            next_frame: 0,
            records: 0,
            range: TimeRange::ALL,
            state: State::Reading,
            held: None,
        })
    }

    /// Reads a segment from something else than a file of a log; `path` is what its faults name it by.
    ///
    /// # Errors
    /// It cannot be read, or its header says that it is no segment that this version reads.
    pub fn open(reader: R, path: &Path) -> Result<Self, LogError> {
        Self::new(reader, path, Arc::default())
    }

    /// Leaves out blocks whose records are all out of a range. Those that are left may have some that are.
    #[must_use]
    pub fn within(self, range: TimeRange) -> Self {
        Self { range, ..self }
    }

    /// What it begins with.
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// Whether its last frame was read, which says that the segment is complete. A segment that is being written is not, nor is one
    /// whose writer was killed.
    pub fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    fn fault(&self, offset: u64, kind: FaultKind) -> LogError {
        Fault { path: self.path.to_path_buf(), offset, kind }.into()
    }

    fn step(&mut self) -> Result<Option<Part>, LogError> {
        let io = |error| LogError::io(&self.path)(error);
        let offset = self.source.offset;
        let available = self.source.fill(HEADER_BYTES).map_err(io)?;
        if available == 0 {
            if self.state == State::Reading {
                self.state = State::Ended;
            }
            return Ok(None);
        }
        let header = self.source.head(HEADER_BYTES).first_chunk().and_then(FrameHeader::from_bytes);
        let Some(header) = header else {
            return Err(self.resume(offset));
        };
        let length = HEADER_BYTES + header.stored as usize;
        let is_wanted = header.kind != Kind::Records || self.range.may_have(header.first, header.last);
        if !is_wanted {
            // A cut frame is found by its length.
            if self.source.skip(length as u64).map_err(io)? < length as u64 {
                return Err(self.cut(offset));
            }
            self.records += u64::from(header.records);
            return self.follow(offset, header.number).map(|()| None);
        }
        if self.source.fill(length).map_err(io)? < length {
            return Err(self.cut(offset));
        }
        let stored = self.source.head(length)[HEADER_BYTES..].to_vec();
        self.source.skip(length as u64).map_err(io)?;
        let first_record = self.records;
        self.records += u64::from(header.records);
        let found = crc32fast::hash(&stored);
        if found != header.checksum {
            self.next_frame = header.number.wrapping_add(1);
            let kind = FaultKind::Checksum { records: header.records, found, expected: header.checksum };
            return Err(self.fault(offset, kind));
        }
        let gap = self.follow(offset, header.number).err();
        let part = self.part(offset, first_record, header, stored)?;
        match gap {
            None => Ok(part),
            Some(gap) => {
                self.held = part.map(Box::new);
                Err(gap)
            }
        }
    }

    fn part(
        &mut self,
        offset: u64,
        first_record: u64,
        header: FrameHeader,
        stored: Vec<u8>,
    ) -> Result<Option<Part>, LogError> {
        match header.kind {
            Kind::Records => {
                let (path, contexts) = (self.path.clone(), self.contexts.clone());
                return Ok(Some(Part::Block(Block::new(
                    path,
                    offset,
                    first_record,
                    header,
                    Payload::Frame(stored),
                    contexts,
                ))));
            }
            Kind::Unknown(number) => return Err(self.fault(offset, FaultKind::UnknownKind { number })),
            Kind::End => {
                self.state = State::Complete;
                return Ok(None);
            }
            Kind::Contexts | Kind::Hole => {}
        }
        let content = |reason| self.fault(offset, FaultKind::Content { reason });
        let mut raw = Vec::new();
        header.decompress(&stored, &mut raw).map_err(content)?;
        if header.kind == Kind::Hole {
            return Hole::from_bytes(&raw).map(|hole| Some(Part::Hole(hole))).ok_or_else(|| content("a hole"));
        }
        Arc::make_mut(&mut self.contexts)
            .read(&raw)
            .map_err(|reason| self.fault(offset, FaultKind::Content { reason }))?;
        Ok(None)
    }

    /// Whether this is the frame that should follow.
    fn follow(&mut self, offset: u64, number: u32) -> Result<(), LogError> {
        let expected = std::mem::replace(&mut self.next_frame, number.wrapping_add(1));
        if number == expected { Ok(()) } else { Err(self.fault(offset, FaultKind::Gap { expected, found: number })) }
    }

    /// The file ends within a frame.
    fn cut(&mut self, offset: u64) -> LogError {
        self.state = State::Ended;
        let bytes = self.source.length_from(offset);
        self.fault(offset, FaultKind::Cut { bytes })
    }

    /// Looks for the next frame after bytes that are none.
    fn resume(&mut self, offset: u64) -> LogError {
        let io = |error| LogError::io(&self.path)(error);
        // The bytes that the file ends with may be the beginning of a frame.
        let mut is_begun = true;
        loop {
            match self.source.fill(HEADER_BYTES) {
                Err(error) => {
                    self.state = State::Ended;
                    return io(error);
                }
                Ok(available) if available < HEADER_BYTES => {
                    let tail = self.source.head(HEADER_BYTES);
                    let is_cut = self.source.offset == offset && MARK.iter().zip(tail).all(|(mark, byte)| mark == byte);
                    self.state = State::Ended;
                    let bytes = self.source.length_from(offset);
                    let kind = if is_cut { FaultKind::Cut { bytes } } else { FaultKind::NoFrame { bytes } };
                    return self.fault(offset, kind);
                }
                Ok(_) => {}
            }
            if !is_begun && self.source.head(HEADER_BYTES).first_chunk().and_then(FrameHeader::from_bytes).is_some() {
                let header = self.source.head(HEADER_BYTES).first_chunk().and_then(FrameHeader::from_bytes);
                // What is missing before it is this fault.
                self.next_frame = header.map_or(self.next_frame, |header| header.number);
                return self.fault(offset, FaultKind::NoFrame { bytes: self.source.offset - offset });
            }
            is_begun = false;
            if let Err(error) = self.source.skip_to_mark() {
                self.state = State::Ended;
                return io(error);
            }
        }
    }
}

impl<R: Read + Seek> Iterator for SegmentReader<R> {
    type Item = Result<Part, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(held) = self.held.take() {
            return Some(Ok(*held));
        }
        while self.state != State::Ended {
            let before = self.source.offset;
            match self.step() {
                Ok(Some(part)) => return Some(Ok(part)),
                Ok(None) if self.source.offset == before => break,
                Ok(None) => {}
                Err(error) => {
                    if matches!(error, LogError::Io { .. }) {
                        self.state = State::Ended;
                    }
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
