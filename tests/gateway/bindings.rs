//! Bindings: which policy decides for whom, and how they change under traffic.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use callsign::{
    AutoRollback, Binding, BindingTarget, Breaker, Event, EventKind, Gateway, Limits, MemoryStore, Message, OnFailure,
    Policy, Probe, Step, SwapError,
};
use serde_json::json;

use callsign_tests::component::Component;
use callsign_tests::platform::{Platform, decide, sms};
use callsign_tests::stops::Stops;

const TO: &str = "+14155550123";

/// Three senders, which the scopes know as 0, 1 and 2.
fn platform() -> Platform {
    ["shop", "shop/acme", "care"]
        .into_iter()
        .fold(
            Platform::new().long("S0", "+12125550100").long("S1", "+12125550101").long("S2", "+12125550102"),
            |platform, scope| platform.associate(scope, &["S0", "S1", "S2"]),
        )
        .strategy("A", "shop", json!({}))
        .strategy("B", "care", json!({}))
}

/// A policy that always decides the sender of its major version.
fn always(version: u32) -> Arc<Policy> {
    Component::new("always", &format!("{version}.0.0")).deciding(version).policy()
}

fn failing(version: &str) -> Arc<Policy> {
    Component::new("failing", version).resolve("unreachable").policy()
}

fn gateway() -> Gateway {
    Gateway::with(platform().catalog(), always(0), Arc::new(MemoryStore::new())).unwrap()
}

fn sender(gateway: &Gateway, scope: &str) -> String {
    decide(gateway, &sms(scope, TO))
}

fn events(gateway: &Gateway) -> Arc<Mutex<Vec<String>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    gateway.listen(move |event: &Event| sink.lock().unwrap().push(event.to_string()));
    seen
}

#[test]
fn the_most_specific_binding_wins() {
    let gateway = gateway();
    assert_eq!(sender(&gateway, "shop/acme"), "S0 POOL");
    gateway.swap(&BindingTarget::application("shop"), Binding::new(always(1))).unwrap();
    gateway.swap(&BindingTarget::entity("shop", "acme"), Binding::new(always(2))).unwrap();
    assert_eq!(sender(&gateway, "care"), "S0 POOL", "platform");
    assert_eq!(sender(&gateway, "shop"), "S1 POOL", "application");
    assert_eq!(sender(&gateway, "shop/acme"), "S2 POOL", "entity");
    let messages = [sms("care", TO), sms("shop", TO), sms("shop/acme", TO), sms("care", TO)];
    let batch = gateway.resolve_batch(&messages);
    let batch: Vec<&str> = batch.iter().map(|decision| &*decision.sender().unwrap().id).collect();
    assert_eq!(batch, ["S0", "S1", "S2", "S0"], "in a batch too");
    let decision = gateway.resolve(&messages[2]);
    assert_eq!(decision.get().policy(), "always@2.0.0");
    gateway.unbind(&BindingTarget::entity("shop", "acme")).unwrap();
    assert_eq!(sender(&gateway, "shop/acme"), "S1 POOL");
    assert!(matches!(gateway.unbind(&BindingTarget::Platform), Err(SwapError::Platform)));
}

#[test]
fn an_entity_without_anything_of_its_own_can_be_bound() {
    let gateway = gateway();
    let closed = Binding::new(Component::new("closed", "1.0.0").resolve("unreachable").policy());
    gateway.swap(&BindingTarget::entity("shop", "zeta"), closed).unwrap();
    assert_eq!(sender(&gateway, "shop/zeta"), "POLICY_FAILED");
    assert_eq!(sender(&gateway, "shop"), "S0 POOL");
    assert_eq!(sender(&gateway, "shop/acme"), "S0 POOL");
}

