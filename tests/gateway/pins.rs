//! The gateway and its store of pins: round trips, races, stores that are away, times to live.

pub(crate) mod remote_store;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use callsign::sticky::{Filter, PinScope, PinnedSender, Recipient, StickyStore, Touch, Write};
use callsign::{
    Binding, BindingTarget, Breaker, Channel, EmbeddedStore, Gateway, LaneOptions, MemoryStore, Message, Number,
    OnFailure, OnUnavailable, PinKey, Policy, Step,
};
use serde_json::json;

use self::remote_store::{RemoteStore, wait};
use callsign_tests::platform::{Platform, decide, message, patient, sms};

const TO: &str = "+14155550123";

/// Twenty numbers of a shop, for SMS and MMS.
fn senders() -> Platform {
    let mut platform = Platform::new();
    for index in 0..20 {
        let id = format!("S{index}");
        platform = platform.long(&id, &format!("+1212555{:04}", 100 + index)).associate("shop", &[&id]);
        platform = platform.associate_for("MMS", "shop", &id);
    }
    platform
}

/// Sticky for SMS, not for MMS.
fn platform() -> Platform {
    senders().strategy("A", "shop", json!({"channel": "SMS", "useStickySender": true})).strategy(
        "B",
        "shop",
        json!({"channel": "MMS"}),
    )
}

fn standard() -> Arc<Policy> {
    static POLICY: std::sync::OnceLock<Arc<Policy>> = std::sync::OnceLock::new();
    Arc::clone(POLICY.get_or_init(|| Arc::new(patient(Policy::standard().unwrap()))))
}

fn gateway_on(platform: &Platform, store: Arc<dyn StickyStore>) -> Gateway {
    Gateway::with(platform.catalog(), standard(), store).unwrap()
}

fn key(to: &str) -> PinKey<'static> {
    PinKey::new(PinScope::new("shop", None), Channel::Sms, Recipient::Number(Number::parse_e164(to).unwrap()))
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("+1415{:07}", 5_550_000 + index)).collect()
}

#[test]
fn a_batch_reads_all_pins_in_one_round_trip_and_writes_the_wanted_ones_in_one() {
    for sync in [false, true] {
        let store = Arc::new(RemoteStore::default());
        let gateway = gateway_on(&platform(), Arc::clone(&store) as Arc<dyn StickyStore>);
        let numbers = numbers(1_000);
        let messages: Vec<Message<'_>> = numbers.iter().map(|to| sms("shop", to)).collect();
        let resolve = || match sync {
            true => gateway.resolve_batch(&messages),
            false => wait(gateway.resolve_batch_async(&messages)),
        };
        let first = resolve();
        assert!(first.iter().all(|decision| decision.step() == Some(Step::Pool)));
        assert_eq!(store.trips(), (1, 1));
        let second = resolve();
        assert_eq!(store.trips(), (2, 1), "what is pinned is read and not written");
        for (first, second) in first.iter().zip(second.iter()) {
            assert_eq!(second.step(), Some(Step::Sticky));
            assert_eq!(first.sender().unwrap().id, second.sender().unwrap().id);
        }
    }
}

#[test]
fn a_single_message_is_decided_without_blocking_too() {
    let store = Arc::new(RemoteStore::default());
    let gateway = gateway_on(&platform(), Arc::clone(&store) as Arc<dyn StickyStore>);
    let steps: Vec<_> = (0..2).map(|_| wait(gateway.resolve_async(&sms("shop", TO))).get().step()).collect();
    assert_eq!(steps, [Some(Step::Pool), Some(Step::Sticky)]);
    let explicit = sms("shop", TO).from("+12125550100");
    assert_eq!(wait(gateway.resolve_async(&explicit)).get().step(), Some(Step::Explicit));
}

#[test]
fn a_channel_without_a_sticky_strategy_never_asks_the_store() {
    let store = Arc::new(RemoteStore::default());
    let gateway = gateway_on(&platform(), Arc::clone(&store) as Arc<dyn StickyStore>);
    let numbers = numbers(100);
    let messages: Vec<Message<'_>> = numbers.iter().map(|to| message(Channel::Mms, "shop", to)).collect();
    assert!(wait(gateway.resolve_batch_async(&messages)).iter().all(|decision| decision.step() == Some(Step::Pool)));
    gateway.resolve_batch(&messages);
    gateway.resolve(&messages[0]);
    assert_eq!(store.trips(), (0, 0));
}

