//! How often the worlds meet each outcome: a test is worth no more than what its random input reaches.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::message::{Expected, Message, Outcome};
use super::model::Reference;
use super::numbers;
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
    /// Pins that were passed over for their sender's health, and stayed.
    pub passed_over_pins: usize,
    /// Spreads over more than one sender.
    pub real_choices: usize,
    /// Of these, over senders of different weights.
    pub weighted_choices: usize,
    /// Which of the three, where an explicit sender is not capable.
    pub reasons: BTreeMap<&'static str, usize>,
    /// Messages with `channels` whose preferred channel has no sender, and another has.
    pub other_channels: usize,
    /// Fallbacks that have a sender, and that have none.
    pub fallbacks: [usize; 2],
    /// Messages of every eighth world whose decision would be another one, or none, if a sentence of the specification were
    /// not there.
    pub depends_on: BTreeMap<&'static str, usize>,
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
            let reference = Reference::new(&world.catalog).with_health(&world.health);
            // They cost as much as all the rest, several times over.
            let variants = if seed % 8 == 0 { variants(&world) } else { Vec::new() };
            let healthy = Reference::new(&world.catalog);
            for message in &world.messages {
                let outcomes = reference.expect_each(message, &pins);
                let over = message.over(&outcomes[0].channel);
                counted.count(message, &over, &outcomes, &pins);
                for (what, variant) in &variants {
                    let other = variant.expect(&over, &pins);
                    let differs = other != outcomes[0].expected;
                    *counted.depends_on.entry(what).or_default() += usize::from(differs);
                }
                counted.count_passed_over(&over, &healthy, &outcomes[0].expected, &pins);
                if seed % 8 == 0 {
                    counted.count_recipient(&over, &reference, &outcomes[0].expected);
                }
                counted.count_default(&over, &world.catalog, &outcomes[0].expected);
                for (at, outcome) in outcomes.iter().enumerate() {
                    let over = message.over(&outcome.channel);
                    if let Some(sender_id) = stand_in(&over, &outcome.expected) {
                        spread.observe(&over, &outcome.expected, sender_id)?;
                        if at == 0 {
                            pins.observe(&over, &outcome.expected, sender_id);
                        }
                    }
                }
            }
        }
    }
    Ok(counted)
}

/// Models of the world without one thing each, to see on how many messages it tells.
fn variants(world: &World) -> Vec<(&'static str, Reference)> {
    let without = |change: &dyn Fn(&mut Value)| {
        let mut catalog = world.catalog.clone();
        change(&mut catalog);
        Reference::new(&catalog).with_health(&world.health)
    };
    let each = |list: &'static str, name: &'static str| {
        without(&|catalog| {
            for element in catalog[list].as_array_mut().into_iter().flatten() {
                element.as_object_mut().expect("an element is an object").remove(name);
            }
        })
    };
    let registration = without(&|catalog| {
        for sender in catalog["senders"].as_array_mut().into_iter().flatten() {
            for entry in sender["coverage"].as_array_mut().into_iter().flatten() {
                entry.as_object_mut().expect("an entry is an object").remove("status");
            }
        }
    });
    let agents = without(&|catalog| {
        if let Some(associations) = catalog["associations"].as_array_mut() {
            associations.retain(|association| association["resourceType"] != "RCS_RESOURCE");
        }
    });
    let named = without(&|catalog| {
        for sender in catalog["senders"].as_array_mut().into_iter().flatten() {
            let entries = sender["coverage"].as_array_mut().expect("coverage is a list");
            let everywhere: Vec<Value> = entries
                .iter()
                .filter(|entry| entry["countries"] == "*")
                .map(|entry| entry["channel"].clone())
                .collect();
            entries.retain(|entry| entry["countries"] == "*" || !everywhere.contains(&entry["channel"]));
        }
    });
    vec![
        ("named countries", named),
        ("registration", registration),
        ("message types", each("senders", "messageTypes")),
        ("weights", each("senders", "weight")),
        ("health", Reference::new(&world.catalog)),
        ("agents", agents),
    ]
}

impl Coverage {
    /// Counts a message by its answer, which is for the channel of `over`.
    fn count(&mut self, message: &Message, over: &Message, outcomes: &[Outcome], pins: &Pins) {
        self.messages += 1;
        let answer = &outcomes[0];
        let is_preferred = answer.channel == message.channels()[0];
        self.other_channels += usize::from(answer.expected.is_decided() && !is_preferred);
        for fallback in &outcomes[1..] {
            self.fallbacks[usize::from(!fallback.expected.is_decided())] += 1;
        }
        match &answer.expected {
            Expected::Refused { code, reasons } => {
                *self.refusals.entry(code).or_default() += 1;
                for reason in reasons {
                    *self.reasons.entry(reason).or_default() += 1;
                }
            }
            Expected::Decided { step, any_of, pins: pin, .. } => {
                *self.decisions.entry(step).or_default() += 1;
                self.real_choices += usize::from(any_of.len() > 1);
                let weights: BTreeSet<&u64> = any_of.values().collect();
                self.weighted_choices += usize::from(weights.len() > 1);
                match (pins.pinned(over).is_some(), pin) {
                    (false, true) => self.first_pins += 1,
                    (true, true) => self.replaced_pins += 1,
                    (true, false) if *step != "STICKY" => self.ignored_pins += 1,
                    _ => {}
                }
            }
        }
    }
}

impl Coverage {
    /// Counts a pin that would be used if its sender were healthy.
    fn count_passed_over(&mut self, over: &Message, healthy: &Reference, expected: &Expected, pins: &Pins) {
        let is_spread_unpinned = matches!(expected, Expected::Decided { pins: false, .. }) && expected.is_spread();
        if pins.pinned(over).is_some() && is_spread_unpinned {
            let was_pinned = matches!(healthy.expect(over, pins), Expected::Decided { step: "STICKY", .. });
            self.passed_over_pins += usize::from(was_pinned);
        }
    }

    /// Counts a message that a sender with the recipient's number would carry, and a pin of another form of its number.
    fn count_recipient(&mut self, over: &Message, reference: &Reference, expected: &Expected) {
        let (none, nobody) = (Pins::default(), Message { recipient: "-".to_owned(), ..over.clone() });
        let differs = reference.expect(over, &none) != reference.expect(&nobody, &none);
        *self.depends_on.entry("the recipient is no sender").or_default() += usize::from(differs);
        let is_other_form = numbers::digits(&over.to).is_some_and(|digits| digits != over.recipient);
        let is_sticky = matches!(expected, Expected::Decided { step: "STICKY", .. });
        *self.depends_on.entry("two forms").or_default() += usize::from(is_other_form && is_sticky);
    }

    /// Counts a message that the application's default sender carries, although its entity has one.
    fn count_default(&mut self, over: &Message, catalog: &Value, expected: &Expected) {
        let Expected::Decided { step: "DEFAULT_SENDER", any_of, .. } = expected else { return };
        let of_entity = catalog["defaultSenders"].as_array().into_iter().flatten().find(|default| {
            let platform = &default["platform"];
            platform["applicationId"] == over.application()
                && platform["entityId"].as_str().is_some_and(|entity| over.entity_id.as_deref() == Some(entity))
        });
        let is_passed_over =
            of_entity.is_some_and(|default| default["senderId"].as_str().is_some_and(|id| !any_of.contains_key(id)));
        *self.depends_on.entry("the chain of default senders").or_default() += usize::from(is_passed_over);
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
    any_of.keys().map(String::as_str).max_by_key(|sender_id| weight(sender_id))
}