#[test]
fn roll_back_in_one_step_and_history() {
    let gateway = gateway();
    let seen = events(&gateway);
    for version in [1, 2] {
        gateway.swap(&BindingTarget::Platform, Binding::new(always(version))).unwrap();
    }
    assert_eq!(sender(&gateway, "shop"), "S2 POOL");
    let history: Vec<String> =
        gateway.history(&BindingTarget::Platform).iter().map(|served| served.policy.to_string()).collect();
    assert_eq!(history, ["always@0.0.0", "always@1.0.0", "always@2.0.0"]);
    gateway.rollback(&BindingTarget::Platform).unwrap();
    assert_eq!(sender(&gateway, "shop"), "S1 POOL");
    gateway.rollback(&BindingTarget::Platform).unwrap();
    assert_eq!(sender(&gateway, "shop"), "S0 POOL");
    assert!(matches!(gateway.rollback(&BindingTarget::Platform), Err(SwapError::NoHistory { .. })));
    assert!(matches!(gateway.rollback(&BindingTarget::application("shop")), Err(SwapError::NotBound { .. })));
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "platform: always@1.0.0 serves instead of always@0.0.0",
            "platform: always@2.0.0 serves instead of always@1.0.0",
            "platform: rolled back from always@2.0.0 to always@1.0.0",
            "platform: rolled back from always@1.0.0 to always@0.0.0",
        ]
    );
}

#[test]
fn any_failure_leaves_the_old_version_serving_and_says_why() {
    let gateway = gateway();
    let seen = events(&gateway);
    let probe = || Probe::new(&sms("shop", TO));
    let wrong = Binding::new(always(1)).probe(probe().expect_sender("S2"));
    let error = gateway.swap(&BindingTarget::Platform, wrong).unwrap_err();
    assert!(error.to_string().contains("S1 POOL"), "{error}");
    let broken = Binding::new(failing("1.0.0")).probe(probe());
    assert!(matches!(gateway.swap(&BindingTarget::Platform, broken), Err(SwapError::Probe { .. })));
    let step = Binding::new(always(1)).probe(probe().expect_step(Step::Sticky));
    assert!(gateway.swap(&BindingTarget::Platform, step).is_err());
    let refusal = Binding::new(always(1)).probe(probe().expect_refusal("NO_STRATEGY"));
    assert!(gateway.swap(&BindingTarget::Platform, refusal).is_err());
    let start = Component::new("start", "1.0.0").start("unreachable").build();
    let start = Binding::new(Policy::from_bytes(&start).unwrap());
    assert!(matches!(gateway.swap(&BindingTarget::Platform, start), Err(SwapError::Start { .. })));
    assert_eq!(sender(&gateway, "shop"), "S0 POOL");
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert!(seen.iter().all(|event| event.contains("was not put to use")), "{seen:?}");
    drop(seen);
    let right = Binding::new(always(1)).probe(probe().expect_sender("S1").expect_step(Step::Pool));
    gateway.swap(&BindingTarget::Platform, right).unwrap();
    assert_eq!(sender(&gateway, "shop"), "S1 POOL");
}

#[test]
fn a_policy_that_does_not_accept_its_settings_is_not_put_to_use_also_where_none_were_given() {
    let gateway = gateway();
    let seen = events(&gateway);
    let demanding = || {
        let refuse = "(i32.store8 (i32.const 2048) (i32.const 1)) (i32.store (i32.const 2052) (i32.const 112))
            (i32.store (i32.const 2056) (i32.const 12)) (i32.const 2048)";
        Component::new("demanding", "1.0.0").deciding(1).check_settings(refuse).policy()
    };
    let error = gateway.swap(&BindingTarget::Platform, Binding::new(demanding())).unwrap_err();
    assert!(matches!(&error, SwapError::Settings { reason } if reason == "closed today"), "{error}");
    let said = "platform: demanding@1.0.0 was not put to use: the policy does not accept its settings: closed today";
    assert_eq!(*seen.lock().unwrap(), [said]);
    assert_eq!(sender(&gateway, "shop"), "S0 POOL");
    let error = Gateway::with(platform().catalog(), demanding(), Arc::new(MemoryStore::new())).unwrap_err();
    assert!(error.to_string().contains("does not accept its settings: closed today"), "{error}");
}

#[test]
fn a_failure_to_explain_is_counted_too() {
    let gateway = gateway();
    gateway.swap(&BindingTarget::Platform, Binding::new(failing("1.0.0"))).unwrap();
    let seen = events(&gateway);
    let explanation = gateway.explain(&sms("shop", TO));
    assert_eq!(explanation.decision().refusal().unwrap().code(), "POLICY_FAILED");
    assert_eq!(gateway.failures(&BindingTarget::Platform), Some(1));
    assert!(seen.lock().unwrap()[0].contains("unreachable"));
}

