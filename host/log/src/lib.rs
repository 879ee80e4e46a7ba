//! The decision log: what was decided, and all that the decision read, so that it can be found, replayed and compared.
//!
//! A [`Record`] is one decision. What many decisions share is declared once and named by a number: the catalog
//! ([`CatalogContext`]), the policy with its settings ([`PolicyContext`]) and the signals ([`SignalsContext`]).
//!
//! A [`Recorder`] writes a log, and a [`DecisionLog`] reads one. The format is described in `docs/decision-log.md`.
#![forbid(unsafe_code)]

mod any_segment;
mod block;
mod context;
mod context_frame;
mod converter;
mod declared;
mod entry;
mod error;
mod event;
mod find;
mod folder;
mod frame;
mod hole;
mod key;
mod lane;
mod logged;
mod names;
mod options;
mod parquet_file;
mod reader;
mod record;
mod recorder;
mod rounds;
mod segment;
mod segment_contexts;
mod segment_writer;
mod shape;
mod source;
mod statistics;
mod stored_block;
mod varint;
mod writer;

pub use any_segment::AnySegment;
pub use block::Records;
pub use context::{
    CatalogContext, CatalogId, HealthReport, NumberOfSender, PolicyContext, PolicyId, SignalsContext, SignalsId,
};
pub use converter::convert_log;
pub use entry::MAX_RECORD_BYTES;
pub use error::{Fault, FaultKind, LogError, LogUnavailable};
pub use event::LogEvent;
pub use find::{MAX_PAGE, NoPosition, Page, Position, Query, QueryError, find};
pub use hole::{Hole, HoleReason};
pub use key::LogKey;
pub use logged::{LoggedDecision, LoggedPolicy, LoggedRefusal, rfc3339};
pub use options::{Attributes, LogOptions, OnEvent, Promise, Recipients};
pub use parquet_file::ParquetReader;
pub use reader::{DecisionLog, LogReader, Part, SegmentReader, TimeRange};
pub use record::{Answer, AttributesRead, PinRead, PinWrite, Recipient, Record};
pub use recorder::{LogCounters, Recorded, Recorder};
pub use rounds::Ticket;
pub use segment::{FORMAT_VERSION, SegmentFile, SegmentHeader};
pub use statistics::{Statistics, count};
pub use stored_block::Block;
