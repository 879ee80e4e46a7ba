//! The time of a request holds for everything that it needs of policies.

use super::*;

/// Refuses each message with a detail of its own, and words each after some work.
fn slowly_worded() -> Component {
    let words = "(call $words (i32.const 96) (i32.const 6) (i32.const 112) (i32.const 12)) (i32.const 2048)";
    hostile()
        .item("(global $detail (mut i64) (i64.const 0))")
        .resolve(
            "(global.set $detail (i64.add (global.get $detail) (i64.const 1)))
             (drop (call $refuse (i32.const 7))) (i64.store (i32.const 1040) (global.get $detail)) (i32.const 1024)",
        )
        .refusal_text(&format!("{WORK} {words}"))
}

#[test]
fn the_time_of_a_request_holds_for_the_wordings_of_its_refusals() {
    let gateway = gateway(|lanes| lanes.request = 200 * MS);
    bind(&gateway, "shop", &slowly_worded(), 150 * MS);
    // A request that waits for a core until its time is over decides nothing: then the next one shows it.
    let mut said = Vec::new();
    let is_worded_in_time = (0..20).any(|_| {
        let (told, took) = batch(&gateway, 250);
        assert!(took < 200 * MS + SLACK, "{took:?}");
        let (first, last) = (&told[0], &told[249]);
        said.push((first.clone(), last.clone()));
        (first.starts_with("CLOSED ") || first.contains("not worded"))
            && last.starts_with("POLICY_REFUSED ")
            && last.contains("the time of the request, 200ms, is used up")
    });
    assert!(is_worded_in_time, "{said:?}");
    // The same where they are worded as they are read.
    let decisions = gateway.resolve_batch(&[sms("shop", TO); 250]);
    let spent = Spent::begin(&gateway);
    let told: Vec<String> = decisions.iter().map(self::told).collect();
    assert!(spent.took() < 200 * MS + SLACK, "{:?}", spent.took());
    assert!(told[249].contains("the time of the request, 200ms, is used up"), "{}", told[249]);
}

#[test]
fn refusals_that_are_the_same_are_worded_once() {
    let gateway = gateway(|_| {});
    let words = "(global.set $times (i32.add (global.get $times) (i32.const 1)))
        (i32.store8 (i32.const 112) (i32.add (i32.const 48) (global.get $times)))
        (call $words (i32.const 96) (i32.const 6) (i32.const 112) (i32.const 12)) (i32.const 2048)";
    let component = hostile()
        .item("(global $times (mut i32) (i32.const 0))")
        .resolve("(call $refuse (i32.const 7))")
        .refusal_text(words);
    bind(&gateway, "shop", &component, Duration::from_secs(60));
    assert_eq!(batch(&gateway, 100).0, ["CLOSED 1losed today"; 100]);
}

#[test]
fn the_time_of_a_request_holds_for_all_of_its_calls() {
    let gateway = gateway(|lanes| lanes.request = 300 * MS);
    // 4 calls of 250 messages, each of which takes its deadline, and then each message by itself.
    bind(&gateway, "shop", &hostile().resolve(&format!("{WORK} {DECIDE}")).resolve_batch("unreachable"), 250 * MS);
    for decide in [
        |gateway: &Gateway| batch(gateway, 1_000),
        |gateway: &Gateway| {
            let spent = Spent::begin(gateway);
            let decisions = gateway.resolve_batch(&[sms("shop", TO); 1_000]);
            (decisions.iter().map(told).collect(), spent.took())
        },
    ] {
        let (told, took) = decide(&gateway);
        assert!(took < 300 * MS + SLACK, "{took:?}");
        assert!(told[999].contains("the time of the request, 300ms, is used up"), "{}", told[999]);
    }
}

#[test]
fn the_time_of_a_request_holds_for_the_fallback_too() {
    let gateway = gateway(|lanes| lanes.request = 100 * MS);
    let hangs = policy(&hostile().resolve(FOR_EVER).resolve_batch(FOR_EVER), 99 * MS);
    let binding = Binding::new(hangs).on_failure(OnFailure::Standard);
    gateway.swap(&BindingTarget::application("shop"), binding).unwrap();
    let (told, took) = batch(&gateway, 1);
    assert!(took < 100 * MS + SLACK, "{took:?}");
    // Either there was time left for the standard policy, or not.
    assert!(told[0] == "S0" || told[0].starts_with("POLICY_FAILED"), "{}", told[0]);
}

#[test]
fn an_explanation_is_a_part_of_its_request() {
    let gateway = gateway(|lanes| lanes.request = 1_000 * MS);
    bind(&gateway, "shop", &hostile().resolve(FOR_EVER), 200 * MS);
    // The first has its whole time, unless its thread gets no core for most of a second: then the next request shows it.
    let mut firsts = Vec::new();
    let has_its_time = (0..20).any(|_| {
        let (spent, time) = (Spent::begin(&gateway), gateway.request_time(20));
        let told: Vec<String> =
            (0..20).map(|_| told(wait(gateway.explain_within(&sms("shop", TO), time)).decision())).collect();
        assert!(spent.took() < 1_000 * MS + SLACK, "{:?}", spent.took());
        assert_eq!(told[19], "POLICY_FAILED the time of the request, 1s, is used up");
        firsts.push(told[0].clone());
        told[0] == "POLICY_FAILED the policy ran for longer than 200ms"
    });
    assert!(has_its_time, "{firsts:?}");
}