#[test]
fn a_shadow_decides_too_and_its_differences_are_counted_and_sampled() {
    let gateway = gateway();
    gateway.shadow(&BindingTarget::Platform, Binding::new(always(0))).unwrap();
    assert_eq!(sender(&gateway, "shop"), "S0 POOL");
    let same = gateway.comparison(&BindingTarget::Platform).unwrap();
    assert_eq!((same.compared, same.different), (1, 0));
    gateway.shadow(&BindingTarget::Platform, Binding::new(always(1))).unwrap();
    for _ in 0..150 {
        assert_eq!(sender(&gateway, "shop"), "S0 POOL", "its answer is thrown away");
    }
    gateway.resolve_batch(&[sms("shop/acme", TO), sms("care", TO)]);
    let found = gateway.comparison(&BindingTarget::Platform).unwrap();
    assert_eq!((found.compared, found.different, found.samples.len()), (152, 152, 100));
    let last = &found.samples[99];
    assert_eq!((&*last.application, &*last.to), ("care", TO));
    assert_eq!((&*last.serving, &*last.candidate), ("S0 POOL", "S1 POOL"));
    gateway.promote(&BindingTarget::Platform).unwrap();
    assert_eq!(sender(&gateway, "shop"), "S1 POOL");
    assert!(gateway.comparison(&BindingTarget::Platform).is_none());
}

#[test]
fn a_shadow_that_fails_hurts_nobody() {
    let gateway = gateway();
    gateway.shadow(&BindingTarget::Platform, Binding::new(failing("1.0.0"))).unwrap();
    for _ in 0..50 {
        assert_eq!(sender(&gateway, "shop"), "S0 POOL");
    }
    let found = gateway.comparison(&BindingTarget::Platform).unwrap();
    assert!(found.different > 0 && found.samples[0].candidate.starts_with("POLICY_FAILED"), "{found:?}");
    gateway.withdraw(&BindingTarget::Platform).unwrap();
    assert!(matches!(gateway.withdraw(&BindingTarget::Platform), Err(SwapError::NoCandidate { .. })));
}

#[test]
fn a_canary_serves_a_share_of_recipients_always_the_same_ones() {
    let gateway = gateway();
    let served = |gateway: &Gateway| -> Vec<bool> {
        (0..20_000)
            .map(|index| decide(gateway, &sms("shop", &format!("+1415{:07}", 2_000_000 + index))) == "S1 POOL")
            .collect()
    };
    let mut before = vec![false; 20_000];
    for per_mille in [1, 100, 500, 1000] {
        gateway.canary(&BindingTarget::Platform, Binding::new(always(1)), per_mille, AutoRollback::default()).unwrap();
        let now = served(&gateway);
        let count = now.iter().filter(|&&served| served).count() as i64;
        let expected = 20 * i64::from(per_mille);
        assert!((count - expected).abs() <= 20 + expected / 20, "{per_mille} per mille gave {count} of 20,000");
        assert!(before.iter().zip(&now).all(|(before, now)| !before || *now), "whom it served it goes on serving");
        before = now;
    }
    gateway.withdraw(&BindingTarget::Platform).unwrap();
    assert_eq!(served(&gateway).iter().filter(|&&served| served).count(), 0);
}

#[test]
fn a_canary_is_rolled_back_automatically_when_it_goes_wrong_too_often() {
    let gateway = gateway();
    let seen = events(&gateway);
    let recall = AutoRollback::new(100, 50, Duration::from_secs(3600));
    gateway.canary(&BindingTarget::Platform, Binding::new(failing("2.0.0")), 500, recall).unwrap();
    let mut failed = 0;
    for index in 0..2_000 {
        let decision = decide(&gateway, &sms("shop", &format!("+1415{:07}", 2_000_000 + index)));
        failed += u32::from(decision == "POLICY_FAILED");
    }
    assert_eq!(failed, 50, "it goes with its fiftieth answer");
    let seen = seen.lock().unwrap();
    assert!(
        seen.iter().any(|event| event.contains("was rolled back automatically: 50 of 50 answers were wrong")),
        "{seen:?}"
    );
}

