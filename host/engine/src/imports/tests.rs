//! What the imports answer to a call, and that each counts as one.

use std::sync::Arc;
use std::time::Duration;

use callsign_catalog::Catalog;
use callsign_destination::Number;
use callsign_index::{Health, Revision, SignalBoard, SignalSource, Signals};
use callsign_policy::words::{channel, near, sender_type, standing};
use callsign_sticky::{MemoryStore, Pin, SenderKey, StickyStore};
use serde_json::json;

use crate::bindings::contract::attributes::Host as _;
use crate::bindings::contract::messages::Host as _;
use crate::bindings::contract::senders::Host as _;
use crate::bindings::contract::signals::Host as _;
use crate::bindings::contract::sticky::Host as _;
use crate::bindings::contract::strategies::Host as _;
use crate::bindings::contract::times::Host as _;
use crate::bindings::contract::types::Request;
use crate::bindings::contract::{senders, sticky};
use crate::call_message::{CallMessage, LoadedPin, MessageTexts};
use crate::instance::{Instance, State};
use crate::limits::{Isolation, Limits};
use crate::policy::Policy;

const TO: &str = "+14155550123";

/// A scope with three long numbers, and another one with the first of them.
struct World {
    revision: Arc<Revision>,
    sticky: Arc<dyn StickyStore>,
    board: Arc<SignalBoard>,
    signals: Arc<dyn SignalSource>,
    instance: Box<Instance>,
}

impl World {
    fn new() -> Self {
        Self::of(Policy::standard().expect("the standard policy"))
    }

    fn of(policy: Policy) -> Self {
        let sender = |id: &str, number: &str, fields: serde_json::Value| {
            let mut sender = json!({
                "senderId": id, "sender": number, "senderType": "VIRTUAL_LONG_NUMBER",
                "coverage": [{"channel": "SMS", "countries": ["US"]}],
            });
            for (name, value) in fields.as_object().into_iter().flatten() {
                sender[name] = value.clone();
            }
            sender
        };
        let associated = |application: &str, id: &str| {
            json!({"resourceType": "NUMBER", "channel": "SMS", "applicationId": application, "entityId": null,
                   "resourceId": id})
        };
        let catalog = json!({
            "applications": [
                {"applicationId": "shop", "attributes": {"brand": "Shop", "limit": "5"}}, {"applicationId": "care"},
            ],
            "senders": [
                sender("S0", "+1 (415) 555-0100", json!({"attributes": {"campaign": "C1", "price": "0.5"}})),
                sender("S1", "+12125550101", json!({"weight": 30, "attributes": {"campaign": "C2"}})),
                sender("S2", TO, json!({})),
            ],
            "associations": [
                associated("shop", "S0"), associated("shop", "S1"), associated("shop", "S2"), associated("care", "S0"),
            ],
            "sendingStrategies": [
                {"sendingStrategyId": "A", "platform": {"applicationId": "shop"}, "useStickySender": true},
            ],
        });
        let catalog = Catalog::from_json(&catalog.to_string()).unwrap_or_else(|error| panic!("{error}"));
        let limits = Limits { deadline: Duration::from_secs(60), ..Limits::default() };
        let board = Arc::new(SignalBoard::new());
        Self {
            revision: Arc::new(Revision::new(catalog).expect("senders that differ")),
            sticky: Arc::new(MemoryStore::new()),
            signals: board.clone(),
            board,
            instance: policy.with_limits(limits).instance().expect("an instance"),
        }
    }

    fn scope(&self, application: &str) -> u32 {
        self.revision.scope_of(Some(application), None)
    }

    fn pool(&self, application: &str) -> senders::Pool {
        senders::Pool {
            scope: self.scope(application),
            strategy: None,
            message_type: 0,
            country: 0x5553,
            channel: channel::SMS,
            healthy: false,
        }
    }

    /// Begins a call about messages of `shop` to these numbers, which go out at a time.
    fn begin(&mut self, recipients: &[&str]) -> &mut State {
        let pool = self.pool("shop");
        let state = self.instance.begin(&self.revision, &self.sticky, &self.signals);
        for (message, recipient) in (0..).zip(recipients) {
            let request = Request {
                message,
                scope: pool.scope,
                revision: 1,
                recipient: u64::from(message).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(77),
                message_type: 0,
                marks: 0,
                country: pool.country,
                area_code: 415,
                channel: channel::SMS,
            };
            let number = Number::parse(recipient).expect("a number");
            state.push_message(CallMessage::new(&request, number).sent_at(Some(1_800_000_000)), None);
            state.texts.push(MessageTexts { message_type: Some("TRANSACTIONAL".into()), ..MessageTexts::default() });
            state.push_attributes([("campaign", "C2"), ("price", "0.25")]);
        }
        state
    }
}

