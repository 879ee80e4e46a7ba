//! RCS agents: senders that carry RCS alone, associated as `RCS_RESOURCE`.

use callsign::Channel;
use serde_json::{Value, json};

use callsign_tests::platform::{Platform, decide, message, sms};

const TO: &str = "+14155550123";

fn agent(id: &str, agent: &str) -> Value {
    json!({"senderId": id, "sender": agent, "senderType": "RCS_AGENT",
           "coverage": [{"channel": "RCS", "countries": "*"}]})
}

fn platform(options: Value) -> Platform {
    Platform::new()
        .sender_as(agent("R1", "acme_agent"))
        .associate_for("RCS", "shop", "R1")
        .strategy("A", "shop", options)
}

#[test]
fn strategies_act_on_agents_over_rcs() {
    let platform = platform(json!({}));
    assert_eq!(platform.decide(&message(Channel::Rcs, "shop", TO)), "R1 POOL");
    assert_eq!(platform.decide(&sms("shop", TO)), "NO_ELIGIBLE_SENDER");
}

#[test]
fn priorities_name_agents_as_any_other_type() {
    let with = |priorities: Value| {
        platform(json!({"priorities": priorities}))
            .sender_as(json!({"senderId": "L1", "sender": "+12125550100", "senderType": "VIRTUAL_LONG_NUMBER",
                              "coverage": [{"channel": "RCS", "countries": "*"}]}))
            .associate_for("RCS", "shop", "L1")
            .decide(&message(Channel::Rcs, "shop", TO))
    };
    assert_eq!(with(json!([{"senderType": "RCS_AGENT", "priority": 1}])), "R1 POOL");
    assert_eq!(with(json!([{"senderType": "VIRTUAL_LONG_NUMBER", "priority": 1}])), "L1 POOL");
    let both =
        json!([{"senderType": "RCS_AGENT", "priority": 2}, {"senderType": "VIRTUAL_LONG_NUMBER", "priority": 1}]);
    assert_eq!(with(both), "L1 POOL");
}

#[test]
fn an_agent_is_named_by_exactly_its_id() {
    let gateway = platform(json!({})).gateway();
    let from = |from| decide(&gateway, &message(Channel::Rcs, "shop", TO).from(from));
    assert_eq!(from("acme_agent"), "R1 EXPLICIT");
    assert_eq!(from("Acme_Agent"), "SENDER_NOT_REGISTERED");
    assert_eq!(decide(&gateway, &sms("shop", TO).from("acme_agent")), "SENDER_NOT_CAPABLE");
}

#[test]
fn an_agent_is_sticky_as_any_other_sender() {
    let gateway = platform(json!({"useStickySender": true})).gateway();
    let rcs = message(Channel::Rcs, "shop", TO);
    assert_eq!((decide(&gateway, &rcs), decide(&gateway, &rcs)), ("R1 POOL".into(), "R1 STICKY".into()));
}
