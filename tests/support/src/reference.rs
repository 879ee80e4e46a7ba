//! A plain model of the resolution of senders, written from section 3 of the specification alone, and random worlds to
//! hold an implementation against it. It shares no code with what it tests.
//!
//! ```ignore
//! let mut world = World::random(seed);
//! let (mut pins, mut spread) = (Pins::default(), Spread::default());
//! let reference = Reference::new(&world.catalog).with_health(&world.health);
//! for message in &world.messages {
//!     let outcomes = reference.expect_each(message, &pins);
//!     // Resolve `message.to_json()` with the implementation and compare. Where it decided, for the answer and its fallbacks:
//!     spread.observe(&message.over(&outcome.channel), &outcome.expected, sender_id)?;
//!     // And for the answer alone:
//!     pins.observe(&message.over(&outcome.channel), &outcome.expected, sender_id);
//! }
//! world = world.next_revision(seed); // and again, with the same pins and the same spread
//! ```
//!
//! # How open sentences are read
//!
//! - An application or entity that the catalog does not list is no error: it has no strategies, candidates or default
//!   of its own. A message with an unlisted entity falls back to the strategies and the default of its application.
//! - *Of several channels the first that has a sender*: where none has one, the answer is the refusal of the first, and the
//!   fallbacks are the refusals of the others.
//! - *Not the recipient itself*: a number whose recipient, as section 4 has it, is that of the message, in whichever form.
//!   A message that names the recipient as its sender has what it asks for.
//! - *Say which of the three*: one that is true of a sender with that text.
//! - *Whose weights are the remaining set's*: the same senders with other weights are another remaining set.
//! - *Registered*: `from` is the text of a sender, numbers being compared by their digits and alphanumeric senders
//!   exactly. Of several with that text the first of the catalog that can carry the message decides.
//! - *The (application, entity) has strategies*: at either level, for any channel.
//! - *Where 7 narrowed*: where it found a group that is not empty, even if that is all that remained before.
//! - Associations of other resource types than `NUMBER` and `ALPHA`, or of other channels, concern no sender.

mod catalog;
mod coverage;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod examples_of_senders;
mod geography;
mod health;
mod message;
mod model;
mod mutation;
mod numbers;
mod rng;
#[cfg(test)]
mod samples;
mod sticky;
mod traffic;
mod worlds;

pub use self::{
    coverage::{Coverage, coverage},
    health::{Health, Report},
    message::{Destination, Expected, Message, Outcome},
    model::Reference,
    rng::Rng,
    sticky::{Pins, Spread},
    worlds::World,
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_worlds_reach_every_step_and_every_refusal() {
        let counted = coverage(0..2_000, 2).expect("the stand-in is stable");
        println!("{counted:#?}");
        for step in ["EXPLICIT", "DEFAULT_SENDER", "STICKY", "AREA_CODE", "OVERLAY", "REGION", "POOL"] {
            let times = counted.decisions.get(step).copied().unwrap_or_default();
            assert!(times >= 1_000, "{step} only {times} times");
        }
        for code in [
            "INVALID_DESTINATION",
            "SENDER_NOT_REGISTERED",
            "SENDER_NOT_CAPABLE",
            "COUNTRY_NOT_ALLOWED",
            "CHANNEL_NOT_ALLOWED",
            "NO_STRATEGY",
            "NO_ELIGIBLE_SENDER",
        ] {
            let times = counted.refusals.get(code).copied().unwrap_or_default();
            assert!(times >= 1_000, "{code} only {times} times");
        }
        assert!(counted.first_pins >= 1_000);
        assert!(counted.replaced_pins >= 200);
        assert!(counted.ignored_pins >= 500);
        assert!(counted.real_choices >= 5_000);
        assert!(counted.weighted_choices >= 1_000);
        assert!(counted.passed_over_pins >= 200);
        assert!(counted.other_channels >= 500);
        assert!(counted.fallbacks.iter().all(|times| *times >= 1_000));
        for reason in ["SUSPENDED", "NOT_COVERED", "MESSAGE_TYPE"] {
            let times = counted.reasons.get(reason).copied().unwrap_or_default();
            assert!(times >= 200, "{reason} only {times} times");
        }
        for (what, times) in &counted.depends_on {
            assert!(*times >= 20, "{what} only {times} times");
        }
        assert_eq!(counted.depends_on.len(), 9);
    }

    #[test]
    fn a_seed_always_gives_the_same_world() {
        for seed in 0..50 {
            let (one, other) = (World::random(seed), World::random(seed));
            assert_eq!(one.catalog, other.catalog);
            assert_eq!(one.messages, other.messages);
            let (one, other) = (one.next_revision(7), other.next_revision(7));
            assert_eq!(one.catalog, other.catalog);
            assert_eq!(one.messages, other.messages);
        }
    }

    #[test]
    fn a_catalog_has_no_duplicates_in_any_revision() {
        for seed in 0..200 {
            let mut world = World::random(seed);
            for revision in 0..5 {
                for (list, same) in [
                    ("senders", &["senderId"][..]),
                    ("sendingStrategies", &["sendingStrategyId"]),
                    ("defaultSenders", &["platform"]),
                    ("associations", &["channel", "applicationId", "entityId", "resourceId"]),
                ] {
                    let mut seen = BTreeSet::new();
                    for value in world.catalog[list].as_array().into_iter().flatten() {
                        let key: Vec<String> = same.iter().map(|name| value[*name].to_string()).collect();
                        assert!(seen.insert(key), "seed {seed}, {list}: {value} twice");
                    }
                }
                world = world.next_revision(revision);
            }
        }
    }

    #[test]
    fn a_recipient_is_the_digits_of_where_the_message_goes_in_one_of_its_forms() {
        let (mut other_forms, mut other_scripts) = (0, 0);
        for message in (0..200).flat_map(|seed| World::random(seed).messages) {
            let Some(destination) = message.destination else { continue };
            let digits = numbers::digits(&message.to).expect("a number");
            assert_eq!(numbers::Recipient::key_of(&digits), message.recipient, "{}", message.to);
            other_forms += usize::from(digits != message.recipient);
            other_scripts += usize::from(!message.to.is_ascii());
            let npa = destination.area_code.map(|npa| npa.to_string());
            assert_eq!(npa.as_deref(), digits.starts_with('1').then(|| &digits[1..4]));
        }
        assert!(other_forms > 50 && other_scripts > 500, "{other_forms} {other_scripts}");
    }
}