#[test]
fn the_failure_rule_refuses_or_lets_the_standard_policy_decide() {
    let gateway = gateway();
    gateway.swap(&BindingTarget::application("shop"), Binding::new(failing("1.0.0"))).unwrap();
    assert_eq!(sender(&gateway, "shop"), "POLICY_FAILED");
    let standard = Binding::new(failing("1.0.1")).on_failure(OnFailure::Standard);
    gateway.swap(&BindingTarget::application("shop"), standard).unwrap();
    let seen = events(&gateway);
    assert!(sender(&gateway, "shop").ends_with(" POOL"));
    let decision = gateway.resolve(&sms("shop", TO));
    assert!(decision.get().policy().starts_with("callsign-standard@"));
    let batch = gateway.resolve_batch(&[sms("shop", TO), sms("care", TO)]);
    assert!(batch.iter().all(|decision| decision.refusal().is_none()));
    assert!(gateway.failures(&BindingTarget::application("shop")).unwrap() >= 3, "always counted");
    assert!(seen.lock().unwrap().iter().any(|event| event.contains("unreachable")), "the event says the cause");
}

#[test]
fn the_standard_policy_that_a_gateway_was_given_decides_where_another_one_fails() {
    let gateway = gateway();
    gateway.use_standard(always(2));
    assert_eq!(sender(&gateway, "shop"), "S0 POOL", "nothing has failed");
    let standard = Binding::new(failing("1.0.0")).on_failure(OnFailure::Standard);
    gateway.swap(&BindingTarget::application("shop"), standard).unwrap();
    assert_eq!(sender(&gateway, "shop"), "S2 POOL");
    assert_eq!(sender(&gateway, "care"), "S0 POOL");
}