const ALL: senders::Group = senders::Group { types: sender_type::ALL, near: near::ANYWHERE, area_code: 0 };

/// Makes an import and checks that it counted as one.
fn one<T>(state: &mut State, import: impl FnOnce(&mut State) -> wasmtime::Result<T>) -> T {
    let left = state.imports_left;
    let answer = import(state).expect("within the limits");
    assert_eq!(state.imports_left, left - 1, "an import counts as one");
    answer
}

fn text(text: &str) -> Option<String> {
    Some(text.into())
}

#[test]
fn attributes_of_messages_scopes_and_senders_are_read_by_key_in_three_forms() {
    let mut world = World::new();
    let (pool, care) = (world.pool("shop"), world.pool("care"));
    let state = world.begin(&["+12125550199"]);
    let key = |state: &mut State, text: &str| one(state, |state| state.key_of(text.into()));
    let (campaign, price) = (key(state, "campaign"), key(state, "price"));
    let (brand, limit) = (key(state, "brand"), key(state, "limit"));
    let c2 = key(state, "C2");

    assert_eq!(one(state, |state| state.message_text(0, campaign)), text("C2"));
    assert_eq!(one(state, |state| state.message_number(0, price)), Some(0.25));
    assert_eq!(one(state, |state| state.message_key(0, campaign)), c2);
    assert_eq!(one(state, |state| state.message_key(0, brand)), 0);
    assert_eq!(one(state, |state| state.message_text(1, campaign)), None, "a message that there is not");

    assert_eq!(one(state, |state| state.scope_text(pool.scope, 0, brand)), text("Shop"));
    assert_eq!(one(state, |state| state.scope_number(pool.scope, 0, limit)), Some(5.0));
    assert_eq!(one(state, |state| state.scope_text(pool.scope, 1, brand)), None, "there is no entity");
    assert_eq!(one(state, |state| state.sender_text(pool.scope, 0, campaign)), text("C1"));
    assert_eq!(one(state, |state| state.sender_number(pool.scope, 0, price)), Some(0.5));
    assert_eq!(one(state, |state| state.sender_key(pool.scope, 1, campaign)), c2);
    assert_eq!(one(state, |state| state.sender_key(pool.scope, 9, campaign)), 0);
    assert_eq!(one(state, |state| state.sender_text(care.scope, 0, campaign)), None, "no message is of that scope");

    let candidates = one(state, |state| state.candidates(pool));
    let keys = one(state, |state| state.sender_keys(pool, campaign));
    let prices = one(state, |state| state.sender_numbers(pool, price));
    let texts = one(state, |state| state.sender_texts(pool, campaign));
    let mut begin = 0;
    for (at, candidate) in candidates.iter().enumerate() {
        assert_eq!(keys[at], one(state, |state| state.sender_key(pool.scope, candidate.sender, campaign)));
        let number = one(state, |state| state.sender_number(pool.scope, candidate.sender, price));
        assert_eq!(prices[at].to_bits(), number.unwrap_or(f64::NAN).to_bits());
        let here = one(state, |state| state.sender_text(pool.scope, candidate.sender, campaign));
        if texts.ends[at] == u32::MAX {
            assert_eq!(here, None);
        } else {
            assert_eq!(here.as_deref(), texts.text.get(begin..texts.ends[at] as usize));
            begin = texts.ends[at] as usize;
        }
    }
    assert_eq!((candidates.len(), keys.len(), prices.len(), texts.ends.len()), (3, 3, 3, 3));
    assert!(one(state, |state| state.sender_keys(care, campaign)).is_empty());
}