#[test]
fn where_another_writer_won_the_message_is_decided_again_with_the_winner_in_view() {
    [true, false].into_iter().for_each(another_writer_wins);
}

/// On the caller's thread as far as the machine is fast enough for it, or in the slow lane.
fn another_writer_wins(quick: bool) {
    let store = Arc::new(RemoteStore::default());
    let mut lanes = LaneOptions::default();
    lanes.quick = quick;
    let pins = Arc::clone(&store) as Arc<dyn StickyStore>;
    let gateway = Gateway::with_lanes(platform().catalog(), standard(), pins, lanes).unwrap();
    let numbers = numbers(20);
    let messages: Vec<Message<'_>> = numbers.iter().map(|to| sms("shop", to)).collect();
    // Another gateway pins every second recipient between this one's reading and writing.
    store.before_write(|pins| {
        for index in (0..20).step_by(2) {
            pins.insert(&key(&format!("+1415{:07}", 5_550_000 + index)), &PinnedSender::new("S7")).unwrap();
        }
    });
    let decisions = wait(gateway.resolve_batch_async(&messages));
    for (index, decision) in decisions.iter().enumerate() {
        let pin = store.pins.get(&key(&numbers[index])).unwrap().unwrap();
        assert_eq!(PinnedSender::new(&decision.sender().unwrap().id).key, pin.sender);
        if index % 2 == 0 {
            assert_eq!((&*decision.sender().unwrap().id, decision.step()), ("S7", Some(Step::Sticky)));
        }
    }
    assert_eq!(store.trips(), (1, 1), "a winner that is a candidate is decided without another trip");
    if !quick {
        assert_eq!(gateway.usage("shop").slow, 1 + 10, "the batch, and each that lost");
    }
}

#[test]
fn a_winner_that_is_no_candidate_is_replaced_and_of_two_who_do_so_one_wins() {
    let store = Arc::new(RemoteStore::default());
    let gateway = gateway_on(&platform(), Arc::clone(&store) as Arc<dyn StickyStore>);
    store.before_write(|pins| {
        pins.insert(&key(TO), &PinnedSender::new("LONG-GONE")).unwrap();
    });
    let decision = wait(gateway.resolve_async(&sms("shop", TO)));
    let id = decision.get().sender().unwrap().id.clone();
    assert_eq!(decision.get().step(), Some(Step::Pool));
    assert_eq!(store.pins.get(&key(TO)).unwrap().unwrap().sender, PinnedSender::new(&id).key);
    assert_eq!(store.trips(), (1, 2));
}

#[test]
fn a_store_that_is_away_refuses_with_sticky_unavailable_unless_the_binding_says_otherwise() {
    let store = Arc::new(RemoteStore::default());
    let gateway = gateway_on(&platform(), Arc::clone(&store) as Arc<dyn StickyStore>);
    let lenient = Binding::new(standard()).on_unavailable(OnUnavailable::DecideUnpinned);
    let numbers = numbers(10);
    let messages: Vec<Message<'_>> = numbers.iter().map(|to| sms("shop", to)).collect();
    for (reads_fail, writes_fail) in [(true, false), (false, true)] {
        store.reads_fail.store(reads_fail, Ordering::SeqCst);
        store.writes_fail.store(writes_fail, Ordering::SeqCst);
        let refused = |decision: callsign::DecisionRef<'_>| {
            let refusal = decision.refusal().expect("a refusal");
            assert_eq!(refusal.code(), "STICKY_UNAVAILABLE");
            assert!(refusal.to_string().contains("the store is away"), "{refusal}");
        };
        gateway.unbind(&BindingTarget::application("shop")).ok();
        refused(gateway.resolve(&messages[0]).get());
        refused(wait(gateway.resolve_async(&messages[0])).get());
        gateway.resolve_batch(&messages).iter().for_each(refused);
        wait(gateway.resolve_batch_async(&messages)).iter().for_each(refused);
        // Messages that need no pin go out.
        assert_eq!(gateway.resolve(&message(Channel::Mms, "shop", TO)).get().step(), Some(Step::Pool));

        gateway.swap(&BindingTarget::application("shop"), lenient.clone()).unwrap();
        let unpinned = |decision: callsign::DecisionRef<'_>| {
            assert_eq!(decision.step(), Some(Step::Pool));
            assert!(decision.unpinned().expect("it says so").contains("the store is away"));
            let json = serde_json::to_value(decision.to_json(None)).unwrap();
            assert!(json["unpinned"].as_str().unwrap().contains("the store is away"), "{json}");
        };
        unpinned(gateway.resolve(&messages[0]).get());
        unpinned(wait(gateway.resolve_async(&messages[0])).get());
        gateway.resolve_batch(&messages).iter().for_each(unpinned);
        wait(gateway.resolve_batch_async(&messages)).iter().for_each(unpinned);
    }
    store.reads_fail.store(false, Ordering::SeqCst);
    store.writes_fail.store(false, Ordering::SeqCst);
    let decision = gateway.resolve(&messages[0]);
    assert_eq!((decision.get().step(), decision.get().unpinned()), (Some(Step::Pool), None));
    assert!(store.pins.get(&key(&numbers[0])).unwrap().is_some());
    assert_eq!(store.pins.count(&Filter::All).unwrap(), 1, "nothing was pinned while the store was away");
}

