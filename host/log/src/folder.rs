//! The folder of a log: one process writes to it, its old segments go, and what a killed process left is cut to whole frames.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use callsign_private::{Access, FileError, PrivateFolder};

use crate::error::{FaultKind, LogError};
use crate::frame::{FrameHeader, HEADER_BYTES, MARK};
use crate::segment::{self, SEGMENT_HEADER_BYTES, SegmentHeader};

/// The file that the writing process holds a lock on.
const LOCK: &str = "lock";

/// The folder of a log, for the one process that writes to it.
#[derive(Debug)]
pub(crate) struct LogFolder {
    pub(crate) private: PrivateFolder,
    lock: File,
}

impl Drop for LogFolder {
    /// Gives the lock back at once: closing the file would leave it with a child process that is just being started, which has a copy
    /// of each open file until its own program begins.
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

impl LogFolder {
    /// Opens the folder, which is made with mode 0700 if there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, LogError> {
        let private = PrivateFolder::create(path)?;
        let lock = private.open_or_create(LOCK, Access::Readable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { private, lock }),
            Err(TryLockError::WouldBlock) => Err(LogError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(LogError::io(&path.join(LOCK))(error)),
        }
    }

    /// Opens a folder that has a log.
    pub(crate) fn open_existing(path: &Path) -> Result<Self, LogError> {
        if segment::list_readable(path)?.is_empty() {
            return Err(LogError::NoLog { path: path.to_owned(), wanted: "decisions-*.log" });
        }
        Self::open(path)
    }

    pub(crate) fn path(&self) -> &Path {
        self.private.path()
    }

    /// The number for the next segment. What a killed process left of its last frame is cut off before.
    pub(crate) fn next_number(&self) -> Result<u64, LogError> {
        let files = segment::list_all(self.path()).map_err(LogError::io(self.path()))?;
        if let Some(newest) = segment::list(self.path())?.last() {
            cut_tail(&newest.path).map_err(LogError::io(&newest.path))?;
        }
        Ok(files.last().map_or(0, |(number, ..)| *number) + 1)
    }

    /// Removes the oldest segments, with what was made of them, as long as they are too old or the log is too large. The segment with
    /// the number `current` and later ones stay. The files that were removed.
    pub(crate) fn remove_old(
        &self,
        current: u64,
        keep_age: Option<Duration>,
        keep_bytes: Option<u64>,
    ) -> io::Result<Vec<PathBuf>> {
        let files = segment::list_all(self.path())?;
        let mut bytes: u64 = files.iter().map(|(.., bytes)| bytes).sum();
        let now = SystemTime::now();
        let is_old = |path: &Path| {
            let written = fs::metadata(path).and_then(|metadata| metadata.modified());
            let age = written.ok().and_then(|written| now.duration_since(written).ok());
            keep_age.is_some_and(|keep| age.is_some_and(|age| age > keep))
        };
        let mut removed = Vec::new();
        for of_segment in files.chunk_by(|(one, ..), (other, ..)| one == other) {
            let number = of_segment[0].0;
            let is_over = keep_bytes.is_some_and(|keep| bytes > keep);
            if number >= current || !is_over && !of_segment.iter().all(|(_, path, _)| is_old(path)) {
                break;
            }
            for (_, path, size) in of_segment {
                match fs::remove_file(path) {
                    Ok(()) => removed.push(path.clone()),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
                bytes = bytes.saturating_sub(*size);
            }
        }
        Ok(removed)
    }
}

/// Cuts the part of a frame off that a segment ends with, and removes a segment whose header is not whole. Anything else that is
/// wrong stays as it is.
fn cut_tail(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let mut header = Vec::new();
    (&mut file).take(SEGMENT_HEADER_BYTES as u64).read_to_end(&mut header)?;
    match SegmentHeader::from_bytes(&header) {
        Ok(_) => {}
        Err((_, FaultKind::Cut { .. })) => return fs::remove_file(path),
        Err(_) => return Ok(()),
    }
    let mut offset = SEGMENT_HEADER_BYTES as u64;
    while offset < length {
        file.seek(SeekFrom::Start(offset))?;
        let mut header = Vec::with_capacity(HEADER_BYTES);
        (&mut file).take(HEADER_BYTES as u64).read_to_end(&mut header)?;
        let Some(whole) = header.first_chunk::<HEADER_BYTES>() else {
            let is_begun = MARK.iter().zip(&header).all(|(mark, found)| mark == found);
            return if is_begun { cut(&file, offset) } else { Ok(()) };
        };
        let Some(frame) = FrameHeader::from_bytes(whole) else { return Ok(()) };
        let end = offset + HEADER_BYTES as u64 + u64::from(frame.stored);
        if end > length {
            return cut(&file, offset);
        }
        offset = end;
    }
    Ok(())
}

fn cut(file: &File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.sync_all()
}

impl From<LogError> for io::Error {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Io { cause, .. } | LogError::File(FileError::Io { cause, .. }) => cause,
            other => io::Error::other(other),
        }
    }
}
