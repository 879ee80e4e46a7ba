//! What a gateway records: exactly what its decisions have read and given, on every way to decide.

mod changes;
mod keep;
mod log;

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use callsign::log::{PinRead, PinWrite, Promise};
use callsign::{
    AutoRollback, Binding, BindingTarget, Channel, Channels, DecisionRef, Decisions, Gateway, Health, LaneOptions,
    MemoryStore, Message, MessageAttributes, MessageType, OnFailure, OnUnavailable, PinKey, PinnedSender, Policy,
    Probe, SenderKey, SignalBoard, Signals, StickyStore,
};
use callsign_tests::component::Component;
use callsign_tests::platform::{Platform, message, patient, sms};
use serde_json::json;

use self::log::{Entry, Log, answer_of};
use crate::pins::remote_store::{RemoteStore, wait};

const TO: &str = "+14155550123";

/// The ways to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Single,
    Batch,
    Async,
    Within,
    BatchAsync,
    Bulk,
}

const WAYS: [Way; 6] = [Way::Single, Way::Batch, Way::Async, Way::Within, Way::BatchAsync, Way::Bulk];

impl Way {
    /// Decides messages, and gives what each decision says to `see`.
    fn decide(self, gateway: &Gateway, messages: &[Message<'_>], see: &mut dyn FnMut(usize, DecisionRef<'_>)) {
        let all = |decisions: Decisions, see: &mut dyn FnMut(usize, DecisionRef<'_>)| {
            decisions.iter().enumerate().for_each(|(index, decision)| see(index, decision));
        };
        match self {
            Self::Batch => all(gateway.resolve_batch(messages), see),
            Self::BatchAsync => all(wait(gateway.resolve_batch_async(messages)), see),
            Self::Bulk => all(wait(gateway.resolve_bulk_async(messages)), see),
            Self::Single | Self::Async | Self::Within => {
                for (index, message) in messages.iter().enumerate() {
                    let decision = match self {
                        Self::Single => gateway.resolve(message),
                        Self::Async => wait(gateway.resolve_async(message)),
                        _ => wait(gateway.resolve_within(message, gateway.request_time(1))),
                    };
                    see(index, decision.get());
                }
            }
        }
    }
}

fn standard() -> Arc<Policy> {
    static POLICY: OnceLock<Arc<Policy>> = OnceLock::new();
    Arc::clone(POLICY.get_or_init(|| Arc::new(patient(Policy::standard().unwrap()))))
}

/// Two numbers with a sticky strategy for SMS, an RCS agent, and nothing for MMS.
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

fn gateway_on(store: Arc<dyn StickyStore>, change: impl FnOnce(&mut LaneOptions)) -> Gateway {
    let mut lanes = LaneOptions::default();
    lanes.request = Duration::from_secs(600);
    change(&mut lanes);
    Gateway::with_lanes(platform().catalog().named("the first"), standard(), store, lanes).unwrap()
}

/// A gateway whose decisions are recorded, in every one of the places where they can be made.
fn gateways(log: &Log) -> [Gateway; 3] {
    let gateways = [
        gateway_on(Arc::new(MemoryStore::new()), |_| {}),
        gateway_on(Arc::new(MemoryStore::new()), |lanes| lanes.quick = false),
        gateway_on(Arc::new(RemoteStore::default()), |_| {}),
    ];
    gateways.iter().for_each(|gateway| gateway.record_to(Arc::clone(&log.recorder)));
    gateways
}

fn key_of(sender: &str) -> PinRead {
    PinRead::Sender(SenderKey::of(sender).0)
}

/// Decides a message in a way that is recorded, and compares: the record, and what the decision says.
fn recorded(log: &Log, gateway: &Gateway, way: Way, message: &Message<'_>) -> (Entry, String) {
    let before = log.entries().len();
    let mut said = String::new();
    way.decide(gateway, std::slice::from_ref(message), &mut |_, decision| said = answer_of(decision));
    let mut entries = log.entries().split_off(before);
    assert_eq!(entries.len(), 1, "{way:?}: {entries:?}");
    (entries.remove(0), said)
}

