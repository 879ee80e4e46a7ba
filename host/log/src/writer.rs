//! The one thread that writes a log.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use crate::converter::Converter;
use crate::entry;
use crate::error::LogUnavailable;
use crate::event::LogEvent;
use crate::folder::LogFolder;
use crate::hole::{Hole, HoleReason};
use crate::lane::LaneEnd;
use crate::options::{Promise, Recipients};
use crate::recorder::{Shared, now};
use crate::segment::{SegmentHeader, file_name};
use crate::segment_writer::{SegmentWriter, Written};

/// Frames are written once there are this many bytes of them.
const WRITE_BYTES: usize = 256 << 10;

/// Under [`Promise::Drop`], how often the file is synced: what the end of the machine's power can take.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether segments are too old or too many, beside the end of each segment.
const REMOVE_EVERY: Duration = Duration::from_secs(60);

/// Dropping is over when nothing was dropped for this long.
const CALM: Duration = Duration::from_secs(1);

pub(crate) struct Writer {
    shared: Arc<Shared>,
    folder: LogFolder,
    next_number: u64,
    lanes: Vec<LaneEnd>,
    segment: Option<SegmentWriter>,
    /// The entries of one ring, in one piece.
    entries: Vec<u8>,
    /// When everything was written last.
    written: Instant,
    synced: Instant,
    removed: Instant,
    /// What is missing and not marked yet.
    busy: Missing,
    disk: Missing,
    /// Records were dropped lately: how many, and when the last one was seen.
    dropping: Option<(u64, Instant)>,
    /// Records that the last round found dropped.
    new_drops: u64,
    is_failing: bool,
    /// How many records were lost since the disk took some.
    lost: u64,
    syncer: Option<Sender<Arc<File>>>,
    converter: Option<Converter>,
}

/// Records that are missing.
#[derive(Debug, Default)]
struct Missing {
    records: u64,
    /// When there was none missing yet.
    since: u64,
}

