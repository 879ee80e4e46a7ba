//! What lasts from message to message: the pins, and the choices that the spread must repeat.

use std::collections::{BTreeMap, HashMap};

use super::message::{Expected, Message};

/// Application, entity, channel, recipient.
type PinKey = (String, Option<String>, String, String);

/// The pins of the sticky sender feature. They outlive a catalog: carry them over to its next revision.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    pins: HashMap<PinKey, String>,
}

impl Pins {
    /// The senderId that the recipient is pinned to in the scope and channel of the message.
    pub fn pinned(&self, message: &Message) -> Option<&str> {
        self.pins.get(&key(message)).map(String::as_str)
    }

    /// Step 9: after every decision, what was expected and the senderId that was decided. Pins where that is wanted,
    /// in place of any earlier pin; changes nothing where it is not, and so may be called after each message.
    pub fn observe(&mut self, message: &Message, expected: &Expected, sender_id: &str) {
        if let Expected::Decided { pins: true, .. } = expected {
            self.pins.insert(key(message), sender_id.to_owned());
        }
    }
}

fn key(message: &Message) -> PinKey {
    (message.application().to_owned(), message.entity_id.clone(), message.channel.clone(), message.recipient.clone())
}

/// Application, recipient, remaining set with its weights.
type SpreadKey = (String, String, BTreeMap<String, u64>);

/// Checks the stability of the spread (step 8): the same application, recipient and remaining set (with the weights of its
/// senders) always give the same sender, whatever the entity, the channel, the strategy, the step and the revision of the
/// catalog were.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    chosen: HashMap<SpreadKey, String>,
}

impl Spread {
    /// Records one choice.
    ///
    /// # Errors
    ///
    /// Where the sender is not of the remaining set, or another one was chosen from the same before.
    pub fn record(
        &mut self,
        application: &str,
        recipient: &str,
        remaining: &BTreeMap<String, u64>,
        sender_id: &str,
    ) -> Result<(), String> {
        if !remaining.contains_key(sender_id) {
            return Err(format!("{sender_id} is none of {remaining:?}"));
        }
        let key = (application.to_owned(), recipient.to_owned(), remaining.clone());
        let before = self.chosen.entry(key).or_insert_with(|| sender_id.to_owned());
        if before == sender_id {
            return Ok(());
        }
        Err(format!(
            "application {application}, recipient {recipient}, of {remaining:?}: {before} before, now {sender_id}"
        ))
    }

    /// Records the choice of a decision where there was one to make; other decisions are let through.
    ///
    /// # Errors
    ///
    /// As [`Spread::record`].
    pub fn observe(&mut self, message: &Message, expected: &Expected, sender_id: &str) -> Result<(), String> {
        match expected {
            Expected::Decided { any_of, .. } if expected.is_spread() => {
                self.record(message.application(), &message.recipient, any_of, sender_id)
            }
            _ => Ok(()),
        }
    }
}