#[test]
fn a_pool_is_read_with_weights_addresses_and_ids_in_one_order() {
    let mut world = World::new();
    let pool = world.pool("shop");
    let state = world.begin(&["+12125550199"]);
    let candidates = one(state, |state| state.candidates(pool));
    let addresses = one(state, |state| state.addresses(pool));
    let ids = one(state, |state| state.ids(pool));
    let (mut address, mut id) = (0, 0);
    for (at, candidate) in candidates.iter().enumerate() {
        let described = one(state, |state| state.describe(pool.scope, candidate.sender)).expect("a sender");
        assert_eq!(described.address, addresses.text[address..addresses.ends[at] as usize]);
        assert_eq!(described.id, ids.text[id..ids.ends[at] as usize]);
        (address, id) = (addresses.ends[at] as usize, ids.ends[at] as usize);
        assert_eq!(candidate.weight, if described.id == "S1" { 30 } else { 1 });
        let same = one(state, |state| state.candidate_of(pool, candidate.sender)).expect("in the pool");
        assert_eq!((same.key, same.sender, same.weight), (candidate.key, candidate.sender, candidate.weight));
        assert_eq!(
            one(state, |state| state.at(pool, ALL, at as u32)).map(|found| found.sender),
            Some(candidate.sender)
        );
        assert!(one(state, |state| state.contains(pool, candidate.sender)));
    }
    assert!(addresses.text.contains("+14155550100"), "E.164, however the catalog writes it: {}", addresses.text);
    assert_eq!(one(state, |state| state.count(pool, ALL)), 3);
    assert!(one(state, |state| state.candidate_of(pool, 99)).is_none());
    let near = senders::Group { types: sender_type::ALL, near: near::SAME, area_code: 212 };
    assert_eq!(one(state, |state| state.count(pool, near)), 1);
    assert_eq!(one(state, |state| state.near_codes(near::SAME, 212)), [212]);
    assert!(one(state, |state| state.near_codes(near::OVERLAY, 212)).contains(&917));
    assert!(one(state, |state| state.near_codes(near::REGION, 212)).contains(&716));
    for near in [near::ANYWHERE, 4, 255] {
        assert!(one(state, |state| state.near_codes(near, 212)).is_empty());
        let group = senders::Group { near, ..near_group() };
        assert_eq!(one(state, |state| state.count(pool, group)), if near == near::ANYWHERE { 3 } else { 0 });
    }
    assert!(one(state, |state| state.default_senders(pool)).is_empty());
    let considered = one(state, |state| state.all_considered(pool));
    assert!(considered.iter().all(|sender| sender.standing == standing::CANDIDATE) && considered.len() == 3);
    assert_eq!(one(state, |state| state.strategies_of(pool.scope, pool.country)).len(), 1);
}

fn near_group() -> senders::Group {
    senders::Group { types: sender_type::ALL, near: near::SAME, area_code: 212 }
}

#[test]
fn spread_of_is_spread_for_the_recipient_without_the_recipient_itself() {
    let mut world = World::new();
    let (pool, care) = (world.pool("shop"), world.pool("care"));
    let recipients: Vec<String> = (0..200).map(|index| format!("+1212555{:04}", 1_000 + index)).collect();
    let mut recipients: Vec<&str> = recipients.iter().map(|text| &**text).collect();
    recipients.push(TO);
    let state = world.begin(&recipients);
    let mut seen = [0; 3];
    for message in 0..200 {
        let hash = state.messages[message as usize].hash;
        let chosen = one(state, |state| state.spread(pool, ALL, hash));
        assert_eq!(one(state, |state| state.spread_of(message, pool, ALL)), chosen);
        assert!(one(state, |state| state.itself(message)).is_empty());
        seen[chosen.expect("a sender") as usize] += 1;
    }
    assert!(seen[1] > seen[0] + seen[2] && seen[0] + seen[2] > 0, "by weight: {seen:?}");
    assert_eq!(one(state, |state| state.itself(200)), [2]);
    let chosen = one(state, |state| state.spread_of(200, pool, ALL));
    assert!(chosen.is_some_and(|sender| sender != 2), "{chosen:?}");
    assert!(one(state, |state| state.contains(pool, 2)), "no pool leaves it out");
    assert_eq!(one(state, |state| state.spread_of(201, pool, ALL)), None, "a message that there is not");
    assert_eq!(one(state, |state| state.spread_of(0, care, ALL)), None, "a scope that is not of the call");
    assert!(one(state, |state| state.itself(999)).is_empty());
}

