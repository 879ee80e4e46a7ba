//! Policies that do harm, or try to. Of each: the limit that it meets ends it within its time, the message comes to
//! `POLICY_FAILED` with the limit in words, the neighbours decide as before, and the next message is answered.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "a test that fails here says where")]

mod answers;
mod core_lane;
mod forbidden_decisions;
mod fuel;
mod hooked_store;
mod imports;
mod instances;
mod loading;
mod memory;
mod probe_evasion;
mod process;
mod start;
mod time;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use callsign::{
    Binding, BindingTarget, Breaker, Event, EventKind, Gateway, Limits, MemoryStore, Message, Policy, StickyStore,
};
use serde_json::json;

use callsign_tests::component::Component;
use callsign_tests::platform::{Platform, decide, sms};
use callsign_tests::work::{PATIENCE, Work};

const TO: &str = "+14155550123";

/// How long a call may run of a policy that does not end by itself.
const DEADLINE: Duration = Duration::from_millis(50);

/// What a call, or a batch of them, may take of a core in all.
const BOUND: Duration = Duration::from_millis(50 + 1_000);

/// What becomes of a policy that passes [`DEADLINE`].
const LATE: &str = "the policy ran for longer than 50ms";

/// Limits of policies of which something else than the time is looked at: a busy machine may keep a call waiting.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.deadline = PATIENCE;
    limits
}

/// The scope `shop`, the attacker's, knows senders 0 and 1, which can carry the message, and 2 to 4, which cannot: for
/// another channel, suspended, for another country. Its strategy 0 is not sticky, its strategy 1 is. The scope `care`
/// is a neighbour's.
fn platform() -> Platform {
    platform_with(json!({"channel": "MMS", "useStickySender": true}))
}

/// The same, whose second strategy of `shop` has these options.
fn platform_with(options: serde_json::Value) -> Platform {
    Platform::new()
        .long("S0", "+12125550100")
        .long("S1", "+12125550101")
        .long("S2", "+12125550102")
        .long("S3", "+12125550103")
        .sender_as(json!({
            "senderId": "S4", "sender": "+14165550104", "senderType": "VIRTUAL_LONG_NUMBER",
            "coverage": [{"channel": "SMS", "countries": ["CA"]}],
        }))
        .long("S5", "+12125550105")
        .associate("shop", &["S0", "S1", "S3", "S4"])
        .associate_for("MMS", "shop", "S2")
        .associate("care", &["S0", "S5"])
        .suspended("S3")
        .strategy("PLAIN", "shop", json!({"channel": "SMS"}))
        .strategy("STICKY", "shop", options)
        .strategy("CARE", "care", json!({}))
}

/// A gateway with an attacker and its neighbours.
struct Attacked {
    gateway: Gateway,
    causes: Arc<Mutex<Vec<String>>>,
}

impl Attacked {
    fn by(policy: Policy) -> Self {
        Self::with(policy, Arc::new(MemoryStore::new()))
    }

    fn with(policy: Policy, sticky: Arc<dyn StickyStore>) -> Self {
        let neighbour = self::policy(&Component::new("neighbour", "1.0.0").deciding(1));
        let gateway = Gateway::with(platform().catalog(), neighbour, sticky).unwrap();
        let causes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&causes);
        gateway.listen(move |event: &Event| {
            if let EventKind::Failed { cause, .. } = &event.kind {
                sink.lock().unwrap().push(cause.clone());
            }
        });
        // A circuit that is open stays so, however long the rest of a test takes.
        let mut breaker = Breaker::default();
        breaker.rest = PATIENCE;
        let binding = Binding::new(started(policy)).breaker(breaker);
        gateway.swap(&BindingTarget::application("shop"), binding).unwrap();
        Self { gateway, causes }
    }

    /// What the attacker makes of a message.
    fn decide(&self) -> String {
        decide(&self.gateway, &sms("shop", TO))
    }

    /// The neighbour's messages are decided as ever.
    fn neighbours_are_well(&self) {
        let work = Work::begin();
        assert_eq!(decide(&self.gateway, &sms("care", TO)), "S5 POOL");
        work.is_within(BOUND, "a message of a neighbour");
    }

    /// A message to the attacker fails in these words, in time, and harms nobody.
    fn fails(&self, words: &str) {
        let work = Work::begin();
        let decision = self.gateway.resolve(&sms("shop", TO));
        let refusal = decision.get().refusal().unwrap_or_else(|| panic!("{decision:?} instead of {words}")).clone();
        work.is_within(BOUND, words);
        assert_eq!(refusal.code(), "POLICY_FAILED");
        assert!(refusal.to_string().contains(words), "{refusal} instead of {words}");
        assert_eq!(self.causes.lock().unwrap().last(), Some(&refusal.to_string()), "the event names the cause");
        self.neighbours_are_well();
    }

    /// Messages of both in one batch: the neighbour's are decided, the attacker's are what `fate` says.
    fn in_a_batch(&self, fate: impl Fn(&str) -> bool) {
        let messages: Vec<Message<'_>> = (0..40).map(|at| sms(if at % 2 == 0 { "shop" } else { "care" }, TO)).collect();
        let work = Work::begin();
        let decisions = self.gateway.resolve_batch(&messages);
        work.is_within(BOUND, "a batch");
        for (at, decision) in decisions.iter().enumerate() {
            let text = match (decision.sender(), decision.refusal()) {
                (Some(sender), _) => sender.id.to_string(),
                (_, refusal) => refusal.unwrap().code().to_owned(),
            };
            if at % 2 == 0 {
                assert!(fate(&text), "message {at}: {text}");
            } else {
                assert_eq!(text, "S5", "message {at}");
            }
        }
    }
}

fn policy(component: &Component) -> Policy {
    Policy::from_bytes_within(&component.build(), limits()).unwrap_or_else(|error| panic!("{error}"))
}

/// A policy that has started. A start has no more time than a call, and on a busy machine a quick one may need several tries. A
/// policy that never starts is found out where it is put to use.
fn started(policy: Policy) -> Policy {
    let _ = (0..20).any(|_| policy.check_settings().is_ok() && policy.warm().is_ok());
    policy
}

/// A policy that is stopped at [`DEADLINE`].
fn hurried(component: &Component) -> Policy {
    let mut limits = limits();
    limits.deadline = DEADLINE;
    policy(component).with_limits(limits)
}

fn hostile() -> Component {
    Component::new("hostile", "6.6.6")
}

/// A policy, and the same one called through its component, fails in these words.
fn fails_both_ways(policy: impl Fn() -> Policy, words: &str, also: impl Fn(&Attacked)) {
    for policy in [policy(), policy().without_core_lane()] {
        let attacked = Attacked::by(policy);
        attacked.fails(words);
        attacked.fails(words);
        also(&attacked);
    }
}

fn in_a_batch_too(attacked: &Attacked) {
    attacked.in_a_batch(|fate| fate == "POLICY_FAILED");
}

/// A component whose `resolve` fails in these words, alone and in a batch.
fn fails(component: &Component, words: &str) {
    fails_both_ways(|| policy(component), words, in_a_batch_too);
}

/// A component whose `resolve` meets the deadline, alone and in a batch.
fn is_late(component: &Component) {
    fails_both_ways(|| hurried(component), LATE, in_a_batch_too);
}

/// The same, without a batch.
fn is_late_alone(component: &Component) {
    fails_both_ways(|| hurried(component), LATE, |_| ());
}

/// A component whose `resolve` has this body fails in these words.
fn resolve_fails(body: &str, words: &str) {
    fails(&hostile().resolve(body), words);
}
