//! Messages with several channels in order of preference, and what else of a message decides.

use std::sync::{Arc, OnceLock};

use callsign::{
    Channel, Channels, Gateway, MemoryStore, Message, MessageAttributes, MessageType, NotCapable, Number, PinKey,
    PinScope, Policy, Recipient, Refusal, Registration, StickyStore,
};
use serde_json::{Value, json};

use crate::pins::remote_store::{RemoteStore, wait};
use callsign_tests::platform::{Platform, patient, sms};

const TO: &str = "+14155550123";

/// An RCS agent for the United States, numbers for SMS everywhere, and nothing for MMS.
fn platform() -> Platform {
    Platform::new()
        .sender_as(json!({"senderId": "AGENT", "sender": "acme_agent", "senderType": "RCS_AGENT",
                          "coverage": [{"channel": "RCS", "countries": ["US"]}]}))
        .long("S1", "+14155550100")
        .long("S2", "+14155550101")
        .associate("shop", &["S1", "S2"])
        .associate_for("RCS", "shop", "AGENT")
        .strategy("A", "shop", json!({"useStickySender": true}))
}

fn channels(list: &[Channel]) -> Channels {
    Channels::new(list).unwrap()
}

fn message<'a>(to: &'a str, list: &[Channel]) -> Message<'a> {
    sms("shop", to).channels(channels(list))
}

/// `CHANNEL senderId STEP`, or the channel and the code of the refusal; the fallbacks after it.
fn outline(decision: &Value) -> Vec<String> {
    let one = |value: &Value| {
        let channel = value["channel"].as_str().unwrap();
        match value["refusal"]["code"].as_str() {
            Some(code) => format!("{channel} {code}"),
            None => format!("{channel} {} {}", value["senderId"].as_str().unwrap(), value["step"].as_str().unwrap()),
        }
    };
    std::iter::once(decision).chain(decision["fallbacks"].as_array().unwrap()).map(one).collect()
}

fn decided(gateway: &Gateway, message: &Message<'_>) -> Vec<String> {
    outline(&serde_json::to_value(gateway.resolve(message).get().to_json(None)).unwrap())
}

fn pin(store: &dyn StickyStore, channel: Channel) -> bool {
    let key = PinKey::new(PinScope::new("shop", None), channel, Recipient::Number(Number::parse_e164(TO).unwrap()));
    store.read(&[key]).pop().unwrap().unwrap().is_some()
}

fn gateway_on(platform: &Platform, store: Arc<dyn StickyStore>) -> Gateway {
    static POLICY: OnceLock<Arc<Policy>> = OnceLock::new();
    let policy = POLICY.get_or_init(|| Arc::new(patient(Policy::standard().unwrap())));
    Gateway::with(platform.catalog(), Arc::clone(policy), store).unwrap()
}

#[test]
fn the_first_channel_that_has_a_sender_is_the_answer_and_fallbacks_have_what_those_after_it_would_get() {
    let gateway = platform().gateway();
    let preferred = decided(&gateway, &message(TO, &[Channel::Rcs, Channel::Sms]));
    assert_eq!(preferred[0], "RCS AGENT POOL");
    assert!(preferred[1].starts_with("SMS S") && preferred[1].ends_with(" POOL") && preferred.len() == 2);
    // RCS does not reach Germany, and nothing is associated for MMS.
    let german = "+493012345678";
    let order = [Channel::Rcs, Channel::Mms, Channel::Sms];
    let [only] = &decided(&gateway, &message(german, &order))[..] else { panic!("channels before are no fallbacks") };
    assert!(only.starts_with("SMS S"), "{only}");
    let order = [Channel::Rcs, Channel::Sms, Channel::Mms];
    let german = decided(&gateway, &message(german, &order));
    assert!(german[0].starts_with("SMS S") && german[1] == "MMS NO_ELIGIBLE_SENDER", "{german:?}");
}

#[test]
fn where_no_channel_has_a_sender_the_refusal_of_the_preferred_one_is_the_answer() {
    let gateway = Platform::new().strategy("A", "shop", json!({"channel": "SMS"})).gateway();
    let refused = decided(&gateway, &message(TO, &[Channel::Rcs, Channel::Sms]));
    assert_eq!(refused, ["RCS CHANNEL_NOT_ALLOWED", "SMS NO_ELIGIBLE_SENDER"]);
    let refused = decided(&gateway, &message("junk", &[Channel::Sms, Channel::Mms]));
    assert_eq!(refused, ["SMS INVALID_DESTINATION", "MMS INVALID_DESTINATION"]);
}

