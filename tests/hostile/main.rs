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
use std::time::{Duration, Instant};

use callsign::{Binding, BindingTarget, Event, EventKind, Gateway, Limits, MemoryStore, Message, Policy, StickyStore};
use serde_json::json;

use callsign_tests::component::Component;
use callsign_tests::platform::{Platform, decide, sms};

const TO: &str = "+14155550123";

/// How long a call of these policies may run.
const DEADLINE: Duration = Duration::from_millis(50);

/// What a call may take in all, on a machine that does other things too.
const BOUND: Duration = Duration::from_millis(50 + 1_000);

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.deadline = DEADLINE;
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
        let neighbour = Component::new("neighbour", "1.0.0").deciding(1).policy();
        let gateway = Gateway::with(platform().catalog(), neighbour, sticky).unwrap();
        let causes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&causes);
        gateway.listen(move |event: &Event| {
            if let EventKind::Failed { cause, .. } = &event.kind {
                sink.lock().unwrap().push(cause.clone());
            }
        });
        gateway.swap(&BindingTarget::application("shop"), Binding::new(policy)).unwrap();
        Self { gateway, causes }
    }

    /// What the attacker makes of a message.
    fn decide(&self) -> String {
        decide(&self.gateway, &sms("shop", TO))
    }

    /// The neighbour's messages are decided as ever.
    fn neighbours_are_well(&self) {
        let begun = Instant::now();
        assert_eq!(decide(&self.gateway, &sms("care", TO)), "S5 POOL");
        assert!(begun.elapsed() < BOUND, "a neighbour waited for {:?}", begun.elapsed());
    }

    /// A message to the attacker fails in these words, in time, and harms nobody.
    fn fails(&self, words: &str) {
        let begun = Instant::now();
        let decision = self.gateway.resolve(&sms("shop", TO));
        let refusal = decision.get().refusal().unwrap_or_else(|| panic!("{decision:?} instead of {words}")).clone();
        assert!(begun.elapsed() < BOUND, "{words} after {:?}", begun.elapsed());
        assert_eq!(refusal.code(), "POLICY_FAILED");
        assert!(refusal.to_string().contains(words), "{refusal} instead of {words}");
        assert_eq!(self.causes.lock().unwrap().last(), Some(&refusal.to_string()), "the event names the cause");
        self.neighbours_are_well();
    }

    /// Messages of both in one batch: the neighbour's are decided, the attacker's are what `fate` says.
    fn in_a_batch(&self, fate: impl Fn(&str) -> bool) {
        let messages: Vec<Message<'_>> = (0..40).map(|at| sms(if at % 2 == 0 { "shop" } else { "care" }, TO)).collect();
        let begun = Instant::now();
        let decisions = self.gateway.resolve_batch(&messages);
        assert!(begun.elapsed() < BOUND, "a batch took {:?}", begun.elapsed());
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

fn hostile() -> Component {
    Component::new("hostile", "6.6.6")
}

/// A policy as it is called, and the same one called through its component.
fn both_ways(component: &Component) -> [Policy; 2] {
    [policy(component), policy(component).without_core_lane()]
}

/// A component whose `resolve` fails in these words, alone and in a batch.
fn fails(component: &Component, words: &str) {
    for policy in both_ways(component) {
        let attacked = Attacked::by(policy);
        attacked.fails(words);
        attacked.fails(words);
        attacked.in_a_batch(|fate| fate == "POLICY_FAILED");
    }
}

/// The same, without a batch.
fn fails_alone(component: &Component, words: &str) {
    for policy in both_ways(component) {
        let attacked = Attacked::by(policy);
        attacked.fails(words);
        attacked.fails(words);
    }
}

/// A component whose `resolve` has this body fails in these words.
fn resolve_fails(body: &str, words: &str) {
    fails(&hostile().resolve(body), words);
}
