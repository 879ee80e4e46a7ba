//! How often the worlds meet each outcome: a test is worth no more than what its random input reaches.

use std::collections::BTreeMap;

use super::message::{Expected, Message};
use super::model::Reference;
use super::sticky::{Pins, Spread};
use super::worlds::World;

/// What `coverage` counted.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub messages: usize,
    /// By step.
    pub decisions: BTreeMap<&'static str, usize>,
    /// By code.
    pub refusals: BTreeMap<&'static str, usize>,
    /// Decisions that pinned a recipient without a pin.
    pub first_pins: usize,
    /// Decisions that pinned a recipient anew, whose pinned sender was no candidate any more.
    pub replaced_pins: usize,
    /// Decisions by another step for a recipient with a pin, which did not touch it.
    pub ignored_pins: usize,
    /// Spreads over more than one sender.
    pub real_choices: usize,
}

/// Counts over the worlds of these seeds, each through so many revisions with the pins carried over.
///
/// # Errors
///
/// Where the stand-in for the spread is not stable by its own account, which would be a fault of `Spread`.
pub fn coverage(seeds: impl Iterator<Item = u64>, revisions: u64) -> Result<Coverage, String> {
    let mut counted = Coverage::default();
    for seed in seeds {
        let mut world = World::random(seed);
        let (mut pins, mut spread) = (Pins::default(), Spread::default());
        for revision in 0..revisions {
            if revision > 0 {
                world = world.next_revision(seed ^ (revision << 48));
            }
            let reference = Reference::new(&world.catalog);
            for message in &world.messages {
                let expected = reference.expect(message, &pins);
                counted.count(message, &expected, &pins);
                if let Some(sender_id) = stand_in(message, &expected) {
                    spread.observe(message, &expected, sender_id)?;
                    pins.observe(message, &expected, sender_id);
                }
            }
        }
    }
    Ok(counted)
}

impl Coverage {
    fn count(&mut self, message: &Message, expected: &Expected, pins: &Pins) {
        self.messages += 1;
        match expected {
            Expected::Refused { code } => *self.refusals.entry(code).or_default() += 1,
            Expected::Decided { step, any_of, pins: pin, .. } => {
                *self.decisions.entry(step).or_default() += 1;
                self.real_choices += usize::from(any_of.len() > 1);
                match (pins.pinned(message).is_some(), pin) {
                    (false, true) => self.first_pins += 1,
                    (true, true) => self.replaced_pins += 1,
                    (true, false) if *step != "STICKY" => self.ignored_pins += 1,
                    _ => {}
                }
            }
        }
    }
}

/// Chooses as step 8 may: by nothing but application, recipient and remaining set. Not evenly, which nothing here
/// needs.
fn stand_in<'e>(message: &Message, expected: &'e Expected) -> Option<&'e str> {
    let Expected::Decided { any_of, .. } = expected else {
        return None;
    };
    let weight = |sender_id: &str| {
        [message.application(), &message.recipient, sender_id]
            .iter()
            .flat_map(|text| text.bytes())
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    any_of.iter().map(String::as_str).max_by_key(|sender_id| weight(sender_id))
}
