//! Decisions in order, where order matters: messages to one recipient.
//!
//! A decision depends on the messages before it through the pin of its recipient and nothing else. So every recipient
//! belongs to one of a few lanes, and chunks take turns in each lane, while different chunks are in different lanes at
//! the same time.

use callsign::{DecisionRef, Decisions, Destination, Gateway, Message};

use super::turn::{Stopped, Turn};

/// A chunk has some 2,000 messages: with this many lanes a lane gets about what the policy takes in one call.
const LANES: usize = 8;

/// Decides chunks side by side, as if one after another.
pub(super) struct Lanes {
    gateway: Gateway,
    turns: Vec<Turn<()>>,
}

/// The decisions of a chunk.
pub(super) struct Decided {
    lanes: Vec<Decisions>,
    /// The lane of each message.
    places: Vec<u8>,
}

impl Lanes {
    /// For one worker there is nothing to divide.
    pub(super) fn new(gateway: Gateway, workers: usize) -> Self {
        let lanes = if workers > 1 { LANES } else { 1 };
        Self { gateway, turns: (0..lanes).map(|_| Turn::new(())).collect() }
    }

    /// Decides the messages of a chunk. Every chunk has to come here, in any order and at any time.
    ///
    /// # Errors
    /// [`Lanes::stop`] was called.
    pub(super) fn decide(&self, chunk: u64, messages: &[Message<'_>]) -> Result<Decided, Stopped> {
        if let [turn] = &*self.turns {
            let decisions = turn.take(chunk, |()| self.gateway.resolve_batch(messages))?;
            return Ok(Decided { lanes: vec![decisions], places: vec![0; messages.len()] });
        }
        let mut lanes = vec![Vec::with_capacity(2 * messages.len() / self.turns.len()); self.turns.len()];
        let mut places = Vec::with_capacity(messages.len());
        for message in messages {
            // By the number and not by its text: recipients are written in many ways. What is no number has no pin.
            let number = Destination::parse(message.to).map_or(0, |destination| destination.number.get());
            let lane = (number % self.turns.len() as u64) as usize;
            lanes[lane].push(*message);
            places.push(lane as u8);
        }
        let decided = self.turns.iter().zip(&lanes);
        let decided = decided.map(|(turn, lane)| turn.take(chunk, |()| self.gateway.resolve_batch(lane)));
        Ok(Decided { lanes: decided.collect::<Result<_, _>>()?, places })
    }

    /// Ends the waiting of all workers.
    pub(super) fn stop(&self) {
        self.turns.iter().for_each(Turn::stop);
    }
}

impl Decided {
    /// The decisions in the order of the messages.
    pub(super) fn iter(&self) -> impl Iterator<Item = DecisionRef<'_>> {
        let mut lanes: Vec<_> = self.lanes.iter().map(Decisions::iter).collect();
        // A batch has a decision for each of its messages.
        self.places.iter().filter_map(move |&lane| lanes[usize::from(lane)].next())
    }
}