/// Waits for the slow lane to have asked a shadow, or dropped it, so often.
fn comparison(gateway: &Gateway, messages: u64) -> callsign::Comparison {
    let begun = Instant::now();
    loop {
        let comparison = gateway.comparison(&BindingTarget::application("shop")).unwrap();
        if comparison.compared + comparison.dropped >= messages {
            return comparison;
        }
        assert!(begun.elapsed() < PATIENCE, "{comparison:?}");
        std::thread::yield_now();
    }
}

#[test]
fn a_shadow_is_asked_after_the_decisions_and_dropped_when_there_is_no_time() {
    let gateway = gateway(|lanes| lanes.request = 200 * MS);
    let target = BindingTarget::application("shop");
    bind(&gateway, "shop", &hostile(), Duration::from_secs(60));
    // Where the slow lane waits for a core, a call may take its deadline: it is asked again all the same.
    let never = Breaker::new(u32::MAX, Duration::from_secs(1));
    gateway.shadow(&target, Binding::new(policy(&slow(), 150 * MS)).breaker(never)).unwrap();
    // Whoever waited for the shadow would find all of it done each time; this thread may have to wait for a core.
    let mut messages = 0;
    let is_after = (0..20).any(|_| {
        messages += 250;
        assert_eq!(batch(&gateway, 250).0, ["S0"; 250]);
        let so_far = gateway.comparison(&target).unwrap();
        comparison(&gateway, messages);
        so_far.compared + so_far.dropped < messages
    });
    assert!(is_after, "the decisions waited for the shadow");
    let dropped = comparison(&gateway, messages).dropped;
    assert!(dropped > 100, "{dropped} of {messages}");
    // On the caller's own thread it is asked at once, and as briefly.
    let spent = Spent::begin(&gateway);
    gateway.resolve_batch(&[sms("shop", TO); 250]);
    assert!(spent.took() < 200 * MS + SLACK, "{:?}", spent.took());
    let all = gateway.comparison(&target).unwrap();
    assert_eq!(all.compared + all.dropped, messages + 250);
}

#[test]
fn a_shadow_in_the_slow_lane_is_compared() {
    let gateway = gateway(|_| {});
    bind(&gateway, "shop", &hostile(), Duration::from_secs(60));
    let target = BindingTarget::application("shop");
    gateway.shadow(&target, Binding::new(policy(&hostile().resolve("unreachable"), Duration::from_secs(60)))).unwrap();
    assert_eq!(told(wait(gateway.resolve_async(&sms("shop", TO))).get()), "S0");
    let comparison = comparison(&gateway, 1);
    assert_eq!((comparison.compared, comparison.different, comparison.dropped), (1, 1, 0));
}

/// What becomes of the first and the last of 40 messages that lose their races and hang then, and the round trips to the store.
fn first_and_last_of_lost_races() -> (String, String, (usize, usize)) {
    let store = Arc::new(RemoteStore::default());
    let mut lanes = LaneOptions::default();
    lanes.request = 1_000 * MS;
    let platform = platform().strategy("sticky", "shop", json!({"channel": "SMS", "useStickySender": true}));
    let pins = Arc::clone(&store) as Arc<dyn StickyStore>;
    let gateway = Gateway::with_lanes(platform.catalog(), patient(Policy::standard().unwrap()), pins, lanes).unwrap();
    // It decides at once while there is no pin, and hangs once it sees one: each message that loses its race does.
    let component = hostile().import("sticky", "pin-of", "(param i32 i32)").resolve(&format!(
        "(call $pin-of (local.get $message) (i32.const 4096))
         (if (i32.load8_u (i32.const 4096)) (then (loop $for-ever (br $for-ever))))
         (call $decide (i32.const 0) (i32.const {STICKY}) (i32.const 4) (i32.const 1))"
    ));
    bind(&gateway, "shop", &component, 200 * MS);
    let numbers: Vec<String> = (0..40).map(|index| format!("+1415{:07}", 5_550_000 + index)).collect();
    let messages: Vec<Message<'_>> = numbers.iter().map(|to| sms("shop", to)).collect();
    let all = numbers.clone();
    store.before_write(move |pins| {
        for to in &all {
            let recipient = Recipient::Number(Number::parse_e164(to).unwrap());
            let key = PinKey::new(PinScope::new("shop", None), Channel::Sms, recipient);
            pins.insert(&key, &PinnedSender::new("LONG-GONE")).unwrap();
        }
    });
    let spent = Spent::begin(&gateway);
    let decisions = wait(gateway.resolve_batch_async(&messages));
    assert!(spent.took() < 1_000 * MS + SLACK, "{:?}", spent.took());
    let told: Vec<String> = decisions.iter().map(told).collect();
    (told[0].clone(), told[39].clone(), store.trips())
}

#[test]
fn the_time_of_a_request_holds_for_races() {
    let first = "POLICY_FAILED the policy ran for longer than 200ms";
    let last = "POLICY_FAILED the time of the request, 1s, is used up";
    let expected = (first.to_owned(), last.to_owned(), (1, 1));
    // The first has its whole time, unless its thread gets no core for most of a second: then the next request shows it.
    let mut seen = Vec::new();
    let holds = (0..20).any(|_| {
        seen.push(first_and_last_of_lost_races());
        seen.last() == Some(&expected)
    });
    assert!(holds, "{seen:?}");
}