#[test]
fn a_pin_of_a_strategy_with_idle_days_ends_and_its_use_is_noted_once_per_tenth_of_them() {
    let platform = senders().strategy("C", "shop", json!({"useStickySender": true, "stickyIdleDays": 30}));
    let message = || sms("shop", TO);
    let key = key(TO);
    let store = Arc::new(MemoryStore::new());
    let gateway = gateway_on(&platform, Arc::clone(&store) as Arc<dyn StickyStore>);
    let first = decide(&gateway, &message());
    let id = first.split(' ').next().unwrap();
    assert_eq!(store.get(&key).unwrap().unwrap().idle_days, 30);

    let now = callsign::sticky::now();
    let days_ago = |days: u64| now - days * 86_400;
    let pinned = |days: u64| {
        store.release(&[callsign::sticky::Release { key, expected: None }]);
        let write = Write::insert(key, PinnedSender::new(id)).idle_days(30);
        store.write_one(&Write { used: Some((days_ago(days), days_ago(days))), ..write }).unwrap();
    };
    for (days, noted) in [(2, false), (4, true), (29, true)] {
        pinned(days);
        assert_eq!(decide(&gateway, &message()), format!("{id} STICKY"));
        let last_used = store.get(&key).unwrap().unwrap().last_used;
        assert_eq!(last_used > days_ago(1), noted, "{days} days ago");
        assert_eq!(store.get(&key).unwrap().unwrap().first_used, days_ago(days));
    }
    pinned(31);
    assert_eq!(decide(&gateway, &message()), format!("{id} POOL"), "an ended pin is none");
    // In a batch and without blocking too.
    pinned(5);
    let decisions = gateway.resolve_batch(&[message()]);
    assert_eq!(decisions.get(0).unwrap().step(), Some(Step::Sticky));
    assert!(store.get(&key).unwrap().unwrap().last_used > days_ago(1));
    // Another time to live holds from the next use.
    store.touch(&[Touch { key, sender: PinnedSender::new(id).key, idle_days: 7 }]).unwrap();
    decide(&gateway, &message());
    assert_eq!(store.get(&key).unwrap().unwrap().idle_days, 30);
}

#[test]
fn an_entity_that_the_catalog_does_not_list_has_pins_of_its_own() {
    // It has no senders of its own; a policy of the tenant's pins it to the application's default sender.
    let platform = platform().default_sender("shop", "S3");
    let component = callsign_tests::component::Component::new("pins", "1.0.0")
        .resolve("(call $decide (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 1))");
    let store = Arc::new(MemoryStore::new());
    let gateway = gateway_on(&platform, Arc::clone(&store) as Arc<dyn StickyStore>);
    gateway.swap(&BindingTarget::Platform, Binding::new(component.policy())).unwrap();
    let decision = gateway.resolve(&sms("shop/nobody-knows", TO));
    assert_eq!(decision.get().step(), Some(Step::DefaultSender), "{decision:?}");
    assert!(store.get(&key(TO)).unwrap().is_none(), "the application's recipient is not pinned");
    let own = PinKey { scope: PinScope::new("shop", Some("nobody-knows")), ..key(TO) };
    assert_eq!(store.get(&own).unwrap().unwrap().sender, PinnedSender::new("S3").key);
}

