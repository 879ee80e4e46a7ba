//! Any bytes as the answers of a policy, 24 for each message: a sender that may carry the message, or a refusal. The same
//! through the core lane and through the component.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use callsign::{Binding, BindingTarget, Breaker, Catalog, Channel, DecisionRef, Gateway, MemoryStore, Message, Policy};
use callsign_tests::component::Component;
use callsign_tests::platform::patient;
use libfuzzer_sys::fuzz_target;

/// Senders 0 and 1 may carry an SMS, 2 and 5 an MMS; 3 is suspended, 4 for another country. Strategy 0 is for SMS,
/// strategy 1 for MMS and sticky.
static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| gateway(|policy| policy));

/// The same, whose policy is called through its component.
static COMPONENT: LazyLock<Gateway> = LazyLock::new(|| gateway(Policy::without_core_lane));

/// A gateway whose policy has a minute: of two calls that are compared, a busy machine may keep one from its core.
fn gateway(called: fn(Policy) -> Policy) -> Gateway {
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
            sender("S4", "+14165550104", "ACTIVE", "CA"), sender("S5", "+12125550105", "ACTIVE", "US"),
        ],
        "associations": [associated("S0", "SMS"), associated("S1", "SMS"), associated("S2", "MMS"),
            associated("S3", "SMS"), associated("S4", "SMS"), associated("S5", "MMS")],
        "sendingStrategies": [strategy("PLAIN", "SMS", false), strategy("STICKY", "MMS", true)],
    });
    let catalog = Catalog::from_json(&catalog.to_string()).expect("a sound catalog");
    let policy = Policy::from_bytes(&Component::new("echo", "1.0.0").echoing().build()).expect("a sound component");
    let gateway = Gateway::with(
        catalog,
        called(patient(policy)).with_settings("{}").expect("settings"),
        std::sync::Arc::new(MemoryStore::new()),
    );
    let gateway = gateway.expect("a gateway");
    let policy = Policy::from_bytes(&Component::new("echo", "1.0.1").echoing().build()).expect("a sound component");
    let binding = Binding::new(called(patient(policy))).breaker(Breaker::new(u32::MAX, Duration::from_secs(1)));
    gateway.swap(&BindingTarget::Platform, binding).expect("a swap");
    gateway
}

fn check(message: &Message<'_>, decision: DecisionRef<'_>) {
    match (decision.sender(), decision.refusal()) {
        (Some(sender), None) => {
            let able = if message.channel == Channel::Mms { ["S2", "S5"] } else { ["S0", "S1"] };
            assert!(able.contains(&&*sender.id), "{message:?}: {decision:?}");
        }
        (None, Some(refusal)) => {
            let codes = [
                "NO_STRATEGY",
                "CHANNEL_NOT_ALLOWED",
                "COUNTRY_NOT_ALLOWED",
                "NO_ELIGIBLE_SENDER",
                "CLOSED",
                "POLICY_FAILED",
            ];
            assert!(codes.contains(&refusal.code()) && !refusal.to_string().is_empty(), "{decision:?}");
        }
        _ => panic!("{decision:?}"),
    }
}

/// Both decided the same, or failed in the same words.
fn same(decision: DecisionRef<'_>, other: DecisionRef<'_>) {
    let sender = |decision: DecisionRef<'_>| decision.sender().map(|sender| sender.id.to_string());
    let refusal = |decision: DecisionRef<'_>| decision.refusal().map(ToString::to_string);
    assert_eq!((sender(decision), decision.step()), (sender(other), other.step()));
    assert_eq!(refusal(decision), refusal(other));
}

// What is compiled is compiled before the first input, whose time is limited.
fuzz_target!(init: { let _ = LazyLock::force(&GATEWAY); let _ = LazyLock::force(&COMPONENT); }, |input: &[u8]| {
    let answers = || input.chunks_exact(24);
    let ids: Vec<String> = answers().map(Component::spell).collect();
    // The last bytes of an answer say little of it: they choose the message.
    let tos: Vec<String> = answers().map(|answer| format!("+1415555{:04}", 100 + u16::from(answer[23]))).collect();
    let channel = |answer: &[u8]| if answer[22].is_multiple_of(2) { Channel::Sms } else { Channel::Mms };
    let messages: Vec<Message<'_>> = (answers().map(channel).zip(&tos).zip(&ids))
        .map(|((channel, to), id)| Message::new(channel, to).id(id))
        .collect();
    for message in &messages {
        let (decision, other) = (GATEWAY.resolve(message), COMPONENT.resolve(message));
        check(message, decision.get());
        same(decision.get(), other.get());
    }
    let (decisions, others) = (GATEWAY.resolve_batch(&messages), COMPONENT.resolve_batch(&messages));
    for ((message, decision), other) in messages.iter().zip(decisions.iter()).zip(others.iter()) {
        check(message, decision);
        same(decision, other);
    }
});
