//! A segment in either of its forms.

use std::fs::File;

use crate::error::LogError;
use crate::parquet_file::ParquetReader;
use crate::reader::{Part, SegmentReader, TimeRange};
use crate::segment::SegmentHeader;

/// A segment of a log that is read, in either of its forms.
#[derive(Debug)]
pub enum AnySegment {
    /// As it was written.
    Segment(SegmentReader<File>),
    /// As a Parquet file.
    Parquet(Box<ParquetReader>),
}

impl AnySegment {
    /// Leaves out blocks whose records are all out of a range. Those that are left may have some that are.
    #[must_use]
    pub fn within(self, range: TimeRange) -> Self {
        match self {
            Self::Segment(segment) => Self::Segment(segment.within(range)),
            Self::Parquet(file) => Self::Parquet(Box::new(file.within(range))),
        }
    }

    /// What the segment begins with.
    pub fn header(&self) -> &SegmentHeader {
        match self {
            Self::Segment(segment) => segment.header(),
            Self::Parquet(file) => file.header(),
        }
    }

    /// Whether nothing follows what was read: see [`SegmentReader::is_complete`]. A Parquet file is always complete.
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Segment(segment) => segment.is_complete(),
            Self::Parquet(_) => true,
        }
    }
}

impl Iterator for AnySegment {
    type Item = Result<Part, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Segment(segment) => segment.next(),
            Self::Parquet(file) => file.next(),
        }
    }
}