#[test]
fn every_way_records_what_its_decision_says() {
    let numbers: Vec<String> = (0..40).map(|index| format!("+1415{:07}", 5_550_200 + index)).collect();
    let ids: Vec<String> = (0..60).map(|index| format!("m{index}")).collect();
    let mut messages: Vec<Message<'_>> = numbers.iter().map(|to| sms("shop", to)).collect();
    messages.extend([
        sms("shop", "no number"),
        sms("shop", TO).from("+14155550100"),
        sms("shop", TO).from("+19995550100"),
        message(Channel::Mms, "shop", TO),
        sms("care", TO),
        sms("nobody", TO),
        Message::new(Channel::Sms, TO),
        sms("shop/acme", TO),
        // Pinned by the message before it, or together with it.
        sms("shop", &numbers[0]),
        sms("shop", "+442079460000"),
    ]);
    let messages: Vec<_> = messages.into_iter().zip(&ids).map(|(message, id)| message.id(id)).collect();
    for way in WAYS {
        let log = Log::new(Promise::Drop);
        for gateway in gateways(&log) {
            let before = log.entries().len();
            let mut said = Vec::new();
            way.decide(&gateway, &messages, &mut |_, decision| said.push(answer_of(decision)));
            let entries = log.entries().split_off(before);
            assert_eq!(entries.len(), messages.len(), "{way:?}: nothing is recorded twice or missed");
            for (message, said) in messages.iter().zip(said) {
                let id = message.id.unwrap();
                let entry = entries.iter().find(|entry| entry.id == id).unwrap();
                assert_eq!((&entry.answer, &*entry.catalog), (&said, "the first"), "{way:?} {message:?}");
            }
        }
    }
}

#[test]
fn a_record_has_all_that_its_message_says() {
    let attributes = [("campaign", "C1"), ("price", "0.25")];
    let message = sms("shop/acme", TO)
        .id("m1")
        .message_type(MessageType::TRANSACTIONAL)
        .sent_at(1_772_400_600)
        .attributes(MessageAttributes::new(&attributes).unwrap())
        .trace([7; 16]);
    let log = Log::new(Promise::Drop);
    for gateway in gateways(&log) {
        for way in WAYS {
            let (entry, _) = recorded(&log, &gateway, way, &message);
            assert_eq!((&*entry.id, entry.trace), ("m1", Some([7; 16])));
            assert_eq!((entry.application.as_deref(), entry.entity.as_deref()), (Some("shop"), Some("acme")));
            assert_eq!((&*entry.to, entry.country, entry.area_code), (TO, Some("US"), Some(415)));
            assert_eq!((entry.channel, entry.is_fallback, &entry.from), (Channel::Sms, false, &None));
            assert_eq!((entry.message_type.as_deref(), entry.sent_at), (Some("TRANSACTIONAL"), Some(1_772_400_600)));
            let given: Vec<_> = entry.attributes.iter().map(|(name, value)| (&**name, &**value)).collect();
            assert_eq!(given, attributes);
            let (label, settings) = entry.policy.unwrap();
            assert_eq!((&*label, &*settings), (standard().label(), "{}"));
        }
    }
    // What it does not say, the record does not say either.
    let gateway = &gateways(&log)[0];
    let (entry, _) = recorded(&log, gateway, Way::Single, &Message::new(Channel::Sms, "+442079460000"));
    assert_eq!((&*entry.id, entry.trace, entry.application, entry.entity), ("", None, None, None));
    assert_eq!((entry.country, entry.area_code, entry.message_type, entry.sent_at), (Some("GB"), None, None, None));
    assert!(entry.attributes.is_empty());
}

#[test]
fn a_record_says_when_its_decision_began_and_how_long_it_took() {
    let micros = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_micros() as u64;
    // The clock of a machine that is busy may be read late; this tells microseconds from other units.
    const SLACK: u64 = 60_000_000;
    for way in WAYS {
        let log = Log::new(Promise::Drop);
        let [gateway, ..] = gateways(&log);
        let before = micros(SystemTime::now());
        way.decide(&gateway, &[sms("shop", TO), sms("shop", TO)], &mut |_, _| {});
        let after = micros(SystemTime::now());
        for entry in log.entries() {
            assert!((before - SLACK..after + SLACK).contains(&entry.time), "{way:?}: {} to {after}", entry.time);
            assert!(
                entry.took > 0 && u64::from(entry.took) / 1_000 < after - before + SLACK,
                "{way:?}: {}",
                entry.took
            );
        }
    }
}

