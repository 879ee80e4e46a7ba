//! Slow policies that fail or have failed: the slow lane goes on from how far a message came.

use super::*;

/// Fails for recipients in New York, and decides for all others after some work.
fn slow_but_failing_for_new_york() -> Component {
    let work = WORK.replace("(local $left i32)", "");
    let fails = "(if (i32.eq (local.get $area) (i32.const 212)) (then unreachable))";
    let body = format!("(local $left i32) {fails} {work} {DECIDE}");
    hostile().resolve(&body)
}

/// A policy rests for 200 ms, since it has failed. Not known to be slow, where this thread kept its core meanwhile.
fn resting() -> Gateway {
    let gateway = gateway(|_| {});
    let policy = policy(&slow_but_failing_for_new_york(), Duration::from_secs(60));
    let binding = Binding::new(policy).breaker(Breaker::new(1, 200 * MS));
    gateway.swap(&BindingTarget::application("shop"), binding).unwrap();
    let failed = told(wait(gateway.resolve_async(&sms("shop", NEW_YORK))).get());
    assert!(failed.starts_with("POLICY_FAILED"), "{failed}");
    gateway
}

#[test]
fn a_slow_policy_that_has_rested_is_tried_in_the_slow_lane_by_the_message_that_found_it_slow() {
    for messages in [1, 2] {
        let gateway = (0..20).map(|_| resting()).find(|gateway| gateway.usage("shop").slow == 0);
        let gateway = gateway.expect("it fails quickly");
        let decide = || match messages {
            1 => vec![told(wait(gateway.resolve_async(&sms("shop", TO))).get())],
            _ => batch(&gateway, messages).0,
        };
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "it was never tried");
            let told = decide();
            if told.iter().all(|told| told == "S0") {
                break;
            }
            // While it rests nobody calls it, and whoever tries it does not find in the slow lane that it rests still.
            assert!(told.iter().all(|told| told.starts_with("POLICY_FAILED")), "{told:?}");
            assert_eq!(gateway.usage("shop").slow, 0, "{told:?}");
        }
    }
}

/// Whoever is told of a failure of this gateway's policy takes the time that the calls of a request may take on the thread of its
/// caller. So many messages may wait for the slow lane.
fn failing_slowly(waiting: usize) -> Gateway {
    let mut lanes = LaneOptions::default();
    lanes.waiting = waiting;
    let platform = platform().associate("shop/acme", &["S0"]);
    let standard = patient(Policy::standard().unwrap());
    let gateway = Gateway::with_lanes(platform.catalog(), standard, Arc::new(MemoryStore::new()), lanes).unwrap();
    // No sender of the application.
    let component = hostile().resolve("(call $decide (i32.const 2) (i32.const -1) (i32.const 4) (i32.const 0))");
    let never = Breaker::new(u32::MAX, Duration::from_secs(1));
    let binding = Binding::new(policy(&component, Duration::from_secs(60))).on_failure(OnFailure::Standard);
    gateway.swap(&BindingTarget::application("shop"), binding.breaker(never)).unwrap();
    gateway.listen(|event| {
        if matches!(event.kind, EventKind::Failed { .. }) {
            let begun = Instant::now();
            while begun.elapsed() < 5 * MS {
                std::hint::spin_loop();
            }
        }
    });
    gateway
}

#[test]
fn the_standard_policy_decides_in_the_slow_lane_what_has_failed_when_no_quick_time_is_left() {
    let gateway = failing_slowly(2_048);
    assert_eq!(batch(&gateway, 3).0, ["S0"; 3]);
    assert_eq!(told(wait(gateway.resolve_async(&sms("shop", TO))).get()), "S0");
    assert_eq!(gateway.failures(&BindingTarget::application("shop")), Some(4), "each failure is counted, and once");
    assert!(gateway.usage("shop").slow > 0);
}

#[test]
fn it_decides_on_the_thread_of_the_caller_what_the_slow_lane_has_no_room_for() {
    let gateway = failing_slowly(4);
    let slow = Binding::new(policy(&working_for(100_000_000), Duration::from_secs(60)));
    gateway.swap(&BindingTarget::entity("shop", "acme"), slow).unwrap();
    let message = sms("shop/acme", TO);
    let decided = (0..10).any(|_| {
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting: Vec<_> = (0..12).map(|_| Box::pin(gateway.resolve_async(&message))).collect();
        waiting.retain_mut(|future| future.as_mut().poll(&mut context).is_pending());
        let refused = gateway.usage("shop").refused;
        // What this thread has to wait for a core meanwhile may be refused.
        let is_decided = batch(&gateway, 3).0 == ["S0"; 3] && gateway.usage("shop").refused > refused;
        for future in waiting {
            wait(future);
        }
        is_decided
    });
    assert!(decided, "{:?}: {:?}", gateway.usage("shop"), batch(&gateway, 3).0);
}