/// A write that failed, and where.
struct Failure {
    path: Arc<Path>,
    cause: io::Error,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, folder: LogFolder, next_number: u64) -> Self {
        let now = Instant::now();
        Self {
            shared,
            folder,
            next_number,
            lanes: Vec::new(),
            segment: None,
            entries: Vec::new(),
            written: now,
            synced: now,
            removed: now,
            busy: Missing::default(),
            disk: Missing::default(),
            dropping: None,
            new_drops: 0,
            is_failing: false,
            lost: 0,
            syncer: None,
            converter: None,
        }
    }

    /// Makes Parquet files of segments that are finished. Without a thread for it they stay as they are.
    fn start_converter(&mut self) {
        if !self.shared.options.parquet {
            return;
        }
        match Converter::start(self.folder.path().to_owned(), self.shared.options.on_event.clone()) {
            Ok(converter) => {
                converter.finished_below(self.next_number);
                self.converter = Some(converter);
            }
            Err(error) => self.tell(LogEvent::ConversionFailed {
                path: self.folder.path().into(),
                reason: format!("no thread for it: {error}").into(),
            }),
        }
    }

    pub(crate) fn run(mut self) {
        // Twice, so that what was recorded while the first of them began is taken too.
        let mut last_rounds = 2;
        self.remove_old();
        self.start_converter();
        while last_rounds > 0 {
            let is_closing = self.shared.is_closing.load(Ordering::SeqCst);
            let round = self.shared.rounds.begin();
            let flush = is_closing || self.shared.flush_until.load(Ordering::SeqCst) >= round;
            let outcome = self.round(flush).map_err(|failure| self.failed(failure));
            self.shared.rounds.end(round, outcome);
            if is_closing {
                last_rounds -= 1;
            } else {
                std::thread::park_timeout(self.shared.options.write_every.saturating_sub(self.written.elapsed()));
            }
        }
        // It ends before another process may write to the folder, and leaves the last segment to whoever opens the log next.
        self.converter = None;
        self.finish_segment();
        self.lanes.clear();
        self.shared.rounds.close();
    }

    fn keeps(&self) -> bool {
        self.shared.options.promise == Promise::Keep
    }

    fn tell(&self, event: LogEvent) {
        if let Some(tell) = &self.shared.options.on_event {
            tell(event);
        }
    }

    /// Takes what is in the rings, and writes it if it is time.
    fn round(&mut self, flush: bool) -> Result<(), Failure> {
        let began = now();
        self.lanes.append(&mut self.shared.take_new_lanes());
        let taken = self.drain();
        self.note_drops(self.new_drops, began);
        let is_due = flush || self.keeps() || self.written.elapsed() >= self.shared.options.write_every;
        let result = match taken {
            Ok(()) if is_due => self.write(flush),
            other => other,
        };
        if is_due {
            self.written = Instant::now();
        }
        if result.is_ok() {
            self.rotate();
        }
        result
    }

    /// Takes all records out of the rings. After a failure the rest of them is lost, too.
    fn drain(&mut self) -> Result<(), Failure> {
        let mut lanes = std::mem::take(&mut self.lanes);
        let mut result = Ok(());
        self.new_drops = 0;
        lanes.retain_mut(|lane| {
            // Asked before: a thread that ends after this has its records in the next round.
            let is_last = lane.ring.is_abandoned();
            let slots = lane.ring.slots();
            if slots > 0
                && let Ok(chunk) = lane.ring.read_chunk(slots)
            {
                let (first, second) = chunk.as_slices();
                self.entries.clear();
                self.entries.extend_from_slice(first);
                self.entries.extend_from_slice(second);
                chunk.commit_all();
                let entries = std::mem::take(&mut self.entries);
                let taken = self.take(&entries, result.is_ok());
                self.entries = entries;
                result = std::mem::replace(&mut result, Ok(())).and(taken);
            }
            self.new_drops += lane.new_drops();
            !is_last
        });
        self.lanes = lanes;
        result
    }

    /// Adds the records of a ring to the segment.
    fn take(&mut self, mut entries: &[u8], is_writing: bool) -> Result<(), Failure> {
        let mut result = if is_writing { self.begin_segment() } else { Ok(()) };
        let mut lost = 0;
        while let Some((one, rest)) = entry::split(entries) {
            entries = rest;
            let mut attributes = Vec::new();
            let record = entry::decode(one, &mut attributes);
            let segment = self.segment.as_mut().filter(|_| is_writing && result.is_ok());
            let (Some(record), Some(segment)) = (record, segment) else {
                lost += 1;
                continue;
            };
            let pushed = segment.push(&record, self.shared.key.as_ref(), &self.shared.declared);
            let written = pushed.and_then(|()| match segment.pending_bytes() >= WRITE_BYTES {
                true => segment.write_frames(),
                false => Ok(Written::default()),
            });
            match written {
                Ok(written) => self.shared.counts.add(written),
                Err(cause) => result = Err(Failure { path: segment.path().clone(), cause }),
            }
        }
        self.lose(lost);
        result
    }

    fn begin_segment(&mut self) -> Result<(), Failure> {
        if self.segment.is_some() {
            return Ok(());
        }
        let options = &self.shared.options;
        let header = SegmentHeader {
            recipients: if self.shared.key.is_some() { Recipients::Sealed } else { Recipients::Plain },
            promise: options.promise,
            number: self.next_number,
            created: now(),
            key_id: self.shared.key.as_ref().map_or([0; 16], |key| key.id()),
        };
        match SegmentWriter::create(&self.folder.private, header) {
            Ok(segment) => {
                self.next_number += 1;
                self.segment = Some(segment);
                Ok(())
            }
            Err(cause) => {
                let path = self.folder.path().join(file_name(self.next_number)).into();
                // A file that could not be removed after an error is not written to.
                self.next_number += u64::from(cause.kind() == io::ErrorKind::AlreadyExists);
                Err(Failure { path, cause })
            }
        }
    }

    /// Writes all records that were taken, and marks what is missing.
    fn write(&mut self, flush: bool) -> Result<(), Failure> {
        let holes = [(&self.disk, HoleReason::Disk), (&self.busy, HoleReason::Busy)].map(|(missing, reason)| Hole {
            records: missing.records,
            from: missing.since,
            until: now(),
            reason,
        });
        // In a log that keeps its promise, decisions without a record were refused.
        let has_hole = !self.keeps() && holes.iter().any(|hole| hole.records > 0);
        // Whether the disk works again is found out without a record: nobody may be sent to a service that refuses.
        let tries = self.is_failing && self.segment.is_none();
        if has_hole || tries {
            self.begin_segment()?;
        }
        let syncs = flush || self.keeps();
        let Some(segment) = &mut self.segment else { return Ok(()) };
        let written = holes
            .iter()
            .filter(|hole| has_hole && hole.records > 0)
            .try_for_each(|hole| segment.hole(hole))
            .and_then(|()| segment.write())
            .and_then(|written| if syncs { segment.sync() } else { Ok(()) }.map(|()| written));
        let written = written.map_err(|cause| Failure { path: segment.path().clone(), cause })?;
        self.shared.counts.add(written);
        let is_unsynced = segment.is_unsynced();
        let file = segment.file().clone();
        if is_unsynced && self.synced.elapsed() >= SYNC_EVERY {
            self.sync_beside(file);
        }
        self.disk.records = 0;
        self.busy.records = 0;
        if (written.bytes > 0 || tries) && self.is_failing {
            self.is_failing = false;
            let lost = std::mem::take(&mut self.lost);
            self.shared.counts.failing_since.store(0, Ordering::Relaxed);
            self.tell(LogEvent::DiskRecovered { lost });
        }
        Ok(())
    }

    /// Has another thread sync the file, since decisions go on meanwhile.
    fn sync_beside(&mut self, file: Arc<File>) {
        self.synced = Instant::now();
        let syncer = self.syncer.get_or_insert_with(|| {
            let (files, waiting) = bounded::<Arc<File>>(1);
            let run = move || {
                for file in waiting {
                    // If it fails, so does the next write.
                    let _ = file.sync_data();
                }
            };
            // Without the thread nothing takes the files, and the system writes them by itself.
            let _ = std::thread::Builder::new().name("callsign-log-sync".into()).spawn(run);
            files
        });
        // While one waits, the next one is of no use.
        let _ = syncer.try_send(file);
    }

    /// Notes records that were dropped since the last round; this one began at `began`.
    fn note_drops(&mut self, dropped: u64, began: u64) {
        if self.busy.records == 0 && dropped == 0 {
            self.busy.since = began;
        }
        self.busy.records += dropped;
        self.shared.counts.dropped.fetch_add(dropped, Ordering::Relaxed);
        match self.dropping {
            None if dropped > 0 => {
                self.dropping = Some((dropped, Instant::now()));
                self.tell(LogEvent::DropsBegan);
            }
            Some((before, _)) if dropped > 0 => self.dropping = Some((before + dropped, Instant::now())),
            Some((dropped, last)) if last.elapsed() >= CALM => {
                self.dropping = None;
                self.tell(LogEvent::DropsEnded { dropped });
            }
            _ => {}
        }
    }

    fn lose(&mut self, records: u64) {
        if records > 0 && self.disk.records == 0 {
            self.disk.since = now();
        }
        self.disk.records += records;
        self.lost += records;
        if !self.keeps() {
            self.shared.counts.dropped.fetch_add(records, Ordering::Relaxed);
        }
    }

    /// The disk failed. The segment is cut back to what is whole, and the next one begins when the disk takes it.
    fn failed(&mut self, failure: Failure) -> LogUnavailable {
        let Failure { path, cause } = failure;
        if !self.is_failing {
            self.is_failing = true;
            self.shared.counts.failing_since.store(now() / 1_000_000, Ordering::Relaxed);
            self.tell(LogEvent::DiskFailed { path: path.clone(), reason: cause.to_string().into() });
        }
        if let Some(segment) = self.segment.take() {
            self.lose(segment.unwritten());
            segment.abandon(self.keeps());
        }
        LogUnavailable::Disk { path, cause: Arc::new(cause) }
    }

    fn rotate(&mut self) {
        let options = &self.shared.options;
        let is_full = |segment: &SegmentWriter| {
            segment.bytes() >= options.segment_bytes
                || segment.created().elapsed() >= options.segment_age && segment.records() > 0
        };
        let is_full = self.segment.as_ref().is_some_and(is_full);
        if is_full {
            self.finish_segment();
        }
        if is_full || self.removed.elapsed() >= REMOVE_EVERY {
            self.remove_old();
        }
    }

    fn finish_segment(&mut self) {
        let Some(segment) = self.segment.take() else { return };
        let path = segment.path().clone();
        let unwritten = segment.unwritten();
        match segment.finish() {
            Ok(written) => {
                self.shared.counts.add(written);
                self.shared.counts.segments.fetch_add(1, Ordering::Relaxed);
                self.tell(LogEvent::SegmentFinished { path });
                if let Some(converter) = &self.converter {
                    converter.finished_below(self.next_number);
                }
            }
            Err(cause) => {
                self.lose(unwritten);
                self.failed(Failure { path, cause });
            }
        }
    }

    fn remove_old(&mut self) {
        self.removed = Instant::now();
        let options = &self.shared.options;
        // A segment that is being written has a number below the next one.
        let current = self.next_number - u64::from(self.segment.is_some());
        match self.folder.remove_old(current, options.keep_age, options.keep_bytes) {
            Ok(removed) => {
                removed.into_iter().for_each(|path| self.tell(LogEvent::SegmentRemoved { path: path.into() }));
            }
            Err(error) => {
                self.tell(LogEvent::DiskFailed { path: self.folder.path().into(), reason: error.to_string().into() });
            }
        }
    }
}
