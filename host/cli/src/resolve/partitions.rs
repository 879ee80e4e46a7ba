//! Decides chunks in parallel, with the same result as one after the other.
//!
//! The pin of its recipient is all that ties a decision to the messages before it. So each recipient belongs to one of
//! a few partitions: within a partition the chunks are decided in their order, and different chunks can be in different
//! partitions at the same time.

use callsign::{DecisionRef, Decisions, Gateway, Message, Number};

use super::recycling::emptied;
use super::sequencer::{Sequencer, Stopped};

/// A chunk has about 2,000 messages: an eighth of it is about what the policy takes in one call.
const PARTITIONS: usize = 8;

/// The partitions, and the gateway that decides.
pub(super) struct Partitions {
    gateway: Gateway,
    sequencers: Vec<Sequencer<()>>,
}

/// The messages of a chunk by partition.
#[derive(Default)]
pub(super) struct Division<'m> {
    parts: Vec<Vec<Message<'m>>>,
    /// The partition of each message, in their order.
    partition_of: Vec<u8>,
}

// === impl Partitions ===

impl Partitions {
    /// One partition for one worker, which has nothing to divide.
    pub(super) fn new(gateway: Gateway, workers: usize) -> Self {
        let partitions = if workers > 1 { PARTITIONS } else { 1 };
        Self { gateway, sequencers: (0..partitions).map(|_| Sequencer::new(())).collect() }
    }

    /// Divides messages into an empty division.
    pub(super) fn divide<'m>(
        &self,
        mut division: Division<'m>,
        messages: impl Iterator<Item = Message<'m>>,
    ) -> Division<'m> {
        let count = self.sequencers.len();
        division.parts.resize_with(count, Vec::new);
        for message in messages {
            let partition = if count == 1 { 0 } else { partition(&message, count) };
            division.parts[partition].push(message);
            division.partition_of.push(partition as u8);
        }
        division
    }

    /// Decides the messages of a chunk. Call it once for every chunk, from any thread and in any order.
    ///
    /// # Errors
    /// [`Partitions::stop`] was called.
    pub(super) fn decide(&self, chunk: u64, division: &Division<'_>) -> Result<Vec<Decisions>, Stopped> {
        let parts = self.sequencers.iter().zip(&division.parts);
        parts.map(|(sequencer, part)| sequencer.run(chunk, |()| self.gateway.resolve_batch(part))).collect()
    }

    /// Makes all waiting workers give up, now and later.
    pub(super) fn stop(&self) {
        self.sequencers.iter().for_each(Sequencer::stop);
    }
}

/// The partition of a message: by the number and not by its text, which can be written in many ways. What is not a number has no pin.
fn partition(message: &Message<'_>, count: usize) -> usize {
    let recipient = Number::parse(message.to).map_or(0, |number| number.recipient().get());
    (recipient % count as u64) as usize
}

// === impl Division ===

impl Division<'_> {
    /// What was decided for each part, in the order of the messages.
    pub(super) fn in_order<'d>(&'d self, decisions: &'d [Decisions]) -> impl Iterator<Item = DecisionRef<'d>> {
        let mut parts: Vec<_> = decisions.iter().map(Decisions::iter).collect();
        // A batch has a decision for each of its messages.
        self.partition_of.iter().filter_map(move |&partition| parts[usize::from(partition)].next())
    }

    /// An empty division with the memory of this one.
    pub(super) fn emptied(mut self) -> Division<'static> {
        self.partition_of.clear();
        Division { parts: self.parts.into_iter().map(emptied).collect(), partition_of: self.partition_of }
    }
}
