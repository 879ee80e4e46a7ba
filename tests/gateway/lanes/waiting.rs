//! What waits for the slow lane: turns between applications, how much of each may wait, and who gives up.

use super::*;

/// How many of 40 pieces of work of one application wait still when the first of another one is done.
fn left_when_another_one_had_its_turn() -> usize {
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
    // One may be done at once, where this thread waits for a core right then.
    waiting.retain_mut(|future| future.as_mut().poll(&mut context).is_pending());
    assert_eq!(told(wait(gateway.resolve_async(&sms("care", TO))).get()), "S1");
    let left = gateway.usage("shop").waiting;
    for future in waiting {
        assert_eq!(wait(future).iter().map(told).collect::<Vec<_>>(), ["S0"]);
    }
    left
}

#[test]
fn an_application_with_much_slow_work_lets_another_one_take_its_turn() {
    // The others go on while this thread waits for a core: then it is tried again.
    let mut left = Vec::new();
    let has_its_turn = (0..10).any(|_| {
        left.push(left_when_another_one_had_its_turn());
        left.last() >= Some(&20)
    });
    assert!(has_its_turn, "only so many of the others were waiting still: {left:?}");
}

/// How many of 6 requests are refused for what waits already; `None` if some work was done meanwhile.
fn refused_above_the_limit() -> Option<u64> {
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
            let told: Vec<String> = decisions.iter().map(told).collect();
            if told == ["S0"; 60] {
                return None;
            }
            assert_eq!(told, [cause; 60]);
            refused += 1;
        }
    }
    assert_eq!(gateway.usage("shop").refused, refused);
    assert_eq!(told(wait(gateway.resolve_async(&sms("care", TO))).get()), "S1");
    assert_eq!(gateway.failures(&BindingTarget::application("shop")), Some(60 * refused));
    Some(refused)
}

#[test]
fn above_the_limit_messages_of_that_application_fail_and_those_of_others_do_not() {
    // One may be under way, and one waits. What is under way may end while this thread waits for a core, and make room for more: then
    // it is tried again.
    let mut refused = Vec::new();
    let is_limited = (0..10).any(|_| {
        let one = refused_above_the_limit();
        refused.push(one);
        one.is_some_and(|refused| (4..=5).contains(&refused))
    });
    assert!(is_limited, "of 6: {refused:?}");
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
    let mut is_pending = || Box::pin(gateway.resolve_batch_async(&messages)).as_mut().poll(&mut context).is_pending();
    // One may be done at once, where this thread waits for a core right then.
    let pending = (0..100).filter(|_| is_pending()).count();
    assert!(pending > 90, "{pending} of 100");
    // What was under way ends, ten messages; the rest, 990, is thrown away without a call.
    assert_eq!(told(wait(gateway.resolve_async(&sms("shop", TO))).get()), "S0");
    assert_eq!(gateway.usage("shop").waiting, 0);
    let spent = gateway.usage("shop").policy_time;
    assert!(spent < one * 200, "{spent:?}, of which one message takes {one:?}");
}
