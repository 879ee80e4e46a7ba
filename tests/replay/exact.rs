//! Decisions are replayed as they were.

use std::sync::Arc;

use callsign::{Binding, BindingTarget, Catalog, Channel, Message, SignalBoard};
use callsign_tests::component::Component;
use callsign_tests::modules;
use callsign_tests::platform::Platform;
use callsign_tests::reference::World;
use serde_json::json;

use crate::recorded::{Recorded, attributes, message, policy, standard, tell};

/// How many worlds are played, each with two revisions of about 30 messages; `CALLSIGN_REPLAY_WORLDS` asks for more, and
/// `make replay-million` does.
const WORLDS: u64 = 300;

fn worlds() -> u64 {
    std::env::var("CALLSIGN_REPLAY_WORLDS").ok().and_then(|worlds| worlds.parse().ok()).unwrap_or(WORLDS)
}

#[test]
fn a_replay_of_swaps_catalog_changes_and_health_changes_finds_no_difference() {
    let mut recorded = Recorded::new();
    let other = modules::other("standard-too", "2.0.0", "other bytes");
    let always = Component::new("always", "1.0.0").deciding(0).build();
    recorded.sources.add_module(&other);
    recorded.sources.add_module(&always);
    let other = Arc::new(policy(&other));
    let settings = ["{}", r#"{"since": 1}"#].map(|json| Arc::new(policy(&always).with_settings(json).unwrap()));

    let gateway = recorded.gateway("none", Catalog::from_json("{}").unwrap(), standard());
    let board = Arc::new(SignalBoard::new());
    gateway.use_signals(board.clone());
    let (shop, mut asked) = (BindingTarget::application("shop"), 0);
    for seed in 0..worlds() {
        match seed % 8 {
            2 => gateway.swap(&shop, Binding::new(Arc::clone(&settings[seed as usize / 8 % 2]))).unwrap(),
            4 => gateway.unbind(&shop).unwrap(),
            5 => gateway.swap(&BindingTarget::Platform, Binding::new(Arc::clone(&other))).unwrap(),
            7 => gateway.swap(&BindingTarget::Platform, Binding::new(standard())).unwrap(),
            _ => {}
        }
        let first = World::random(seed);
        let next = first.next_revision(seed);
        for (revision, world) in [first, next].iter().enumerate() {
            let catalog = Catalog::from_json(&world.catalog.to_string()).unwrap();
            gateway.replace_catalog(recorded.catalog(&format!("world:{seed}:{revision}"), catalog)).unwrap();
            tell(&board, &world.health);
            let attributes: Vec<_> = world.messages.iter().map(attributes).collect();
            let messages: Vec<Message<'_>> =
                world.messages.iter().zip(&attributes).map(|(one, attributes)| message(one, attributes)).collect();
            asked += messages.len() as u64;
            match seed % 2 {
                0 => drop(gateway.resolve_batch(&messages)),
                _ => messages.iter().for_each(|message| drop(gateway.resolve(message))),
            }
            // What is unhealthy changes between the messages of a catalog, too.
            tell(&board, &reference_health(seed));
            drop(gateway.resolve_batch(&messages));
            asked += messages.len() as u64;
        }
    }
    recorded.options.threads = 2;
    let report = recorded.replay();
    assert_eq!((report.different, &report.differences), (0, &Vec::new()), "{report}");
    assert!(report.is_complete && !report.is_damaged && report.missing.is_empty(), "{report}");
    assert_eq!(report.records, recorded.recorder.counters().recorded);
    assert!(report.records >= asked, "each message has a record: {} of {asked}", report.records);
    // Where the first sender of a scope may not carry a message, `always` fails; and texts that are no numbers are hashed.
    use callsign_replay::Reason::{PolicyHadFailed, RecipientHashed};
    let explained = report.not_replayed.of(PolicyHadFailed) + report.not_replayed.of(RecipientHashed);
    assert_eq!(report.not_replayed.total(), explained, "{report}");
    assert!(report.replayed > report.records / 2, "{report}");
}

/// The health of the world after this one.
fn reference_health(seed: u64) -> callsign_tests::reference::Health {
    World::random(seed + 1).health
}

#[test]
fn a_replay_by_several_threads_finds_what_one_finds() {
    let mut recorded = Recorded::with(|options| options.write_every = std::time::Duration::from_millis(1));
    let world = World::random(7);
    let gateway = recorded.gateway("world", Catalog::from_json(&world.catalog.to_string()).unwrap(), standard());
    for _ in 0..50 {
        let attributes: Vec<_> = world.messages.iter().map(attributes).collect();
        let messages: Vec<Message<'_>> =
            world.messages.iter().zip(&attributes).map(|(one, attributes)| message(one, attributes)).collect();
        drop(gateway.resolve_batch(&messages));
        recorded.recorder.flush().unwrap();
    }
    let one = recorded.replay();
    recorded.options.threads = 4;
    let several = recorded.replay();
    assert!(one.replayed > 0 && one.different == 0, "{one}");
    assert_eq!(
        (one.records, one.replayed, &one.not_replayed),
        (several.records, several.replayed, &several.not_replayed)
    );
}

#[test]
fn more_policies_at_a_time_than_wait_together_are_replayed() {
    const POLICIES: usize = 40;
    let mut recorded = Recorded::new();
    let always = Component::new("always", "1.0.0").deciding(0).build();
    recorded.sources.add_module(&always);
    let platform =
        Platform::new().long("S1", "+12125550100").associate("shop", &["S1"]).strategy("A", "shop", json!({}));
    let gateway = recorded.gateway("one", platform.catalog(), standard());
    let entities: Vec<String> = (0..POLICIES).map(|index| format!("entity-{index}")).collect();
    for (index, entity) in entities.iter().enumerate() {
        let settings = format!(r#"{{"number": {index}}}"#);
        let binding = Binding::new(policy(&always).with_settings(&settings).unwrap());
        gateway.swap(&BindingTarget::entity("shop", entity), binding).unwrap();
    }
    for _ in 0..5 {
        for entity in &entities {
            drop(gateway.resolve(&Message::new(Channel::Sms, "+14155550123").application("shop").entity(entity)));
        }
    }
    let report = recorded.replay();
    assert_eq!((report.replayed, report.different), (5 * POLICIES as u64, 0), "{report}");
}
