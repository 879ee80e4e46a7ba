//! Decides chunks in parallel, with the same result as one after the other.
//!
//! The pin of its recipient is all that ties a decision to the messages before it. So each recipient belongs to one of
//! a few partitions: within a partition the chunks are decided in their order, and different chunks can be in different
//! partitions at the same time.

use callsign::{DecisionRef, Decisions, Gateway, Message, Number};

use super::sequencer::{Sequencer, Stopped};

/// A chunk has about 2,000 messages: an eighth of it is about what the policy takes in one call.
const PARTITIONS: usize = 8;

/// The partitions, and the gateway that decides.
pub(super) struct Partitions {
    gateway: Gateway,
    sequencers: Vec<Sequencer<()>>,
}

/// The decisions of a chunk.
pub(super) struct ChunkDecisions {
    by_partition: Vec<Decisions>,
    /// The partition of each message.
    partition_of: Vec<u8>,
}

impl Partitions {
    /// One partition for one worker, which has nothing to divide.
    pub(super) fn new(gateway: Gateway, workers: usize) -> Self {
        let partitions = if workers > 1 { PARTITIONS } else { 1 };
        Self { gateway, sequencers: (0..partitions).map(|_| Sequencer::new(())).collect() }
    }

    /// Decides the messages of a chunk. Call it once for every chunk, from any thread and in any order.
    ///
    /// # Errors
    /// [`Partitions::stop`] was called.
    pub(super) fn decide(&self, chunk: u64, messages: &[Message<'_>]) -> Result<ChunkDecisions, Stopped> {
        if let [sequencer] = &*self.sequencers {
            let decisions = sequencer.run(chunk, |()| self.gateway.resolve_batch(messages))?;
            return Ok(ChunkDecisions { by_partition: vec![decisions], partition_of: vec![0; messages.len()] });
        }
        let count = self.sequencers.len();
        let mut parts = vec![Vec::with_capacity(2 * messages.len() / count); count];
        let mut partition_of = Vec::with_capacity(messages.len());
        for message in messages {
            // By the number and not by its text, which can be written in many ways. What is not a number has no pin.
            let recipient = Number::parse(message.to).map_or(0, |number| number.recipient().get());
            let partition = (recipient % count as u64) as usize;
            parts[partition].push(*message);
            partition_of.push(partition as u8);
        }
        let decided = self.sequencers.iter().zip(&parts);
        let decided = decided.map(|(sequencer, part)| sequencer.run(chunk, |()| self.gateway.resolve_batch(part)));
        Ok(ChunkDecisions { by_partition: decided.collect::<Result<_, _>>()?, partition_of })
    }

    /// Makes all waiting workers give up, now and later.
    pub(super) fn stop(&self) {
        self.sequencers.iter().for_each(Sequencer::stop);
    }
}

impl ChunkDecisions {
    /// The decisions in the order of the messages.
    pub(super) fn iter(&self) -> impl Iterator<Item = DecisionRef<'_>> {
        let mut partitions: Vec<_> = self.by_partition.iter().map(Decisions::iter).collect();
        // A batch has a decision for each of its messages.
        self.partition_of.iter().filter_map(move |&partition| partitions[usize::from(partition)].next())
    }
}
