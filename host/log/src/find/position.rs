//! Where a record is in a log.

use std::fmt;
use std::str::FromStr;

/// Where a record is in a log: its segment and its place there, which stay when the segment becomes a Parquet file. Later records
/// are greater. As text it is `42-1234`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// The number of the segment, from 1.
    pub segment: u64,
    /// The place in the segment, from 0.
    pub record: u64,
}

/// A text that is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no position in a decision log: an earlier page gives one, such as 42-1234")]
pub struct NoPosition;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.segment, self.record)
    }
}

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let number = |text: &str| {
            let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            if is_plain { text.parse().ok() } else { None }
        };
        let (segment, record) = text.split_once('-').ok_or(NoPosition)?;
        Ok(Self { segment: number(segment).ok_or(NoPosition)?, record: number(record).ok_or(NoPosition)? })
    }
}