#[test]
fn signals_stand_still_for_a_call_and_differ_between_calls() {
    let mut world = World::new();
    let (pool, board) = (world.pool("shop"), Arc::clone(&world.board));
    let healthy = senders::Pool { healthy: true, ..pool };
    let set = |ids: &[&str], load: f64| {
        let mut signals = Signals::builder();
        ids.iter().for_each(|id| signals.health(id, None, None, Health::Unhealthy { since: 7 }));
        signals.number("S0", "load", load);
        board.set(signals);
    };
    let load = callsign_index::attributes::key_of("load");
    let state = world.begin(&["+12125550199"]);
    assert_eq!(one(state, |state| state.health_of(pool)), 0);
    set(&["S1"], 0.5);
    assert_eq!(one(state, |state| state.health_of(pool)), 0, "the call has read that nobody is unhealthy");
    assert_eq!(one(state, |state| state.number(pool.scope, 0, load)), None);
    assert_eq!(one(state, |state| state.count(healthy, ALL)), 3);

    let state = world.begin(&["+12125550199"]);
    let number = one(state, |state| state.health_of(pool));
    assert_ne!(number, 0);
    set(&["S0", "S1", "S2"], 0.75);
    assert_eq!(one(state, |state| state.health_of(healthy)), number);
    let unhealthy = one(state, |state| state.unhealthy(pool));
    assert_eq!(unhealthy.iter().map(|sender| (sender.sender, sender.since)).collect::<Vec<_>>(), [(1, 7)]);
    assert_eq!(one(state, |state| state.count(healthy, ALL)), 2);
    assert_eq!(one(state, |state| state.count(pool, ALL)), 3);
    assert!(!one(state, |state| state.contains(healthy, 1)));
    assert_eq!(one(state, |state| state.number(pool.scope, 0, load)), Some(0.5));
    let loads = one(state, |state| state.numbers(pool, load));
    assert_eq!(loads.iter().filter(|load| load.is_nan()).count(), 2);
    assert!(loads.contains(&0.5));
    assert_eq!(one(state, |state| state.numbers(healthy, load)).len(), 2);

    let state = world.begin(&["+12125550199"]);
    assert_eq!(one(state, |state| state.count(healthy, ALL)), 0);
    assert_eq!(one(state, |state| state.number(pool.scope, 0, load)), Some(0.75));
    let care = senders::Pool { scope: pool.scope + 1, ..pool };
    assert_eq!(one(state, |state| state.health_of(care)), 0, "a scope that is not of the call");
}

#[test]
fn a_message_has_a_time_a_place_and_texts() {
    let mut world = World::new();
    let state = world.begin(&[TO, "+18005550123"]);
    assert_eq!(one(state, |state| state.sent_at(0)), Some(1_800_000_000));
    let zones = one(state, |state| state.zones_of(0));
    // 2027-01-15 in California.
    assert_eq!(zones.iter().map(|zone| zone.minutes_from_utc).collect::<Vec<_>>(), [Some(-480)]);
    assert_eq!(one(state, |state| state.zone_name(zones[0].zone)), text("America/Los_Angeles"));
    assert!(one(state, |state| state.zones_of(1)).len() > 5, "a toll-free number may be anywhere");
    assert!(one(state, |state| state.zones_of(2)).is_empty());
    assert_eq!(one(state, |state| state.zone_name(u16::MAX)), None);
    assert_eq!(one(state, |state| state.text(0, 3)), text(TO));
    assert_eq!(one(state, |state| state.text(0, 4)), text("TRANSACTIONAL"));
    assert_eq!(one(state, |state| state.text(0, 5)), None);
    assert_eq!(one(state, |state| state.text(2, 4)), None);
}

#[test]
fn the_pins_of_a_call_are_read_one_by_one_or_at_once() {
    let mut world = World::new();
    let state = world.begin(&["+12125550199", TO, "+12125550198"]);
    for (message, sender) in [(0, "S1"), (2, "gone")] {
        let pin = Pin::new(SenderKey::of(sender), 1, 0);
        state.set_pin(message, LoadedPin { value: Ok(Some(pin)), read_by_policy: false });
    }
    let all = one(state, sticky::Host::pins_of);
    assert!(matches!(all[..], [sticky::Pin::Held(1), sticky::Pin::None, sticky::Pin::Gone]), "{all:?}");
    for (message, pin) in (0..).zip(&all) {
        assert_eq!(format!("{:?}", one(state, |state| state.pin_of(message))), format!("{pin:?}"));
    }
    assert!((0..3).all(|message| state.pin(message).is_some_and(|pin| pin.read_by_policy)));
    assert!(matches!(one(state, |state| state.pin_of(3)), sticky::Pin::None));
}

#[test]
fn a_policy_is_told_up_to_what_size_to_copy_a_pool() {
    let standard = || Policy::standard().expect("the standard policy");
    let fresh = || standard().with_isolation(Isolation::Fresh);
    for (policy, size) in [
        (standard(), 64),
        (standard().with_copy_up_to(0), 0),
        (standard().with_copy_up_to(u32::MAX), u32::MAX),
        (fresh(), 0),
        (fresh().with_copy_up_to(7), 7),
    ] {
        assert_eq!(one(World::of(policy).begin(&[TO]), senders::Host::copy_up_to), size);
    }
    for (messages, size) in [(15, 0), (16, 64)] {
        assert_eq!(one(World::of(fresh()).begin(&vec![TO; messages]), senders::Host::copy_up_to), size);
    }
}
