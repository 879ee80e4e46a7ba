//! Where policies run, and for how long: quick ones on the caller's thread, slow ones in the slow lane, and all of a
//! request within one deadline.

mod bulk;
mod failing;
mod request_time;
mod waiting;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use callsign::{
    Binding, BindingTarget, Breaker, Channel, DecisionRef, EventKind, Gateway, Isolation, LaneOptions, Limits,
    MemoryStore, Message, Number, OnFailure, PinKey, PinScope, PinnedSender, Policy, Recipient, StickyStore,
};
use serde_json::{Value, json};

use crate::pins::remote_store::{RemoteStore, wait};
use callsign_tests::component::Component;
use callsign_tests::platform::{Platform, patient, sms};
use callsign_tests::work::{PATIENCE, Work};

const TO: &str = "+14155550123";

/// A number whose messages the policies of [`slow_for_new_york`] are slow for.
const NEW_YORK: &str = "+12125550123";

const FOR_EVER: &str = "(loop $for-ever (br $for-ever)) unreachable";

/// What a request may take of a core beyond its time: the calls that were under way when it was over, and all the rest.
const SLACK: Duration = Duration::from_secs(2);

const MS: Duration = Duration::from_millis(1);

/// The handle of the strategy of [`platform`] that a test adds to `shop`.
const STICKY: u32 = 1;

/// Three applications, each with a sender of its own as its sender 0.
fn platform() -> Platform {
    let applications = ["shop", "care", "default"];
    applications.into_iter().enumerate().fold(Platform::new(), |platform, (at, application)| {
        let id = format!("S{at}");
        platform.long(&id, &format!("+1212555010{at}")).associate(application, &[&id]).strategy(
            application,
            application,
            json!({}),
        )
    })
}

fn gateway(change: impl FnOnce(&mut LaneOptions)) -> Gateway {
    let mut lanes = LaneOptions::default();
    change(&mut lanes);
    let standard = patient(Policy::standard().unwrap());
    Gateway::with_lanes(platform().catalog(), standard, Arc::new(MemoryStore::new()), lanes).unwrap()
}

fn policy(component: &Component, deadline: Duration) -> Policy {
    let mut limits = Limits::default();
    limits.deadline = deadline;
    Policy::from_bytes_within(&component.build(), limits).unwrap()
}

fn bind(gateway: &Gateway, application: &str, component: &Component, deadline: Duration) {
    let never = Breaker::new(u32::MAX, Duration::from_secs(1));
    let binding = Binding::new(policy(component, deadline)).breaker(never);
    gateway.swap(&BindingTarget::application(application), binding).unwrap();
}

fn hostile() -> Component {
    Component::new("hostile", "6.6.6")
}

/// A number of rounds that takes about 20 ms; several times as long on a busy machine.
const WORK: &str = "(local $left i32) (local.set $left (i32.const 20000000))
    (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))";

const DECIDE: &str = "(call $decide (i32.const 0) (i32.const -1) (i32.const 4) (i32.const 0))";

/// Decides, after some work.
fn slow() -> Component {
    hostile().resolve(&format!("{WORK} {DECIDE}"))
}

/// Decides, after so many rounds of work.
fn working_for(rounds: u128) -> Component {
    hostile().resolve(&format!("{} {DECIDE}", WORK.replace("20000000", &rounds.to_string())))
}

/// Decides at once, but not for recipients in New York.
fn slow_for_new_york() -> Component {
    let work = WORK.replace("(local $left i32)", "");
    hostile()
        .resolve(&format!("(local $left i32) (if (i32.eq (local.get $area) (i32.const 212)) (then {work})) {DECIDE}"))
}

fn told(decision: DecisionRef<'_>) -> String {
    match (decision.sender(), decision.refusal()) {
        (Some(sender), _) => sender.id.to_string(),
        (_, Some(refusal)) => format!("{} {refusal}", refusal.code()),
        _ => unreachable!("a decision has a sender or a refusal"),
    }
}

/// What is spent on a core for requests of `shop`, by this thread and by policies in the slow lane.
struct Spent<'g> {
    gateway: &'g Gateway,
    policies: Duration,
    work: Work,
}

