//! What waits for the slow lane: turns between applications, how much of each may wait, and who gives up.

use super::*;

#[test]
fn an_application_with_much_slow_work_lets_another_one_take_its_turn() {
    let gateway = Arc::new(gateway(|lanes| {
        lanes.quick = false;
        lanes.request = Duration::from_secs(600);
    }));
    bind(&gateway, "shop", &slow(), Duration::from_secs(60));
    bind(&gateway, "care", &slow(), Duration::from_secs(60));
    // 40 pieces of work of one application wait before the first of the other one comes.
    let messages = [sms("shop", TO)];
    let mut waiting: Vec<_> = (0..40).map(|_| Box::pin(gateway.resolve_batch_async(&messages))).collect();
    let mut context = Context::from_waker(Waker::noop());
    for future in &mut waiting {
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(told(wait(gateway.resolve_async(&sms("care", TO))).get()), "S1");
    let left = gateway.usage("shop").waiting;
    assert!(left >= 20, "only {left} of the others were waiting still");
    for future in waiting {
        assert_eq!(wait(future).iter().map(told).collect::<Vec<_>>(), ["S0"]);
    }
}

#[test]
fn above_the_limit_messages_of_that_application_fail_and_those_of_others_do_not() {
    let gateway = gateway(|lanes| {
        lanes.quick = false;
        lanes.waiting = 100;
        lanes.request = Duration::from_secs(600);
    });
    bind(&gateway, "shop", &slow(), Duration::from_secs(60));
    let messages = [sms("shop", TO); 60];
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting: Vec<_> = (0..6).map(|_| Box::pin(gateway.resolve_batch_async(&messages))).collect();
    let mut refused = 0;
    for future in &mut waiting {
        if let Poll::Ready(decisions) = future.as_mut().poll(&mut context) {
            let cause = "POLICY_FAILED the policy is slow, and 100 messages of its application wait for it already";
            assert!(decisions.iter().all(|decision| told(decision) == cause), "{decisions:?}");
            refused += 1;
        }
    }
    // One may be under way, and one waits.
    assert!((4..=5).contains(&refused), "{refused} of 6");
    assert_eq!(gateway.usage("shop").refused, refused);
    assert_eq!(told(wait(gateway.resolve_async(&sms("care", TO))).get()), "S1");
    assert_eq!(gateway.failures(&BindingTarget::application("shop")), Some(60 * refused));
}

#[test]
fn a_request_that_is_larger_than_the_limit_waits_for_itself() {
    let gateway = gateway(|lanes| {
        lanes.quick = false;
        lanes.waiting = 600;
        lanes.request = Duration::from_secs(600);
    });
    let messages: Vec<_> = (0..3_000).map(|at| sms(["shop", "care"][usize::from(at % 3 == 0)], TO)).collect();
    let decisions = wait(gateway.resolve_batch_async(&messages));
    for (message, decision) in messages.iter().zip(decisions.iter()) {
        assert_eq!(told(decision), if message.application == Some("shop") { "S0" } else { "S1" });
    }
    assert_eq!(gateway.usage("shop").refused + gateway.usage("care").refused, 0);
    assert!(gateway.usage("shop").slow >= 8, "{:?}", gateway.usage("shop"));
}

#[test]
fn a_future_that_is_dropped_leaves_nothing_behind() {
    let gateway = gateway(|lanes| {
        lanes.quick = false;
        lanes.request = Duration::from_secs(600);
    });
    bind(&gateway, "shop", &slow(), Duration::from_secs(60));
    assert_eq!(told(wait(gateway.resolve_async(&sms("shop", TO))).get()), "S0");
    let one = gateway.usage("shop").policy_time;
    let messages = [sms("shop", TO); 10];
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        assert!(Box::pin(gateway.resolve_batch_async(&messages)).as_mut().poll(&mut context).is_pending());
    }
    // What was under way ends, ten messages; the rest, 990, is thrown away without a call.
    assert_eq!(told(wait(gateway.resolve_async(&sms("shop", TO))).get()), "S0");
    assert_eq!(gateway.usage("shop").waiting, 0);
    let spent = gateway.usage("shop").policy_time;
    assert!(spent < one * 200, "{spent:?}, of which one message takes {one:?}");
}
