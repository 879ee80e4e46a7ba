//! What happens to a log, for those who watch it.

use std::path::Path;
use std::sync::Arc;

/// Something that happened to a log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogEvent {
    /// Records are dropped since a ring is full: decisions are faster than the writer.
    DropsBegan,
    /// No record was dropped in the last second.
    DropsEnded {
        /// How many were dropped since it began.
        dropped: u64,
    },
    /// The disk is full or fails.
    DiskFailed {
        /// The file.
        path: Arc<Path>,
        /// What the system says.
        reason: Arc<str>,
    },
    /// The disk takes records again.
    DiskRecovered {
        /// How many records were lost meanwhile; under [`Promise::Keep`](crate::Promise::Keep) their decisions were refused.
        lost: u64,
    },
    /// A segment is complete and will not change any more.
    SegmentFinished {
        /// Its file.
        path: Arc<Path>,
    },
    /// A segment became a Parquet file.
    SegmentConverted {
        /// The Parquet file.
        path: Arc<Path>,
    },
    /// A segment could not become a Parquet file. It stays as it is; it is tried again when the log is opened next.
    ConversionFailed {
        /// Its file.
        path: Arc<Path>,
        /// Why.
        reason: Arc<str>,
    },
    /// A segment was removed, as its age or the size of the log asks.
    SegmentRemoved {
        /// Its file.
        path: Arc<Path>,
    },
}