impl<'g> Spent<'g> {
    fn begin(gateway: &'g Gateway) -> Self {
        Self { gateway, policies: gateway.usage("shop").policy_time, work: Work::begin() }
    }

    fn took(&self) -> Duration {
        self.gateway.usage("shop").policy_time - self.policies + self.work.took()
    }
}

/// What becomes of messages of `shop`, and what is spent on it.
fn batch(gateway: &Gateway, messages: usize) -> (Vec<String>, Duration) {
    let spent = Spent::begin(gateway);
    let decisions = wait(gateway.resolve_batch_async(&vec![sms("shop", TO); messages]));
    let took = spent.took();
    (decisions.iter().map(told).collect(), took)
}

/// One of many calls is quick: it does not go to the slow lane. A call whose thread is kept from its core for longer than the
/// quick lane waits goes there too, so on a busy machine not every call shows it.
fn becomes_quick(gateway: &Gateway, application: &str, mut decide: impl FnMut()) -> bool {
    (0..10_000).any(|_| {
        let before = gateway.usage(application).slow;
        decide();
        gateway.usage(application).slow == before
    })
}

/// A gateway whose first call went to the slow lane. The clock that stops a call may have to wait for a core itself, and the call ends
/// meanwhile: then the next gateway shows it.
fn found_slow(make: impl Fn() -> Gateway, to: &str) -> Gateway {
    let called = |_| {
        let gateway = make();
        assert_eq!(told(wait(gateway.resolve_async(&sms("shop", to))).get()), "S0");
        gateway
    };
    let mut gateways = (0..20).map(called);
    gateways.find(|gateway| gateway.usage("shop").slow == 1).expect("the first call goes to the slow lane")
}

/// The same for a gateway with this component for `shop`.
fn found_slow_for_shop(component: &Component, to: &str) -> Gateway {
    let make = || {
        let gateway = gateway(|_| {});
        bind(&gateway, "shop", component, Duration::from_secs(60));
        gateway
    };
    found_slow(make, to)
}

#[test]
fn a_quick_policy_never_sees_the_slow_lane() {
    let gateway = gateway(|_| {});
    // A call that the system interrupts for long may be made again there, and some that follow it: not in every round.
    let quick = (0..100).any(|_| {
        let before = gateway.usage("shop").slow;
        for _ in 0..200 {
            assert_eq!(told(wait(gateway.resolve_async(&sms("shop", TO))).get()), "S0");
        }
        gateway.usage("shop").slow == before
    });
    assert!(quick, "{:?}", gateway.usage("shop"));
}

#[test]
fn a_slow_policy_decides_in_the_slow_lane_alone_and_in_a_batch() {
    let gateway = found_slow_for_shop(&slow(), TO);
    let usage = gateway.usage("shop");
    assert_eq!((usage.slow, usage.refused, usage.waiting), (1, 0, 0));
    assert!(usage.policy_time > 3 * MS, "{usage:?}");
    assert_eq!(batch(&gateway, 5).0, ["S0"; 5]);
    assert_eq!(gateway.usage("care"), Default::default());
}

#[test]
fn a_policy_whose_calls_all_take_nearly_half_a_millisecond_goes_to_the_slow_lane() {
    let gateway = gateway(|_| {});
    // As many rounds as take 0.35 ms here. Where they take more than a tick after all, the call is stopped and goes there so.
    bind(&gateway, "shop", &working_for(200_000), Duration::from_secs(60));
    let took = |_| {
        let work = Work::begin();
        drop(gateway.resolve(&sms("shop", TO)));
        work.took()
    };
    let quickest = (0..50).map(took).min().unwrap();
    let rounds = 200_000 * 350_000 / quickest.as_nanos();
    bind(&gateway, "shop", &working_for(rounds), Duration::from_secs(60));
    let is_there = || gateway.usage("shop").slow >= 10;
    for _ in 0..1_000 {
        assert_eq!(told(wait(gateway.resolve_async(&sms("shop", TO))).get()), "S0");
        if is_there() {
            break;
        }
    }
    assert!(is_there(), "{:?}", gateway.usage("shop"));
}