#[test]
fn what_the_gateway_settles_itself_names_no_policy_and_no_pin() {
    let log = Log::new(Promise::Drop);
    for gateway in gateways(&log) {
        for way in WAYS {
            let (entry, said) = recorded(&log, &gateway, way, &sms("shop", "12").id("m"));
            assert_eq!((&*said, &*entry.answer, &*entry.to), ("INVALID_DESTINATION", "INVALID_DESTINATION", "12"));
            assert_eq!((&entry.policy, entry.country, &entry.signals), (&None, None, &None));
            let (entry, said) = recorded(&log, &gateway, way, &sms("shop", TO).from("+14155550100"));
            assert_eq!((&*said, &*entry.answer), ("S1 EXPLICIT -", "S1 EXPLICIT -"));
            assert_eq!((entry.from.as_deref(), &*entry.to, entry.country), (Some("+14155550100"), TO, Some("US")));
            assert_eq!((&entry.policy, entry.pin_read, entry.pin_write), (&None, PinRead::NotRead, PinWrite::Nothing));
        }
    }
}

#[test]
fn the_pin_that_was_read_and_the_one_that_was_written() {
    for way in WAYS {
        let log = Log::new(Promise::Drop);
        for gateway in gateways(&log) {
            let (first, said) = recorded(&log, &gateway, way, &sms("shop", TO));
            assert_eq!((&first.answer, first.pin_read, first.pin_write), (&said, PinRead::None, PinWrite::Written));
            let sender = said.split(' ').next().unwrap().to_owned();
            let (second, said) = recorded(&log, &gateway, way, &sms("shop", TO));
            assert_eq!(said, format!("{sender} STICKY A"));
            assert_eq!((second.pin_read, second.pin_write), (key_of(&sender), PinWrite::Nothing), "{way:?}");
        }
    }
}

#[test]
fn where_another_writer_won_the_record_has_the_pin_that_was_read_last() {
    for way in WAYS {
        for quick in [true, false] {
            let log = Log::new(Promise::Drop);
            let store = Arc::new(RemoteStore::default());
            let gateway = gateway_on(Arc::clone(&store) as Arc<dyn StickyStore>, |lanes| lanes.quick = quick);
            gateway.record_to(Arc::clone(&log.recorder));
            let number = callsign::Number::parse_e164(TO).unwrap();
            store.before_write(move |pins| {
                let scope = callsign::PinScope::new("shop", None);
                let key = PinKey::new(scope, Channel::Sms, callsign::Recipient::Number(number));
                pins.insert(&key, &PinnedSender::new("S2")).unwrap();
            });
            // Of two to one recipient, which one batch decides, the second finds the pin too.
            way.decide(&gateway, &[sms("shop", TO).id("m0"), sms("shop", TO).id("m1")], &mut |_, decision| {
                assert!(answer_of(decision).starts_with("S2 "), "{way:?}");
            });
            let entries = log.entries();
            assert_eq!(entries.len(), 2);
            for entry in entries {
                assert_eq!((&*entry.answer, entry.pin_read), ("S2 STICKY A", key_of("S2")), "{way:?} {}", entry.id);
                assert_eq!(entry.pin_write, PinWrite::Nothing);
            }
        }
    }
}

#[test]
fn a_store_of_pins_that_is_away_is_in_the_record() {
    for (rule, answered) in [(OnUnavailable::Refuse, false), (OnUnavailable::DecideUnpinned, true)] {
        for way in WAYS {
            let log = Log::new(Promise::Drop);
            let store = Arc::new(RemoteStore::default());
            let gateway = gateway_on(Arc::clone(&store) as Arc<dyn StickyStore>, |_| {});
            gateway.swap(&BindingTarget::Platform, Binding::new(standard()).on_unavailable(rule)).unwrap();
            gateway.record_to(Arc::clone(&log.recorder));
            store.reads_fail.store(true, Ordering::SeqCst);
            let (entry, said) = recorded(&log, &gateway, way, &sms("shop", TO));
            assert_eq!((&entry.answer, said != "STICKY_UNAVAILABLE"), (&said, answered));
            assert_eq!((entry.pin_read, entry.pin_write), (PinRead::Unavailable, PinWrite::Nothing), "{way:?}");
            store.reads_fail.store(false, Ordering::SeqCst);
            store.writes_fail.store(true, Ordering::SeqCst);
            let (entry, said) = recorded(&log, &gateway, way, &sms("shop", TO));
            assert_eq!((&entry.answer, said != "STICKY_UNAVAILABLE"), (&said, answered));
            assert_eq!((entry.pin_read, entry.pin_write), (PinRead::None, PinWrite::Unavailable), "{way:?}");
        }
    }
}