#[test]
fn each_channel_is_decided_as_a_message_of_that_channel_would_be() {
    let numbers: Vec<String> = (0..200).map(|index| format!("+1415555{index:04}")).collect();
    let several: Vec<Message<'_>> = numbers.iter().map(|to| message(to, &[Channel::Rcs, Channel::Sms])).collect();
    let gateway = platform().gateway();
    let decisions = gateway.resolve_batch(&several);
    let awaited = wait(platform().gateway().resolve_batch_async(&several));
    for ((message, decision), awaited) in several.iter().zip(decisions.iter()).zip(awaited.iter()) {
        let alone = platform().gateway();
        let [rcs, sms] = [Channel::Rcs, Channel::Sms].map(|channel| {
            let one = Message::new(channel, message.to).application("shop");
            alone.resolve(&one).get().sender().unwrap().id.clone()
        });
        for decision in [decision, awaited] {
            assert_eq!((decision.channel(), &decision.sender().unwrap().id), (Some(Channel::Rcs), &rcs));
            let [(channel, fallback)] = decision.fallbacks().collect::<Vec<_>>()[..] else { panic!("one fallback") };
            assert_eq!((channel, &fallback.sender().unwrap().id), (Channel::Sms, &sms));
            assert_eq!(fallback.channel(), None);
        }
    }
}

#[test]
fn messages_with_and_without_channels_are_decided_together() {
    let gateway = platform().gateway();
    let one = sms("shop", TO);
    let several = message("+14155550124", &[Channel::Mms, Channel::Rcs]);
    let decisions = gateway.resolve_batch(&[one, several, one]);
    let channels: Vec<Option<Channel>> = decisions.iter().map(|decision| decision.channel()).collect();
    assert_eq!(channels, [None, Some(Channel::Rcs), None]);
    assert_eq!(decisions.get(0).unwrap().fallbacks().len(), 0);
    let json = serde_json::to_value(decisions.get(0).unwrap().to_json(None)).unwrap();
    assert!(json.get("channel").is_none() && json.get("fallbacks").is_none(), "{json}");
    let [first, third] = [0, 2].map(|index| decisions.get(index).unwrap().sender().unwrap().id.clone());
    assert_eq!(first, third);
}

#[test]
fn messages_of_a_batch_are_decided_as_one_after_the_other() {
    let orders = [
        &[Channel::Rcs, Channel::Sms][..],
        &[Channel::Sms],
        &[Channel::Mms, Channel::Sms],
        &[Channel::Sms, Channel::Rcs],
        &[Channel::Rcs],
    ];
    let types = [None, Some(MessageType::TRANSACTIONAL), Some(MessageType::PROMOTIONAL)];
    let numbers = ["+14155550123", "+14155550124", "+493012345678"];
    let typed = |id: &str, number: &str, types: Value| {
        json!({"senderId": id, "sender": number, "senderType": "VIRTUAL_LONG_NUMBER", "messageTypes": types,
               "coverage": [{"channel": "SMS", "countries": "*"}]})
    };
    let platform = platform()
        .sender_as(typed("T", "+14155550102", json!(["TRANSACTIONAL"])))
        .sender_as(typed("P", "+14155550103", json!(["PROMOTIONAL"])))
        .associate("shop", &["T", "P"]);
    let mut seed: usize = 7;
    let mut one_of = |count: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % count
    };
    for _ in 0..200 {
        let messages: Vec<Message<'_>> = (0..8)
            .map(|_| {
                let (to, order) = (numbers[one_of(3)], orders[one_of(5)]);
                let mut message = sms("shop", to);
                message.message_type = types[one_of(3)];
                match order {
                    [only] => {
                        message.channel = *only;
                        message
                    }
                    several => message.channels(channels(several)),
                }
            })
            .collect();
        let json = |decision: callsign::DecisionRef<'_>| serde_json::to_value(decision.to_json(None)).unwrap();
        let alone = platform.gateway();
        let expected: Vec<Value> = messages.iter().map(|message| json(alone.resolve(message).get())).collect();
        let together: Vec<Value> = platform.gateway().resolve_batch(&messages).iter().map(json).collect();
        assert_eq!(together, expected, "{messages:#?}");
        let awaited = gateway_on(&platform, Arc::new(RemoteStore::default()));
        let awaited: Vec<Value> = wait(awaited.resolve_batch_async(&messages)).iter().map(json).collect();
        assert_eq!(awaited, expected, "{messages:#?}");
    }
}