/// A policy of the tenant's that answers a sender and wants it pinned; it looks at the pin first, or does not.
fn pins(sender: u32, looks: bool) -> Arc<Policy> {
    let component = callsign_tests::component::Component::new("pins", "1.0.0");
    let decide = format!("(call $decide (i32.const {sender}) (i32.const 0) (i32.const 4) (i32.const 1))");
    match looks {
        false => component.resolve(&decide).policy(),
        true => component
            .import("sticky", "pin-of", "(param i32 i32)")
            .resolve(&format!("(call $pin-of (local.get $message) (i32.const 4096)) {decide}"))
            .policy(),
    }
}

#[test]
fn a_policy_that_wants_the_pin_that_is_there_writes_nothing_and_does_not_fail() {
    for looks in [false, true] {
        let store = Arc::new(RemoteStore::default());
        let gateway = gateway_on(&platform(), Arc::clone(&store) as Arc<dyn StickyStore>);
        gateway.swap(&BindingTarget::Platform, Binding::new(pins(2, looks))).unwrap();
        let first = gateway.resolve(&sms("shop", TO));
        let pin = store.pins.get(&key(TO)).unwrap();
        assert!(pin.is_some(), "{first:?}");
        for _ in 0..3 {
            let again = gateway.resolve(&sms("shop", TO));
            assert_eq!(again.get().sender().map(|sender| &sender.id), first.get().sender().map(|sender| &sender.id));
        }
        assert_eq!(store.pins.get(&key(TO)).unwrap(), pin);
        assert_eq!(gateway.failures(&BindingTarget::Platform), Some(0));
        if looks {
            assert_eq!(store.trips().1, 1, "it is pinned already");
        }
    }
}

/// Fails for recipients in New York. For all others it answers a sender and wants it pinned, some 20 ms later where one is pinned.
fn fails_for_new_york() -> Arc<Policy> {
    let fails = "(if (i32.eq (local.get $area) (i32.const 212)) (then unreachable))";
    let looks = "(call $pin-of (local.get $message) (i32.const 4096))";
    let counter = "(local $left i32) (local.set $left (i32.const 20000000))";
    let works = "(if (i32.load8_u (i32.const 4096)) (then
        (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))";
    let decide = "(call $decide (i32.const 2) (i32.const 0) (i32.const 4) (i32.const 1))";
    let component = callsign_tests::component::Component::new("fails", "1.0.0");
    let component = component.import("sticky", "pin-of", "(param i32 i32)");
    component.resolve(&format!("{counter} {fails} {looks} {works} {decide}")).policy()
}

#[test]
fn a_policy_that_has_rested_is_tried_by_a_message_whose_pin_is_awaited_and_serves_again() {
    for another_writer_wins in [false, true] {
        let rest = std::time::Duration::from_millis(1);
        let store = Arc::new(RemoteStore::default());
        let gateway = gateway_on(&platform(), Arc::clone(&store) as Arc<dyn StickyStore>);
        let binding = Binding::new(fails_for_new_york()).on_failure(OnFailure::Refuse).breaker(Breaker::new(1, rest));
        gateway.swap(&BindingTarget::Platform, binding).unwrap();
        let failed = wait(gateway.resolve_async(&sms("shop", "+12125550123")));
        assert_eq!(failed.get().refusal().map(|refusal| refusal.code()), Some("POLICY_FAILED"));
        assert_eq!(gateway.failures(&BindingTarget::Platform), Some(1), "each failure is counted, and once");
        // Every message of these is the first to its recipient, so its pin is written. Where another writer wins, the policy is called
        // again, which takes so long that the slow lane does it.
        let is_back = numbers(100_000).into_iter().any(|to| {
            if another_writer_wins {
                let to = to.clone();
                store.before_write(move |pins| {
                    pins.insert(&key(&to), &PinnedSender::new("S2")).unwrap();
                });
            }
            wait(gateway.resolve_async(&sms("shop", &to))).get().sender().is_some_and(|sender| &*sender.id == "S2")
        });
        assert!(is_back, "the policy was never tried");
        assert!(gateway.usage("shop").slow > 0 || !another_writer_wins);
        let (reads, writes) = store.trips();
        wait(gateway.resolve_async(&sms("shop", "+13105550123")));
        assert_eq!(store.trips(), (reads + 1, writes + 1));
    }
}