#[test]
fn each_channel_that_is_decided_has_a_record_and_fallbacks_say_that_they_are_ones() {
    let channels = Channels::new(&[Channel::Mms, Channel::Sms, Channel::Rcs]).unwrap();
    for way in WAYS {
        let log = Log::new(Promise::Drop);
        for gateway in gateways(&log) {
            let before = log.entries().len();
            let mut said = Vec::new();
            way.decide(&gateway, &[sms("shop", TO).channels(channels).id("m")], &mut |_, decision| {
                said.push((decision.channel().unwrap(), false, answer_of(decision)));
                let fallbacks = decision.fallbacks();
                said.extend(fallbacks.map(|(channel, decision)| (channel, true, answer_of(decision))));
            });
            let entries = log.entries().split_off(before);
            assert_eq!((entries[0].channel, &*entries[0].answer), (Channel::Mms, "NO_ELIGIBLE_SENDER"));
            let recorded: Vec<_> =
                entries[1..].iter().map(|entry| (entry.channel, entry.is_fallback, entry.answer.clone())).collect();
            assert_eq!(recorded, said, "{way:?}");
            assert_eq!((said[0].0, said[1].0), (Channel::Sms, Channel::Rcs));
            assert_eq!(entries[2].pin_write, PinWrite::Nothing, "a fallback pins nobody");
        }
    }
}

fn policy(component: &Component) -> Arc<Policy> {
    Arc::new(patient(Policy::from_bytes(&component.build()).unwrap()))
}

/// Fails for every message.
fn failing() -> Arc<Policy> {
    policy(&Component::new("failing", "1.0.0").resolve("unreachable"))
}

/// Always decides one sender of the scope: of `shop`, 0 is the agent, 1 is `S1`.
fn always(sender: u32, version: &str) -> Arc<Policy> {
    policy(&Component::new("always", version).deciding(sender))
}

#[test]
fn the_policy_of_a_record_is_the_one_that_answered() {
    for way in WAYS {
        let log = Log::new(Promise::Drop);
        for gateway in gateways(&log) {
            let label_of = |expected: &str| {
                let (entry, said) = recorded(&log, &gateway, way, &sms("shop", TO));
                assert_eq!(entry.answer, said);
                assert_eq!(entry.policy.unwrap().0, expected, "{way:?}");
            };
            let shop = BindingTarget::application("shop");
            gateway.swap(&shop, Binding::new(always(1, "1.0.0"))).unwrap();
            label_of("always@1.0.0");
            gateway.canary(&shop, Binding::new(always(2, "2.0.0")), 1_000, AutoRollback::default()).unwrap();
            label_of("always@2.0.0");
            gateway.withdraw(&shop).unwrap();
            label_of("always@1.0.0");
            gateway.swap(&shop, Binding::new(failing()).on_failure(OnFailure::Standard)).unwrap();
            label_of(standard().label());
            gateway.swap(&shop, Binding::new(failing()).on_failure(OnFailure::Refuse)).unwrap();
            label_of("failing@1.0.0");
            gateway.unbind(&shop).unwrap();
            label_of(standard().label());
        }
    }
}