#[test]
fn no_pin_is_written_for_a_fallback() {
    let order = [Channel::Rcs, Channel::Sms];
    let stores: [(Arc<dyn StickyStore>, bool); 3] = [
        (Arc::new(MemoryStore::new()), false),
        (Arc::new(RemoteStore::default()), false),
        (Arc::new(RemoteStore::default()), true),
    ];
    for (store, is_awaited) in stores {
        let gateway = gateway_on(&platform(), Arc::clone(&store));
        let message = message(TO, &order);
        match is_awaited {
            true => drop(wait(gateway.resolve_async(&message))),
            false => drop(gateway.resolve(&message)),
        }
        assert_eq!((pin(&*store, Channel::Rcs), pin(&*store, Channel::Sms)), (true, false));
        // The answer has its pin, and a fallback finds one that a message of its channel made.
        gateway.resolve(&sms("shop", TO));
        let again = decided(&gateway, &message);
        assert_eq!(again[0], "RCS AGENT STICKY");
        assert!(again[1].starts_with("SMS S") && again[1].ends_with(" STICKY"), "{again:?}");
    }
}

#[test]
fn the_explanation_of_a_message_with_channels_has_all_of_them() {
    let gateway = platform().gateway();
    let order = [Channel::Mms, Channel::Rcs, Channel::Sms];
    let explanation = gateway.explain(&message(TO, &order));
    let decision = serde_json::to_value(explanation.decision().to_json(None)).unwrap();
    let [rcs, sms] = &outline(&decision)[..] else { panic!("an answer and a fallback: {decision}") };
    assert!(rcs == "RCS AGENT POOL" && sms.starts_with("SMS S"));
    assert_eq!(
        serde_json::to_value(wait(gateway.explain_within(&message(TO, &order), gateway.request_time(3)))).unwrap(),
        serde_json::to_value(&explanation).unwrap()
    );
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!((&json["message"]["channel"], &json["decision"]), (&json!("RCS"), &decision));
    let others: Vec<&Value> =
        json["otherChannels"].as_array().unwrap().iter().map(|other| &other["message"]["channel"]).collect();
    assert_eq!(others, ["MMS", "SMS"]);
    assert_eq!(json["otherChannels"][0]["decision"]["refusal"]["code"], "NO_ELIGIBLE_SENDER");
    let people = explanation.to_string();
    let place = |text: &str| people.find(text).unwrap_or_else(|| panic!("{text} in {people}"));
    assert!(place("--- MMS, which is preferred and has no sender ---") < place("--- RCS ---"));
    assert!(place("--- RCS ---") < place("--- SMS, the fallback ---"));
}

#[test]
fn a_message_of_a_type_has_the_senders_that_may_carry_it() {
    let typed = |id: &str, number: &str, types: Value| {
        json!({"senderId": id, "sender": number, "senderType": "VIRTUAL_LONG_NUMBER", "messageTypes": types,
               "coverage": [{"channel": "SMS", "countries": "*"}]})
    };
    let platform = Platform::new()
        .sender_as(typed("T", "+14155550100", json!(["TRANSACTIONAL"])))
        .sender_as(typed("P", "+14155550101", json!(["PROMOTIONAL", "NEWS"])))
        .associate("shop", &["T", "P"])
        .strategy("A", "shop", json!({}));
    let gateway = platform.gateway();
    let with = |text: &'static str| sms("shop", TO).message_type(MessageType::parse(text).unwrap());
    let id = |message: &Message<'_>| gateway.resolve(message).get().sender().map(|sender| sender.id.to_string());
    assert_eq!(id(&with("TRANSACTIONAL")).as_deref(), Some("T"));
    assert_eq!(id(&with("NEWS")).as_deref(), Some("P"));
    assert_eq!(id(&with("OTP")), None);
    assert!(id(&sms("shop", TO)).is_some());
    let text = gateway.explain(&with("OTP")).to_string();
    assert!(text.contains("only for TRANSACTIONAL") && text.contains("only for NEWS, PROMOTIONAL"), "{text}");
}

