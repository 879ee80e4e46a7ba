//! Many records as columns, which is how they are on disk: what is alike stands together, and compresses.
//!
//! `docs/decision-log.md` describes the bytes. A text or the key of a sender is written once for each block and named by its place
//! after that, so a block is read without any other.

mod decode;
mod encode;

pub use decode::Records;
pub(crate) use encode::BlockBuilder;

/// The most records of a block.
pub(crate) const MAX_BLOCK_RECORDS: usize = 16_384;

/// The columns of a block, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Shape,
    Time,
    Took,
    Catalog,
    Policy,
    Signals,
    MessageIdLength,
    MessageId,
    TraceId,
    Application,
    Entity,
    Recipient,
    Country,
    AreaCode,
    From,
    MessageType,
    SentAt,
    Attributes,
    PinRead,
    Answer,
    Strategy,
    Step,
}

/// How many columns there are.
const COLUMNS: usize = Column::Step as usize + 1;
