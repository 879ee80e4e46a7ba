//! Decisions in the caller's memory.

use callsign::{Channel, DecisionRef};

use crate::abi::{Decision, Status};
use crate::failure::{Failure, Outcome};
use crate::limits::{CALLSIGN_DECISION_TEXT, CALLSIGN_MAX_TEXT};
use crate::memory::{Memory, Room, Slot};
use crate::words::{number_of_channel, number_of_refusal, number_of_sender_type, number_of_step};

/// Refuses memory that has not enough room for the texts of some decisions, before anything is decided.
#[inline]
pub(crate) fn check_room(room: &Room<'_>, decisions: usize) -> Outcome<()> {
    let wanted = decisions * CALLSIGN_DECISION_TEXT;
    if room.capacity() >= wanted {
        return Ok(());
    }
    let text = format!(
        "has room for {} bytes; there must be {wanted}, CALLSIGN_DECISION_TEXT for each decision and fallback",
        room.capacity()
    );
    Err(Failure::at(Status::Room, "buffer", text))
}

/// Where a decision is written, with room for what the other channels of its message would get.
pub(crate) struct Place<'m> {
    slot: Slot<'m, Decision>,
    memory: &'m Memory,
}

impl<'m> Place<'m> {
    /// A place that has room for a decision of a message with so many channels.
    ///
    /// # Errors
    /// It has no room for the fallbacks.
    #[inline]
    pub(crate) fn new(memory: &'m Memory, slot: Slot<'m, Decision>, channels: usize) -> Outcome<Self> {
        if channels > 1 {
            let (fallbacks, fallback_capacity) = slot.room_for_fallbacks();
            if fallback_capacity < channels - 1 {
                let text = format!("is {fallback_capacity}; the message has {} channels after its first", channels - 1);
                return Err(Failure::at(Status::Room, "decision.fallback_capacity", text));
            }
            for index in 0..channels - 1 {
                memory.element(fallbacks, index, "decision.fallbacks")?;
            }
        }
        Ok(Self { slot, memory })
    }

    /// Writes a decision of a message, whose first channel is `first`.
    #[inline]
    pub(crate) fn write(&self, decision: DecisionRef<'_>, first: Channel, room: &mut Room<'_>) -> Outcome<()> {
        let given = self.slot.room_for_fallbacks();
        let mut written = written(decision, first, room);
        (written.fallbacks, written.fallback_capacity) = given;
        if decision.channel().is_some() {
            written.fallback_count = self.write_fallbacks(decision, given.0, room)?;
        }
        self.slot.set(written);
        Ok(())
    }

    #[inline(never)]
    fn write_fallbacks(&self, decision: DecisionRef<'_>, first: *mut Decision, room: &mut Room<'_>) -> Outcome<usize> {
        let fallbacks = decision.fallbacks();
        let count = fallbacks.len();
        for (index, (channel, fallback)) in fallbacks.enumerate() {
            let slot = self.memory.element(first, index, "decision.fallbacks")?;
            let mut written = written(fallback, channel, room);
            (written.fallbacks, written.fallback_capacity) = slot.room_for_fallbacks();
            slot.set(written);
        }
        Ok(count)
    }
}

/// A decision whose texts are written.
#[inline]
fn written(decision: DecisionRef<'_>, first: Channel, room: &mut Room<'_>) -> Decision {
    let mut left = CALLSIGN_DECISION_TEXT;
    let mut put = |text: &str| {
        let text = room.put(text, CALLSIGN_MAX_TEXT.min(left));
        left -= text.length;
        text
    };
    let mut written = Decision {
        channel: number_of_channel(decision.channel().unwrap_or(first)),
        policy: put(decision.policy()),
        ..Decision::EMPTY
    };
    if let (Some(sender), Some(step)) = (decision.sender(), decision.step()) {
        written.sender_type = number_of_sender_type(sender.kind);
        written.step = number_of_step(step);
        written.sender_id = put(&sender.id);
        written.sender = put(&sender.shown());
        if let Some(strategy) = decision.strategy() {
            written.strategy_id = put(&strategy.id);
        }
        if let Some(unpinned) = decision.unpinned() {
            written.unpinned = put(unpinned);
        }
    } else if let Some(refusal) = decision.refusal() {
        written.refusal = number_of_refusal(refusal);
        written.refusal_code = put(refusal.code());
        written.refusal_message = room.format(refusal, left);
    }
    written
}