#[test]
fn the_explanation_names_the_registration_the_weight_and_the_attributes() {
    let covering = |status: &str, weight: u16| {
        json!({"senderId": status, "sender": format!("+1415555010{weight}"), "senderType": "VIRTUAL_LONG_NUMBER",
               "weight": weight, "coverage": [{"channel": "SMS", "countries": ["US"], "status": status}]})
    };
    let platform = Platform::new()
        .sender_as(covering("PENDING", 1))
        .sender_as(covering("REJECTED", 2))
        .sender_as(covering("EXPIRED", 3))
        .sender_as(covering("ACTIVE", 4))
        .sender_as(json!({"senderId": "OTHER", "sender": "+14155550199", "senderType": "VIRTUAL_LONG_NUMBER",
                          "weight": 5, "coverage": [{"channel": "SMS", "countries": "*"}]}))
        .associate("shop", &["PENDING", "REJECTED", "EXPIRED", "ACTIVE", "OTHER"])
        .strategy("A", "shop", json!({}));
    let attributes = [("campaign", "C1")];
    let message = sms("shop", TO).attributes(MessageAttributes::new(&attributes).unwrap()).sent_at(1_772_400_600);
    let explanation = platform.gateway().explain(&message);
    let text = explanation.to_string();
    for part in
        ["registration pending in US", "registration rejected in US", "registration expired in US", "left with weight"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["message"]["attributes"], json!({"campaign": "C1"}));
    assert_eq!(json["message"]["sentAt"], "2026-03-01T21:30:00Z");
    let note =
        |id: &str| json["senders"].as_array().unwrap().iter().find(|note| note["senderId"] == id).unwrap().clone();
    assert_eq!((&note("PENDING")["verdict"], note("PENDING").get("weight")), (&json!("REGISTRATION_PENDING"), None));
    assert_eq!(note("ACTIVE")["weight"], 4);
}

#[test]
fn the_sender_in_from_must_be_active_covering_and_for_this_message_type() {
    let platform = Platform::new()
        .sender_as(json!({"senderId": "S1", "sender": "+14155550100", "senderType": "VIRTUAL_LONG_NUMBER",
            "messageTypes": ["TRANSACTIONAL"],
            "coverage": [{"channel": "SMS", "countries": "*"}, {"channel": "SMS", "countries": ["SG"], "status": "PENDING"}]}))
        .long("S2", "+14155550101")
        .suspended("S2");
    let gateway = platform.gateway();
    let refusal = |message: &Message<'_>| {
        let decision = gateway.resolve(message);
        let refusal = decision.get().refusal().cloned().unwrap();
        assert_eq!(refusal.code(), "SENDER_NOT_CAPABLE");
        let text = refusal.to_string();
        match refusal {
            Refusal::SenderNotCapable { reason, .. } => (reason, text),
            other => panic!("{other:?}"),
        }
    };
    let singapore = "+6562345678";
    let from = |to: &'static str, from: &'static str| sms("shop", to).from(from);
    let (reason, text) = refusal(&from(TO, "+14155550101"));
    assert_eq!((reason, &*text), (NotCapable::Suspended, "the sender in `from` is suspended"));
    let mms = message_over(Channel::Mms, TO).from("+14155550100");
    assert_eq!(refusal(&mms).1, "the sender in `from` does not cover MMS to US");
    let (reason, text) = refusal(&from(singapore, "+14155550100"));
    assert_eq!(reason, NotCapable::NotRegistered(Registration::Pending));
    assert!(text.ends_with("does not cover SMS to SG: its registration there is PENDING"), "{text}");
    let promotional = from(TO, "+14155550100").message_type(MessageType::PROMOTIONAL);
    let text = "the sender in `from` is not for messages of type PROMOTIONAL, only for TRANSACTIONAL";
    assert_eq!(refusal(&promotional).1, text);
    let transactional = from(TO, "+14155550100").message_type(MessageType::TRANSACTIONAL);
    for message in [transactional, from(TO, "+14155550100")] {
        assert_eq!(gateway.resolve(&message).get().step(), Some(callsign::Step::Explicit));
    }
    assert!(gateway.explain(&promotional).to_string().contains("active, only for TRANSACTIONAL"));
}

fn message_over(channel: Channel, to: &str) -> Message<'_> {
    Message::new(channel, to).application("shop")
}
