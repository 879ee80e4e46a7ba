//! A plain model of the resolution of senders, written from section 3 of the specification alone, and random worlds to
//! hold an implementation against it. It shares no code with what it tests.
//!
//! ```ignore
//! let mut world = World::random(seed);
//! let (mut pins, mut spread) = (Pins::default(), Spread::default());
//! let reference = Reference::new(&world.catalog);
//! for message in &world.messages {
//!     let expected = reference.expect(message, &pins);
//!     // Resolve `message.to_json()` with the implementation and compare. Where it decided:
//!     spread.observe(message, &expected, sender_id)?;
//!     pins.observe(message, &expected, sender_id);
//! }
//! world = world.next_revision(seed); // and again, with the same pins and the same spread
//! ```
//!
//! # How open sentences are read
//!
//! - An application or entity that the catalog does not list is no error: it has no strategies, candidates or default
//!   of its own. A message with an unlisted entity falls back to the strategies and the default of its application.
//! - *Default sender*: the entity's where it has one, else the application's; that one is usable or none is.
//! - *Registered*: `from` is the text of a sender, numbers being compared by their digits and alphanumeric senders
//!   exactly. Of several with that text the first of the catalog that can carry the message decides.
//! - *The (application, entity) has strategies*: at either level, for any channel.
//! - *Where 7 narrowed*: where it found a group that is not empty, even if that is all that remained before.
//! - Associations of other resource types than `NUMBER` and `ALPHA`, or of other channels, concern no sender.

mod catalog;
mod coverage;
#[cfg(test)]
mod examples;
mod geography;
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
    message::{Destination, Expected, Message},
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
    fn a_recipient_is_the_digits_of_where_the_message_goes() {
        for message in (0..200).flat_map(|seed| World::random(seed).messages) {
            let digits: String = message.to.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(digits, message.recipient, "{}", message.to);
            let is_of_calling_code_1 = digits.starts_with('1');
            if let Some(destination) = message.destination {
                let npa = destination.area_code.map(|npa| npa.to_string());
                assert_eq!(npa.as_deref(), is_of_calling_code_1.then(|| &digits[1..4]));
            }
        }
    }
}
