//! What can go wrong with a log, and where.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use callsign_private::FileError;

/// Why a log is not opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The system cannot do it.
    #[error("{path}: {cause}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A file or folder of the log is not used: it is another user's, a link, or open to others.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process writes to the folder.
    #[error(
        "{path}: another process writes to this log; give each process a folder of its own, or end the other one",
        path = path.display()
    )]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// There is no such folder, or it is no log.
    #[error("{path}: there is no decision log in it (no {wanted})", path = path.display())]
    NoLog {
        /// The folder.
        path: PathBuf,
        /// What a log would have.
        wanted: &'static str,
    },
    /// The file `key` of a log is not a key.
    #[error("{path} is not a key of a log: it should have {wanted}", path = path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What a key looks like.
        wanted: &'static str,
    },
    /// Recipients are sealed under a key that was not given.
    #[error("{path}: its recipients are sealed, and can be found with the key of the log only; give the file of the key", path = path.display())]
    Sealed {
        /// The segment.
        path: PathBuf,
    },
    /// An option is out of its range.
    #[error("{option} is {value}; it must be {wanted}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What it is.
        value: u64,
        /// What it may be.
        wanted: &'static str,
    },
    /// A part of a segment is not what it should be.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl LogError {
    /// A [`LogError::Io`] for `map_err`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |cause| Self::Io { path: path.to_owned(), cause }
    }
}

/// What is wrong in a segment, and where. What is whole before and after it is still read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}, byte {offset}: {kind}", path = path.display())]
pub struct Fault {
    /// The file of the segment.
    pub path: PathBuf,
    /// Where in the file, in bytes from its beginning.
    pub offset: u64,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong in a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// It is no segment of a decision log.
    #[error("this is no segment of a decision log: it does not begin with CALLSIGNLOG")]
    Foreign,
    /// A later version of the format.
    #[error("the format has version {found}; this program reads version {known}: use a newer callsign")]
    Newer {
        /// The version of the file.
        found: u16,
        /// The version that is read.
        known: u16,
    },
    /// The header of the file is not whole, or not as it was written.
    #[error("the header of the segment is damaged")]
    Header,
    /// The file ends within a frame: its writer was killed, or the machine lost its power.
    #[error("the segment ends within a frame; its last {bytes} bytes are left out")]
    Cut {
        /// How many bytes are no whole frame.
        bytes: u64,
    },
    /// Bytes that are no frame.
    #[error("{bytes} bytes are no frame of the log; reading goes on after them")]
    NoFrame {
        /// How many.
        bytes: u64,
    },
    /// The checksum of a frame differs from its bytes.
    #[error(
        "the checksum of a frame with {records} records is {found:08x} and should be {expected:08x}; it is left out"
    )]
    Checksum {
        /// How many records it says that it has.
        records: u32,
        /// The checksum of its bytes.
        found: u32,
        /// The checksum that was written.
        expected: u32,
    },
    /// The frame numbers have a gap, and no damage is found between them.
    #[error("frame {expected} is missing; frame {found} follows")]
    Gap {
        /// The number that should follow.
        expected: u32,
        /// The number that follows.
        found: u32,
    },
    /// A frame whose checksum is right has something in it that cannot be.
    #[error("a frame cannot be read: {reason}; it is left out")]
    Content {
        /// What cannot be.
        reason: &'static str,
    },
    /// A Parquet file, or a row group of it, cannot be read.
    #[error("the Parquet file cannot be read: {reason}")]
    Parquet {
        /// What cannot be.
        reason: Box<str>,
    },
    /// A frame of a kind that this version does not know.
    #[error("a frame of kind {number} is unknown; it is left out")]
    UnknownKind {
        /// The number of the kind.
        number: u8,
    },
}

/// A decision could not be recorded, so under [`Promise::Keep`](crate::Promise::Keep) it must not be answered: `LOG_UNAVAILABLE`.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LogUnavailable {
    /// The disk is full or fails.
    #[error("the decision log cannot be written: {path}: {cause}", path = path.display())]
    Disk {
        /// The file.
        path: Arc<Path>,
        /// What the system says.
        cause: Arc<io::Error>,
    },
    /// The disk failed many times since the decision was made, so it is not known whether its record is there.
    #[error("the decision log failed many times since the decision was made")]
    Late,
    /// The log was closed.
    #[error("the decision log was closed")]
    Closed,
    /// The record has more bytes than a record may have.
    #[error("the record of a decision has {bytes} bytes; it may have {limit}", limit = crate::MAX_RECORD_BYTES)]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
}
