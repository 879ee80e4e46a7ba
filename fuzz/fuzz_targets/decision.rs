//! Any bytes as the answer of a policy: a sender that may carry the message, or a refusal.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use callsign::{
    Binding, Bound, Breaker, Catalog, Channel, DecisionRef, Gateway, MemoryStore, Message, Policy,
};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/component.rs"]
#[allow(dead_code)]
mod component;

use component::Component;

/// Senders 0 and 1 may carry the message; 2 is for another channel, 3 suspended, 4 for another country.
static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let sender = |id: &str, number: &str, status: &str, countries: &str| {
        serde_json::json!({"senderId": id, "sender": number, "senderType": "VIRTUAL_LONG_NUMBER", "status": status,
            "coverage": [{"channel": "SMS", "countries": [countries]}, {"channel": "MMS", "countries": [countries]}]})
    };
    let associated = |id: &str, channel: &str| {
        serde_json::json!({"resourceType": "NUMBER", "channel": channel, "applicationId": "default", "entityId": null,
            "resourceId": id})
    };
    let strategy = |id: &str, channel: &str, sticky: bool| {
        serde_json::json!({"sendingStrategyId": id, "platform": {"applicationId": "default"}, "channel": channel,
            "useStickySender": sticky})
    };
    let catalog = serde_json::json!({
        "senders": [
            sender("S0", "+12125550100", "ACTIVE", "US"), sender("S1", "+12125550101", "ACTIVE", "US"),
            sender("S2", "+12125550102", "ACTIVE", "US"), sender("S3", "+12125550103", "SUSPENDED", "US"),
            sender("S4", "+14165550104", "ACTIVE", "CA"),
        ],
        "associations": [associated("S0", "SMS"), associated("S1", "SMS"), associated("S2", "MMS"),
            associated("S3", "SMS"), associated("S4", "SMS")],
        "sendingStrategies": [strategy("PLAIN", "SMS", false), strategy("STICKY", "MMS", true)],
    });
    let catalog = Catalog::from_json(&catalog.to_string()).expect("a sound catalog");
    let policy = Policy::from_bytes(&Component::new("echo", "1.0.0").echoing().build()).expect("a sound component");
    let gateway = Gateway::with(catalog, policy.with_settings("{}").expect("settings"), std::sync::Arc::new(MemoryStore::new()));
    let gateway = gateway.expect("a gateway");
    let policy = Policy::from_bytes(&Component::new("echo", "1.0.1").echoing().build()).expect("a sound component");
    let binding = Binding::new(policy).breaker(Breaker::new(u32::MAX, Duration::from_secs(1)));
    gateway.swap(&Bound::Platform, binding).expect("a swap");
    gateway
});

fn check(decision: DecisionRef<'_>) {
    match (decision.sender(), decision.refusal()) {
        (Some(sender), None) => assert!(["S0", "S1"].contains(&&*sender.id), "{decision:?}"),
        (None, Some(refusal)) => {
            let codes = ["NO_STRATEGY", "CHANNEL_NOT_ALLOWED", "COUNTRY_NOT_ALLOWED", "NO_ELIGIBLE_SENDER", "CLOSED",
                "POLICY_FAILED"];
            assert!(codes.contains(&refusal.code()) && !refusal.to_string().is_empty(), "{decision:?}");
        }
        _ => panic!("{decision:?}"),
    }
}

fuzz_target!(|input: &[u8]| {
    let ids: Vec<String> = input.chunks_exact(32).map(Component::spell).collect();
    let tos: Vec<String> = input.chunks_exact(32).map(|answer| format!("+1415555{:04}", 100 + u16::from(answer[31]))).collect();
    let messages: Vec<Message<'_>> =
        ids.iter().zip(&tos).map(|(id, to)| Message::new(Channel::Sms, to).id(id)).collect();
    messages.iter().for_each(|message| check(GATEWAY.resolve(message).get()));
    GATEWAY.resolve_batch(&messages).iter().for_each(check);
});
