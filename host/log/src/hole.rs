//! What is missing in a log, and why.

use crate::varint::{Bytes, put};

/// Records that are missing in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// How many.
    pub records: u64,
    /// All of their decisions were made after this, in microseconds since 1970-01-01 UTC.
    pub from: u64,
    /// And before this.
    pub until: u64,
    /// Why.
    pub reason: HoleReason,
}

/// Why records are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HoleReason {
    /// Decisions were made faster than they could be written.
    Busy,
    /// The disk was full or failed.
    Disk,
    /// A reason of a later version.
    Other(u8),
}

impl HoleReason {
    /// Its word: `BUSY`, `DISK` or `OTHER`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "BUSY",
            Self::Disk => "DISK",
            Self::Other(_) => "OTHER",
        }
    }
}

impl Hole {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![match self.reason {
            HoleReason::Busy => 1,
            HoleReason::Disk => 2,
            HoleReason::Other(number) => number,
        }];
        [self.records, self.from, self.until].into_iter().for_each(|value| put(&mut bytes, value));
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let reason = match bytes.byte()? {
            1 => HoleReason::Busy,
            2 => HoleReason::Disk,
            other => HoleReason::Other(other),
        };
        Some(Self { reason, records: bytes.varint()?, from: bytes.varint()?, until: bytes.varint()? })
    }
}