#[test]
fn a_policy_that_is_quick_again_leaves_the_slow_lane() {
    let gateway = found_slow_for_shop(&slow_for_new_york(), NEW_YORK);
    let decide = || told(wait(gateway.resolve_async(&sms("shop", TO))).get());
    // Known to be slow, it goes there at once; after enough quick calls in a row it does not any more.
    let left = becomes_quick(&gateway, "shop", || assert_eq!(decide(), "S0"));
    assert!(left, "{:?}", gateway.usage("shop"));
    assert!(gateway.usage("shop").slow > 5, "{:?}", gateway.usage("shop"));
}

#[test]
fn without_a_quick_lane_every_call_is_made_in_the_slow_one() {
    let gateway = gateway(|lanes| lanes.quick = false);
    assert_eq!(told(wait(gateway.resolve_async(&sms("shop", TO))).get()), "S0");
    assert_eq!(batch(&gateway, 300).0, vec!["S0"; 300]);
    let explained = wait(gateway.explain_within(&sms("shop", TO), gateway.request_time(1)));
    assert_eq!(told(explained.decision()), "S0");
    assert_eq!(gateway.usage("shop").slow, 4, "one, two calls of up to 256, and an explanation");
}

/// A future, and how long it held its thread on a core each time that it was asked.
struct Holds<F> {
    future: Pin<Box<F>>,
    times: Arc<Mutex<Vec<Duration>>>,
}

impl<F: Future> Future for Holds<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let work = Work::begin();
        let polled = self.future.as_mut().poll(context);
        self.times.lock().unwrap().push(work.took());
        polled
    }
}

