//! What was read from a chunk: messages, and lines that are not messages.

use super::chunks::MAX_LINE;
use super::fields::{Fields, ParsedMessage, check_length};
use super::recycling::emptied;

/// The messages and faults of a chunk.
#[derive(Debug, Default)]
pub(super) struct Batch<'a> {
    /// The messages, in their order.
    pub(super) messages: Vec<ParsedMessage<'a>>,
    /// The lines that are not messages, in their order.
    pub(super) faults: Vec<Fault>,
}

/// A line that is not a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// How many messages of the batch come before it.
    pub(super) before: usize,
    /// The number of its line in the input, from 1.
    pub(super) line: u64,
    /// Its `messageId`, if that can be read.
    pub(super) message_id: Option<String>,
    /// What is wrong.
    pub(super) message: String,
}

impl<'a> Batch<'a> {
    /// The batch of one line that is too long to be read.
    pub(super) fn too_long(line: u64) -> Self {
        let mut batch = Self::default();
        batch.fault(line, None, too_long());
        batch
    }

    /// An empty batch with the memory of this one.
    pub(super) fn emptied(mut self) -> Batch<'static> {
        self.faults.clear();
        Batch { messages: emptied(self.messages), faults: self.faults }
    }

    /// Adds the fields of a line, as a message or as a fault.
    #[inline]
    pub(super) fn add(&mut self, line: u64, fields: Fields<'a>) {
        match fields.check() {
            Ok(checked) => self.messages.push(ParsedMessage::new(fields, checked)),
            Err(fault) => self.fault(line, fields.message_id.map(|id| id.0.into_owned()), fault),
        }
    }

    /// Adds a line that is not a message.
    pub(super) fn fault(&mut self, line: u64, message_id: Option<String>, message: String) {
        let message_id = message_id.filter(|id| check_length(id).is_ok());
        self.faults.push(Fault { before: self.messages.len(), line, message_id, message });
    }
}

/// The fault of a line over the limit.
pub(super) fn too_long() -> String {
    format!("longer than {MAX_LINE} bytes")
}
