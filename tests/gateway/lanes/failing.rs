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

#[test]
fn the_standard_policy_decides_in_the_slow_lane_what_has_failed_when_no_quick_time_is_left() {
    let gateway = gateway(|_| {});
    // No sender of the application.
    let component = hostile().resolve("(call $decide (i32.const 2) (i32.const -1) (i32.const 4) (i32.const 0))");
    let never = Breaker::new(u32::MAX, Duration::from_secs(1));
    let binding = Binding::new(policy(&component, Duration::from_secs(60))).on_failure(OnFailure::Standard);
    gateway.swap(&BindingTarget::application("shop"), binding.breaker(never)).unwrap();
    // Whoever is told of a failure takes the time that the calls of a request may take on the thread of its caller.
    gateway.listen(|event| {
        if matches!(event.kind, EventKind::Failed { .. }) {
            let begun = Instant::now();
            while begun.elapsed() < 5 * MS {
                std::hint::spin_loop();
            }
        }
    });
    let decisions = wait(gateway.resolve_batch_async(&[sms("shop", TO); 3]));
    assert_eq!(decisions.iter().map(told).collect::<Vec<_>>(), ["S0"; 3]);
    assert_eq!(told(wait(gateway.resolve_async(&sms("shop", TO))).get()), "S0");
    assert_eq!(gateway.failures(&BindingTarget::application("shop")), Some(4), "each failure is counted, and once");
    assert!(gateway.usage("shop").slow > 0);
}