#[test]
fn a_policy_that_is_made_again_has_the_code_of_the_first_and_nothing_else_of_it() {
    let bytes = Component::new("always", "1.0.0").deciding(1).build();
    let mut limits = Limits::default();
    limits.memory = 32 << 20;
    limits.deadline = Duration::from_secs(60);
    let first = Policy::from_bytes(&bytes).unwrap().with_limits(limits).with_settings(r#"{"a":1}"#).unwrap();
    let peak = first.peak_memory();
    let again = Arc::new(first.again());
    assert_eq!((again.label(), again.digest(), again.limits()), (first.label(), first.digest(), first.limits()));
    assert_eq!((again.settings(), again.peak_memory()), ("{}", 0));
    let gateway = gateway();
    gateway.swap(&BindingTarget::Platform, Binding::new(Arc::clone(&again))).unwrap();
    drop(first);
    assert_eq!(sender(&gateway, "shop"), "S1 POOL");
    assert!(peak > 0 && again.peak_memory() > 0);
}

#[test]
fn a_breaker_stops_calling_a_module_that_keeps_failing_and_tries_it_again_later() {
    let gateway = gateway();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    gateway.listen(move |event: &Event| sink.lock().unwrap().push(event.kind.clone()));
    let rest = Duration::from_secs(3_600);
    gateway.swap(&BindingTarget::Platform, Binding::new(failing("1.0.0")).breaker(Breaker::new(5, rest))).unwrap();
    for _ in 0..100 {
        assert_eq!(sender(&gateway, "shop"), "POLICY_FAILED");
    }
    assert_eq!(gateway.failures(&BindingTarget::Platform), Some(5), "the others were not called");
    assert_eq!(seen.lock().unwrap().iter().filter(|what| matches!(what, EventKind::CircuitOpened { .. })).count(), 1);
    // It is tried again once the rest is over: the count of failures is awaited, not the time.
    let rest = Duration::from_millis(50);
    gateway.swap(&BindingTarget::Platform, Binding::new(failing("2.0.0")).breaker(Breaker::new(5, rest))).unwrap();
    while gateway.failures(&BindingTarget::Platform) != Some(6) {
        assert_eq!(sender(&gateway, "shop"), "POLICY_FAILED");
        std::thread::yield_now();
    }
    let opened = seen.lock().unwrap().iter().filter(|what| matches!(what, EventKind::CircuitOpened { .. })).count();
    assert!(opened >= 2, "{opened}");
}

/// Swaps and rollbacks while threads resolve without pause; `CALLSIGN_SWAPS` asks for more.
#[test]
fn a_storm_of_swaps_fails_no_decision_and_mixes_no_versions() {
    // In a process of its own: what other tests take of memory is not to be counted.
    if std::env::var_os("CALLSIGN_STORM").is_none() {
        let storm = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "bindings::a_storm_of_swaps_fails_no_decision_and_mixes_no_versions", "--nocapture"])
            .env("CALLSIGN_STORM", "1")
            .output()
            .unwrap();
        print!("{}", String::from_utf8_lossy(&storm.stdout));
        assert!(storm.status.success(), "{}", String::from_utf8_lossy(&storm.stderr));
        return;
    }
    let swaps: u64 = std::env::var("CALLSIGN_SWAPS").ok().and_then(|swaps| swaps.parse().ok()).unwrap_or(10_000);
    let versions = [always(0), always(1), always(2)];
    let gateway = Gateway::with(platform().catalog(), Arc::clone(&versions[0]), Arc::new(MemoryStore::new())).unwrap();
    let (stop, decided) = (AtomicBool::new(false), AtomicU64::new(0));
    let threads = 3;
    let begin = Barrier::new(threads + 1);
    let mut memory = 0;
    std::thread::scope(|scope| {
        let _stops = Stops(&stop);
        for thread in 0..threads {
            let (gateway, stop, decided, begin) = (&gateway, &stop, &decided, &begin);
            scope.spawn(move || {
                begin.wait();
                let messages = [sms("shop", TO); 8];
                while !stop.load(Ordering::Relaxed) {
                    if thread == 0 {
                        let batch = gateway.resolve_batch(&messages);
                        let policies: Vec<(String, String)> = batch.iter().map(one).collect();
                        assert!(policies.iter().all(|policy| policy.1 == policies[0].1), "{policies:?}");
                        decided.fetch_add(8, Ordering::Relaxed);
                    } else {
                        one(gateway.resolve(&messages[0]).get());
                        decided.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        begin.wait();
        for swap in 0..swaps {
            if swap == swaps / 10 {
                memory = resident();
            }
            if swap % 4 == 3 {
                gateway.rollback(&BindingTarget::Platform).unwrap();
            } else {
                let version = &versions[swap as usize % 3];
                gateway.swap(&BindingTarget::Platform, Binding::new(Arc::clone(version))).unwrap();
            }
        }
    });
    let (decided, after) = (decided.into_inner(), resident());
    println!("{swaps} swaps, {decided} decisions, {memory} KiB after a tenth of them and {after} KiB at the end");
    assert!(decided > swaps / 10, "only {decided} decisions");
    assert!(after < memory + memory / 10, "memory grew from {memory} to {after} KiB");
}

/// A decision is one that its stated version gives.
fn one(decision: callsign::DecisionRef<'_>) -> (String, String) {
    let sender = decision.sender().unwrap_or_else(|| panic!("refused: {decision:?}")).id.to_string();
    let policy = decision.policy().to_owned();
    assert_eq!(policy, format!("always@{}.0.0", &sender[1..]));
    (sender, policy)
}

/// The resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn calls_under_way_finish_on_the_catalog_and_the_policy_that_they_began_with() {
    let gateway = gateway();
    let message: Message<'_> = sms("shop", TO);
    let decision = gateway.resolve(&message);
    gateway.swap(&BindingTarget::Platform, Binding::new(always(1))).unwrap();
    gateway.replace_catalog(Platform::new().catalog()).unwrap();
    assert_eq!(decision.get().policy(), "always@0.0.0");
    assert_eq!(&*decision.get().sender().unwrap().id, "S0");
    assert_eq!(decide(&gateway, &message), "POLICY_FAILED", "the new catalog has no senders for it to choose");
}

#[test]
fn a_policy_from_text_decides() {
    let platform = Platform::new()
        .long("S0", "+12125550100")
        .long("S1", "+12125550101")
        .associate("shop", &["S0", "S1"])
        .strategy("A", "shop", json!({}));
    let gateway = platform.gateway_with(Component::new("text", "1.2.3").deciding(1).policy());
    let message = sms("shop", "+14155550123");
    assert_eq!(decide(&gateway, &message), "S1 POOL");
    assert_eq!(gateway.resolve(&message).get().policy(), "text@1.2.3");
    let decisions = gateway.resolve_batch(&[message; 300]);
    assert!(decisions.iter().all(|decision| decision.sender().is_some_and(|sender| &*sender.id == "S1")));
}
