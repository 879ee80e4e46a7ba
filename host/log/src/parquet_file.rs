//! Finished segments as Parquet files, which DuckDB, pandas and Spark read as they are.
//!
//! A file has one row for each record of its segment, in the same order, in row groups of 131,072. Bloom filters say whether a row
//! group has a message id, a recipient, a sender, an entity, an application or a refusal; statistics say which times it has. What many
//! records share and a row only names, signals and settings of policies, is in the metadata, so that a file is replayed as its segment
//! would have been. `docs/decision-log.md` describes the columns and the metadata.

mod blocks;
mod bloom;
mod columns;
mod contexts;
mod convert;
mod file;
mod rows;
mod source;
mod writer;

pub use blocks::ParquetReader;
pub(crate) use blocks::ParquetRows;
pub(crate) use columns::Field;
pub(crate) use convert::convert;
pub(crate) use file::{Filter, ParquetFile, Wanted};

/// What the name of a file ends with, in place of that of its segment.
pub(crate) const SUFFIX: &str = ".parquet";

/// The version of the log's format.
const VERSION_KEY: &str = "callsign.log";

/// The header of the segment, in hexadecimal.
const SEGMENT_KEY: &str = "callsign.segment";

/// Catalogs and policies: a frame of contexts, compressed, in hexadecimal.
const CONTEXTS_KEY: &str = "callsign.contexts";

/// Signals, by the row that they stand before.
const SIGNALS_KEY: &str = "callsign.signals";

/// Holes, by the row that they stand before.
const HOLES_KEY: &str = "callsign.holes";

fn parquet_kind(error: &::parquet::errors::ParquetError) -> crate::error::FaultKind {
    crate::error::FaultKind::Parquet { reason: error.to_string().into() }
}