/// Of the times that requests of attackers hold one of two workers, which a victim waits for as long, the 99th percentile.
fn held_beside_a_victim() -> Duration {
    let gateway = Arc::new(gateway(|_| {}));
    bind(&gateway, "shop", &hostile().resolve(FOR_EVER).resolve_batch("unreachable"), 200 * MS);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (end, gave) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let times = Arc::new(Mutex::new(Vec::new()));
    let attackers: Vec<_> = (0..8)
        .map(|_| {
            let (gateway, end, gave) = (Arc::clone(&gateway), Arc::clone(&end), Arc::clone(&gave));
            let times = Arc::clone(&times);
            runtime.spawn(async move {
                while !end.load(Ordering::Relaxed) {
                    let messages = [sms("shop", TO); 250];
                    let future = Box::pin(gateway.resolve_batch_async(&messages));
                    let decisions = Holds { future, times: Arc::clone(&times) }.await;
                    assert!(decisions.iter().all(|decision| told(decision).starts_with("POLICY_FAILED")));
                    gave.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let victims: Vec<_> = (0..2)
        .map(|_| {
            let (gateway, gave) = (Arc::clone(&gateway), Arc::clone(&gave));
            runtime.spawn(async move {
                let mut decided = 0;
                while decided < 1_000 || gave.load(Ordering::Relaxed) < 4 {
                    let decision = gateway.resolve_async(&sms("care", TO)).await;
                    assert_eq!(told(decision.get()), "S1");
                    drop(decision);
                    decided += 1;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    runtime.block_on(async {
        for victim in victims {
            victim.await.unwrap();
        }
        end.store(true, Ordering::Relaxed);
        for attacker in attackers {
            attacker.await.unwrap();
        }
    });
    let mut times = times.lock().unwrap();
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

#[test]
fn beside_a_policy_that_takes_its_deadline_for_every_message_a_victim_on_the_same_two_workers_is_decided_at_once() {
    // The clock that stops a call may have to wait for a core itself, and the call holds its worker meanwhile: not each time.
    let mut held = Vec::new();
    let is_brief = (0..10).any(|_| {
        let p99 = held_beside_a_victim();
        held.push(p99);
        p99 < 5 * MS
    });
    assert!(is_brief, "the 99th percentile of the times that a worker was held is {held:?}");
}

#[test]
fn the_circuit_of_a_policy_that_takes_more_than_its_budget_opens() {
    let gateway = gateway(|lanes| lanes.milliseconds_per_second = Some(1));
    let breaker = Breaker::new(20, Duration::from_secs(3_600));
    let binding = Binding::new(policy(&slow(), Duration::from_secs(60))).breaker(breaker);
    gateway.swap(&BindingTarget::application("shop"), binding).unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    gateway.listen(move |event| {
        if let EventKind::Failed { kind, .. } = event.kind {
            seen.lock().unwrap().push(kind);
        } else {
            seen.lock().unwrap().push("opened");
        }
    });
    // The budget comes back while this thread waits for a core: then it is spent again.
    let mut told: Vec<String> = Vec::new();
    let is_left_alone = (0..20).any(|_| {
        told.extend(batch(&gateway, 30).0);
        told.last().is_some_and(|last| last.contains("is left alone for a while"))
    });
    assert!(is_left_alone, "{told:?}");
    assert!(told.contains(&"POLICY_FAILED the policies of the application take more than 1 ms a second".to_owned()));
    let events = events.lock().unwrap();
    assert!(events.contains(&"budget") && events.contains(&"opened"), "{events:?}");
    assert!(gateway.usage("shop").refused > 0);
    assert_eq!(self::told(wait(gateway.resolve_async(&sms("care", TO))).get()), "S1");
}

#[test]
fn the_budget_holds_for_callers_who_wait_on_their_own_thread_too() {
    let gateway = gateway(|lanes| lanes.milliseconds_per_second = Some(1));
    bind(&gateway, "shop", &slow(), Duration::from_secs(60));
    let over = "POLICY_FAILED the policies of the application take more than 1 ms a second";
    let alone = (0..40).any(|_| told(gateway.resolve(&sms("shop", TO)).get()) == over);
    assert!(alone, "{:?}", gateway.usage("shop"));
    // The budget comes back while this thread waits for a core: then it is spent again.
    let batch = (0..40).any(|_| {
        let decisions = gateway.resolve_batch(&[sms("shop", TO); 30]);
        decisions.iter().all(|decision| told(decision) == over)
    });
    assert!(batch, "{:?}", gateway.usage("shop"));
    assert_eq!(told(gateway.resolve(&sms("care", TO)).get()), "S1");
}

#[test]
fn a_policy_of_the_platform_is_not_held_to_the_budget_of_an_application() {
    let gateway = gateway(|lanes| lanes.milliseconds_per_second = Some(1));
    gateway.swap(&BindingTarget::Platform, Binding::new(policy(&slow(), Duration::from_secs(60)))).unwrap();
    for _ in 0..5 {
        assert_eq!(batch(&gateway, 3).0, ["S0"; 3]);
    }
}

#[test]
fn a_policy_that_the_platform_shares_is_slow_only_for_the_application_that_it_is_slow_for() {
    let other = Arc::new(policy(&slow_for_new_york(), Duration::from_secs(60)));
    let make = || {
        let gateway = gateway(|_| {});
        gateway.swap(&BindingTarget::Platform, Binding::new(Arc::clone(&other))).unwrap();
        gateway
    };
    let shared = || {
        let gateway = found_slow(make, NEW_YORK);
        assert_eq!(told(wait(gateway.resolve_async(&sms("care", TO))).get()), "S1");
        gateway
    };
    // A call that the system interrupts for long is made again in the slow lane, whoever it is for.
    let quick = (0..20).map(|_| shared()).find(|gateway| gateway.usage("care").slow == 0);
    let gateway = quick.expect("it is quick for the other application");
    // In one batch too: each has its own turn, and all are decided.
    let messages: Vec<Message<'_>> =
        (0..10).map(|at| if at % 2 == 0 { sms("shop", NEW_YORK) } else { sms("care", TO) }).collect();
    let decisions = wait(gateway.resolve_batch_async(&messages));
    assert_eq!(decisions.iter().map(told).collect::<Vec<_>>(), ["S0", "S1"].repeat(5));
}

#[test]
fn an_instance_that_was_slow_to_start_is_warm_for_the_thread_that_asked() {
    // The first call of an instance takes long, the others do not.
    let work = WORK.replace("(local $left i32)", "");
    let component = hostile().item("(global $warm (mut i32) (i32.const 0))").resolve(&format!(
        "(local $left i32)
         (if (i32.eqz (global.get $warm)) (then {work} (global.set $warm (i32.const 1)))) {DECIDE}"
    ));
    let gateway = gateway(|_| {});
    bind(&gateway, "shop", &component, Duration::from_secs(60));
    let decide = || told(wait(gateway.resolve_async(&sms("shop", TO))).get());
    let warm = becomes_quick(&gateway, "shop", || assert_eq!(decide(), "S0"));
    assert!(warm, "{:?}: it never became warm", gateway.usage("shop"));
}

#[test]
fn instances_that_start_slowly_start_in_the_slow_lane() {
    let component = hostile().start(WORK);
    let make = || {
        let gateway = gateway(|_| {});
        let policy = policy(&component, Duration::from_secs(60)).with_isolation(Isolation::Fresh);
        gateway.swap(&BindingTarget::application("shop"), Binding::new(policy)).unwrap();
        gateway
    };
    let gateway = found_slow(make, TO);
    for _ in 0..2 {
        assert_eq!(told(wait(gateway.resolve_async(&sms("shop", TO))).get()), "S0");
    }
    assert_eq!(gateway.usage("shop").slow, 3);
    assert_eq!(gateway.failures(&BindingTarget::application("shop")), Some(0));
}

#[test]
fn a_gateway_that_is_dropped_while_it_works_leaves_nothing_behind() {
    let gateway = gateway(|lanes| lanes.quick = false);
    let policy = Arc::new(policy(&slow(), Duration::from_secs(60)));
    gateway.swap(&BindingTarget::application("shop"), Binding::new(Arc::clone(&policy))).unwrap();
    let messages = [sms("shop", TO); 3];
    let mut context = Context::from_waker(Waker::noop());
    let mut is_pending = || Box::pin(gateway.resolve_batch_async(&messages)).as_mut().poll(&mut context).is_pending();
    // One may be done at once, where this thread waits for a core right then.
    let pending = (0..10).filter(|_| is_pending()).count();
    assert!(pending > 0, "all was done at once");
    drop(gateway);
    // What was under way ends with its call, and the threads with it.
    let begun = Instant::now();
    while Arc::strong_count(&policy) > 1 {
        assert!(begun.elapsed() < PATIENCE, "the policy is still in use");
        std::thread::yield_now();
    }
}

/// Explains with so many notes on one sender.
fn explaining(notes: usize) -> Component {
    let pages = 2 + notes * 16 / 65_536;
    hostile().memory(&format!(r#"(memory (export "memory") {pages})"#)).explaining(notes)
}

#[test]
fn what_a_policy_explains_beyond_its_scope_is_cut_off_and_much_more_of_it_is_refused() {
    let gateway = gateway(|_| {});
    bind(&gateway, "shop", &explaining(100), Duration::from_secs(60));
    let explained = gateway.explain(&sms("shop", TO));
    assert_eq!((explained.notes(), told(explained.decision())), (1, "S0".into()));
    let json: Value = serde_json::to_value(&explained).unwrap();
    assert_eq!(json["cut"], "the policy said more than the scope has, and the rest was cut off");
    assert_eq!(json["senders"].as_array().unwrap().len(), 1);
    assert!(explained.to_string().contains("the rest was cut off"), "{explained}");
    bind(&gateway, "shop", &explaining(2_000_000), Duration::from_secs(60));
    for explained in
        [gateway.explain(&sms("shop", TO)), wait(gateway.explain_within(&sms("shop", TO), gateway.request_time(1)))]
    {
        assert_eq!(explained.notes(), 0);
        assert_eq!(told(explained.decision()), "POLICY_FAILED the policy handed over more than 136288 bytes at once");
    }
}

#[test]
fn an_explanation_is_the_same_in_both_lanes() {
    let mut explanation = String::new();
    for quick in [true, false] {
        let gateway = gateway(|lanes| lanes.quick = quick);
        let explained = wait(gateway.explain_within(&sms("shop", TO), gateway.request_time(1)));
        assert_eq!(explained.notes(), 5, "a strategy, a sender, and one that is left after each of three steps");
        let json: Value = serde_json::to_value(&explained).unwrap();
        assert_eq!(json.get("cut"), None);
        explanation = json.to_string();
    }
    assert!(explanation.contains("\"senderId\":\"S0\""), "{explanation}");
}