#[test]
fn a_shadow_decides_on_the_pin_that_was_read_for_the_policy_that_serves() {
    let store = Arc::new(RemoteStore::default());
    let gateway = gateway_on(&platform(), Arc::clone(&store) as Arc<dyn StickyStore>);
    // It has the time of its own deadline, also in a slow lane that waits for a core.
    gateway.shadow(&BindingTarget::Platform, Binding::new(patient(Policy::standard().unwrap()))).unwrap();
    let numbers = numbers(100);
    let messages: Vec<Message<'_>> = numbers.iter().map(|to| sms("shop", to)).collect();
    for round in 1..=2 {
        wait(gateway.resolve_batch_async(&messages));
        assert_eq!(store.trips(), (round, 1));
    }
    // The slow lane asks it after the decisions.
    let comparison = loop {
        let comparison = gateway.comparison(&BindingTarget::Platform).unwrap();
        if comparison.compared + comparison.dropped == 200 {
            break comparison;
        }
        std::thread::yield_now();
    };
    assert_eq!((comparison.different, store.trips()), (0, (2, 1)), "{comparison:?}");
    assert!(comparison.compared >= 100, "{comparison:?}");
}

#[test]
fn a_store_that_is_away_is_not_held_against_a_candidate() {
    let store = Arc::new(RemoteStore::default());
    let gateway = gateway_on(&platform(), Arc::clone(&store) as Arc<dyn StickyStore>);
    let recall = callsign::AutoRollback::new(50, 10, std::time::Duration::from_secs(60));
    let candidate = Binding::new(patient(Policy::standard().unwrap()));
    gateway.canary(&BindingTarget::Platform, candidate, 1000, recall).unwrap();
    store.reads_fail.store(true, Ordering::SeqCst);
    let numbers = numbers(50);
    for to in &numbers {
        let decision = gateway.resolve(&sms("shop", to));
        assert_eq!(decision.get().refusal().map(|refusal| refusal.code()), Some("STICKY_UNAVAILABLE"));
    }
    gateway.promote(&BindingTarget::Platform).expect("the candidate is still there");
}

#[test]
fn pins_of_an_embedded_store_outlive_the_gateway() {
    let path = std::env::temp_dir().join(format!("callsign-pins-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    let numbers = numbers(300);
    let messages: Vec<Message<'_>> = numbers.iter().map(|to| sms("shop", to)).collect();
    let mut seen = Vec::new();
    for round in 0..3 {
        let store = Arc::new(EmbeddedStore::open(&path, Default::default()).unwrap());
        // A sender more each time: without the pins some recipients would move.
        let mut platform = platform();
        for index in 0..round * 5 {
            let id = format!("NEW{index}");
            platform = platform.long(&id, &format!("+1212556{index:04}")).associate("shop", &[&id]);
        }
        let gateway = gateway_on(&platform, store);
        let decisions = match round {
            1 => wait(gateway.resolve_batch_async(&messages)),
            _ => gateway.resolve_batch(&messages),
        };
        let senders: Vec<String> = decisions.iter().map(|decision| decision.sender().unwrap().id.to_string()).collect();
        let step = if round == 0 { Step::Pool } else { Step::Sticky };
        assert!(decisions.iter().all(|decision| decision.step() == Some(step)));
        seen.push(senders);
    }
    assert!(seen.iter().all(|senders| *senders == seen[0]));
    std::fs::remove_dir_all(&path).unwrap();
}

#[test]
fn a_store_is_free_once_its_gateway_is_gone_although_the_policy_is_kept() {
    let folder = std::env::temp_dir().join(format!("callsign-kept-policy-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let (policy, message) = (standard(), sms("shop", TO));
    for expected in [Step::Pool, Step::Sticky, Step::Sticky] {
        let store = Arc::new(EmbeddedStore::open(&folder, Default::default()).unwrap());
        let gateway = Gateway::with(platform().catalog(), Arc::clone(&policy), store).unwrap();
        assert_eq!(gateway.resolve(&message).get().step(), Some(expected));
    }
    std::fs::remove_dir_all(folder).unwrap();
}