#[test]
fn a_refusal_in_a_policys_own_words_is_recorded_with_its_code() {
    let component = Component::new("own", "1.0.0")
        .item(r#"(data (i32.const 300) "QUIET_HOURS")"#)
        .resolve("(call $refuse (i32.const 7))")
        .refusal_text("(call $words (i32.const 300) (i32.const 11) (i32.const 300) (i32.const 11)) (i32.const 2048)");
    let policy = policy(&component);
    for way in WAYS {
        let log = Log::new(Promise::Drop);
        for gateway in gateways(&log) {
            gateway.swap(&BindingTarget::Platform, Binding::new(Arc::clone(&policy))).unwrap();
            let before = log.entries().len();
            way.decide(&gateway, &vec![sms("shop", TO); 20], &mut |_, decision| {
                assert_eq!(answer_of(decision), "QUIET_HOURS");
            });
            let entries = log.entries().split_off(before);
            assert_eq!(entries.len(), 20);
            assert!(entries.iter().all(|entry| entry.answer == "QUIET_HOURS"), "{way:?}");
        }
    }
}

#[test]
fn the_signals_of_a_record_say_what_the_policy_read_or_could_have_read() {
    let catalog =
        platform().strategy("M", "care", json!({"skipUnhealthySenders": true})).associate("care", &["S1", "S2"]);
    for way in WAYS {
        let log = Log::new(Promise::Drop);
        let gateway = Gateway::with(catalog.catalog(), standard(), Arc::new(MemoryStore::new())).unwrap();
        let board = Arc::new(SignalBoard::new());
        gateway.use_signals(board.clone());
        gateway.record_to(Arc::clone(&log.recorder));
        let one = || recorded(&log, &gateway, way, &sms("care", TO)).0;
        let healthy = one();
        assert_eq!((healthy.told_unhealthy, healthy.signals), (false, None), "{way:?}: nothing is to be said");

        let mut signals = Signals::builder();
        signals.number("S1", "load", 0.5);
        board.set(signals);
        let numbered = one();
        let context = numbered.signals.unwrap();
        assert_eq!((numbered.told_unhealthy, context.health.len(), context.numbers.len()), (false, 0, 1));
        let number = context.numbers[0];
        assert_eq!((number.sender, number.name, number.value), (SenderKey::of("S1").0, SenderKey::of("load").0, 0.5));

        let mut signals = Signals::builder();
        signals.health("S1", Some(Channel::Sms), None, Health::Unhealthy { since: 7 });
        board.set(signals);
        let unhealthy = one();
        assert!(unhealthy.told_unhealthy && unhealthy.answer.starts_with("S2 "), "{way:?}: {unhealthy:?}");
        let context = unhealthy.signals.unwrap();
        assert_eq!((context.health.len(), context.numbers.len()), (1, 0));
        let report = context.health[0];
        assert_eq!((report.sender, report.channel), (SenderKey::of("S1").0, Some(Channel::Sms)));
        assert_eq!((report.country, report.unhealthy_since), (None, Some(7)));

        board.set(Signals::builder());
        let healthy = one();
        assert_eq!((healthy.told_unhealthy, healthy.signals), (false, None));
    }
}

#[test]
fn probes_shadows_and_explanations_are_no_decisions() {
    let log = Log::new(Promise::Drop);
    let [gateway, ..] = gateways(&log);
    gateway.shadow(&BindingTarget::Platform, Binding::new(always(1, "1.0.0"))).unwrap();
    gateway.resolve(&sms("shop", TO));
    assert_eq!(gateway.comparison(&BindingTarget::Platform).unwrap().compared, 1);
    assert_eq!(log.only().policy.unwrap().0, standard().label());
    gateway.explain(&sms("shop", TO));
    let probe = Probe::new(&sms("shop", TO)).expect_sender("S1");
    gateway.swap(&BindingTarget::Platform, Binding::new(always(1, "2.0.0")).probe(probe)).unwrap();
    log.only();
}

#[test]
fn a_gateway_records_to_one_log_at_a_time_and_to_none_when_it_is_told_so() {
    let (first, second) = (Log::new(Promise::Drop), Log::new(Promise::Drop));
    let gateway = gateway_on(Arc::new(MemoryStore::new()), |_| {});
    gateway.resolve(&sms("shop", TO).id("before"));
    gateway.record_to(Arc::clone(&first.recorder));
    gateway.resolve(&sms("shop", TO).id("first"));
    gateway.record_to(Arc::clone(&second.recorder));
    gateway.resolve_batch(&[sms("shop", TO).id("second")]);
    gateway.stop_recording();
    gateway.resolve(&sms("shop", TO).id("after"));
    assert_eq!((first.only().id, second.only().id), ("first".into(), "second".into()));
}

#[test]
fn a_catalog_without_a_name_is_told_apart_from_others() {
    let log = Log::new(Promise::Drop);
    let gateway = Gateway::with(platform().catalog(), standard(), Arc::new(MemoryStore::new())).unwrap();
    gateway.record_to(Arc::clone(&log.recorder));
    let decide = || recorded(&log, &gateway, Way::Single, &sms("shop", TO)).0.catalog;
    let first = decide();
    gateway.replace_catalog(platform().catalog()).unwrap();
    let second = decide();
    assert_ne!(first, second);
    assert!(first.starts_with("unnamed:") && second.starts_with("unnamed:"), "{first} {second}");
    // A revision that was planned on another one keeps its name.
    let planned = gateway.next_revision(platform().catalog()).unwrap().named("revision:7");
    gateway.replace_catalog(platform().catalog()).unwrap();
    gateway.replace_revision(planned).unwrap();
    assert_eq!(decide(), "revision:7");
}
