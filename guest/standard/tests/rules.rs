//! Rules of a policy's own: right at every size of the pool, in both of its forms, for every recipient.

use std::cell::Cell;
use std::time::Instant;

use callsign_policy::call::{Call, Scratch};
use callsign_policy::reads::{OverrideReads, Reads};
use callsign_policy::testing::{Sample, SampleMessage, answer, explain};
use callsign_policy::types::{Answer, Decision, Refusal, Sender};
use callsign_policy::words::sender_type::{LONG_NUMBER, SHORT_CODE, TOLL_FREE_NUMBER};
use callsign_policy::words::{narrowing, reason, step, verdict};
use callsign_policy::{NoSettings, Policy};
use callsign_standard::rules::{Choice, Left, MessageView, Name, OwnRefusal, Refused, Rules, ScopeView, Selection};
use callsign_standard::{Standard, StandardWith};

const SIZES: [u32; 4] = [10, 65, 2_501, 100_000];

static BRAND: Name = Name::new("brand");
static LOAD: Name = Name::new("load");

/// For entity X only senders that end in 00; toll-free for even recipients; nothing to area code 900.
#[derive(Default)]
struct House;

const PREMIUM: OwnRefusal = OwnRefusal::new(1, "PREMIUM", "numbers of area code 900 get no messages");

impl Rules for House {
    type Settings = NoSettings;
    type Key = bool;
    const REFUSALS: &'static [OwnRefusal] = &[PREMIUM];

    fn new(_: NoSettings) -> Result<Self, String> {
        Ok(Self)
    }
    fn refuse_before(&self, message: &MessageView<'_>) -> Option<Refused> {
        (message.area_code() == 900).then_some(PREMIUM.refused())
    }
    fn key(&self, message: &MessageView<'_>) -> bool {
        message.recipient().is_multiple_of(2)
    }
    fn select<'a>(&'a self, even: &'a bool, scope: &ScopeView<'_>, senders: &mut Selection<'a>) {
        if scope.entity_id().as_deref() == Some("X") {
            senders.only("its number does not end in 00", |sender| sender.address().ends_with("00"));
        }
        if *even {
            senders.prefer("even recipients get toll-free numbers", |sender| sender.is_a(TOLL_FREE_NUMBER));
        }
    }
}

/// Numbers 0, 5, 10 ... are toll-free, the others long; all end in the last two digits of their handle.
fn pool(size: u32) -> Sample {
    (0..size).fold(Sample::new().strategy(|_| {}), |sample, index| {
        let sender_type = if index % 5 == 0 { TOLL_FREE_NUMBER } else { LONG_NUMBER };
        sample.sender_with(&format!("S{index}"), sender_type, 0, |sender| {
            // Of 10 senders, one ends in 00 too.
            sender.address = format!("+1800{:07}", if size < 100 { index % 3 * 100 + index / 3 } else { index });
            sender.attribute("brand", ["A", "B", "C"][index as usize % 3]);
        })
    })
}

fn ends_in_00(sample: &Sample, sender: Sender) -> bool {
    sample.describe(1, sender).expect("a sender").address.ends_with("00")
}

fn is_toll_free(sender: Sender) -> bool {
    sender.is_multiple_of(5)
}

/// Reads that count how many imports a component would make.
struct Counting<'a> {
    sample: &'a Sample,
    imports: Cell<u32>,
}

impl OverrideReads for Counting<'_> {
    type Inner = Sample;

    fn inner(&self) -> &Sample {
        self.imports.set(self.imports.get() + 1);
        self.sample
    }
}

/// A policy's sender for a recipient, and how many imports that took.
fn ask<L: Rules>(policy: &mut StandardWith<L>, sample: &Sample, recipient: u64) -> (Decision, u32) {
    let reads = Counting { sample, imports: Cell::new(0) };
    match policy.resolve(&Call::new(&sample.request(recipient), &reads, &Scratch::default())) {
        Answer::Decided(decision) => (decision, reads.imports.get()),
        Answer::Refused(refusal) => panic!("{refusal:?}"),
    }
}

fn policy<L: Rules<Settings = NoSettings>>() -> StandardWith<L> {
    StandardWith::new(NoSettings).expect("no settings")
}

fn recipients(size: u32) -> impl Iterator<Item = u64> {
    callsign_policy::testing::recipients(if size > 10_000 { 300 } else { 2_000 })
}

#[test]
fn a_filter_holds_at_every_size_of_the_pool_in_both_forms_fresh_and_warm() {
    for size in SIZES {
        let sample = pool(size).entity("X");
        let mut warm = policy::<House>();
        let mut seen = Vec::new();
        for recipient in recipients(size) {
            let sender = ask(&mut warm, &sample, recipient).0.sender;
            assert!(ends_in_00(&sample, sender), "{size} senders: {sender}");
            seen.push(sender);
        }
        let mut carriers = seen.clone();
        carriers.sort_unstable();
        carriers.dedup();
        assert!(carriers.len() > 1, "{size} senders: {carriers:?}");
        // Fresh instances and the other form of the pool answer alike.
        for copy_up_to in [0, u32::MAX] {
            let other = sample.clone().copy_up_to(copy_up_to);
            let fresh = recipients(size).take(if size > 10_000 { 5 } else { 40 });
            for (recipient, expected) in fresh.zip(&seen) {
                let (decision, imports) = ask(&mut policy::<House>(), &other, recipient);
                assert_eq!(decision.sender, *expected, "{size} senders, copied up to {copy_up_to}");
                assert!(imports <= 10, "{size} senders: {imports} imports");
            }
        }
    }
}

#[test]
fn a_preference_by_recipient_holds_for_each_of_them_under_one_policy() {
    for size in SIZES {
        let sample = pool(size);
        for copy_up_to in [0, 64, u32::MAX] {
            let sample = sample.clone().copy_up_to(copy_up_to);
            let mut policy = policy::<House>();
            let (mut even, mut odd_toll_free) = (0, 0);
            for recipient in recipients(size) {
                let sender = ask(&mut policy, &sample, recipient).0.sender;
                match recipient.is_multiple_of(2) {
                    true => {
                        even += 1;
                        assert!(is_toll_free(sender), "{size} senders: {sender}");
                    }
                    false => odd_toll_free += u32::from(is_toll_free(sender)),
                }
            }
            // The others are spread over all senders.
            assert!(even > 100 && odd_toll_free > 10, "{size} senders: {even}, {odd_toll_free}");
        }
    }
}

#[test]
fn a_filter_costs_no_import_once_the_view_is_made() {
    for size in SIZES {
        let sample = pool(size).entity("X");
        let mut policy = policy::<House>();
        let first = Instant::now();
        for recipient in [2, 3] {
            let (_, imports) = ask(&mut policy, &sample, recipient);
            assert!(imports <= 10, "{size} senders: {imports} imports");
        }
        println!("{size} senders: {:?} for the two first messages", first.elapsed());
        for recipient in 4..100 {
            assert_eq!(ask(&mut policy, &sample, recipient).1, 0, "{size} senders");
        }
    }
}

#[test]
fn a_pool_whose_weights_take_too_much_memory_stays_with_the_host() {
    for (weight, stays) in [(1, false), (600, false), (601, true), (1000, true)] {
        let sample = (0..200).fold(Sample::new().strategy(|_| {}), |sample, index| {
            sample.sender_with(&format!("S{index}"), LONG_NUMBER, 415, |sender| sender.weight = weight)
        });
        let mut policy = Standard::default();
        let imports: Vec<u32> = (0..10).map(|recipient| ask(&mut policy, &sample, recipient).1).collect();
        assert_eq!(imports[9] > 0, stays, "{weight}: {imports:?}");
    }
}

#[test]
fn an_explanation_says_that_the_policy_left_a_sender_out_and_why() {
    for size in SIZES {
        let sample = pool(size).entity("X");
        let trace = explain(&mut policy::<House>(), &sample, &sample.request(4));
        assert_eq!(trace.answer, answer(&mut policy::<House>(), &sample, &sample.request(4)));
        let reason = |note: &callsign_policy::exports::explain::SenderNote| {
            note.reason.map(|reason| trace.reasons[reason as usize].as_str())
        };
        assert_eq!(trace.senders.len(), size as usize);
        for note in &trace.senders {
            let expected = match (ends_in_00(&sample, note.sender), is_toll_free(note.sender)) {
                (false, _) => (verdict::EXCLUDED_BY_POLICY, Some("its number does not end in 00")),
                (true, false) => (verdict::LESS_PREFERRED, Some("even recipients get toll-free numbers")),
                (true, true) if note.verdict == verdict::CHOSEN => (verdict::CHOSEN, None),
                (true, true) => (verdict::SPREAD_ELSEWHERE, None),
            };
            assert_eq!((note.verdict, reason(note)), expected, "{size} senders: {note:?}");
        }
        let steps: Vec<_> = trace.stages.iter().map(|stage| stage.step).collect();
        let (first, last) =
            ([narrowing::CANDIDATES, narrowing::FILTER], [narrowing::TYPE_PRIORITY, narrowing::GEOLOCATED]);
        assert_eq!(steps, [&first[..], &[narrowing::PREFERENCE], &last[..]].concat());
    }
}

#[test]
fn a_refusal_before_comes_first_and_is_explained() {
    let sample = Sample::new().message(SampleMessage::to("+19005550100"));
    let refused = Answer::refuse(1, 0);
    assert_eq!(answer(&mut policy::<House>(), &sample, &sample.request_of(0)), refused);
    assert_eq!(explain(&mut policy::<House>(), &sample, &sample.request_of(0)).answer, refused);
    let wording = StandardWith::<House>::refusal_text(1, 0);
    assert_eq!((&*wording.code, &*wording.message), ("PREMIUM", "numbers of area code 900 get no messages"));
}

/// Only the brand of the message, by its key; the least loaded of those.
#[derive(Default)]
struct Branded;

impl Rules for Branded {
    type Settings = NoSettings;
    type Key = u64;

    fn new(_: NoSettings) -> Result<Self, String> {
        Ok(Self)
    }
    fn key(&self, message: &MessageView<'_>) -> u64 {
        message.attribute_key(&BRAND)
    }
    fn select<'a>(&'a self, brand: &'a u64, _: &ScopeView<'_>, senders: &mut Selection<'a>) {
        senders.only("not of brand {brand}", |sender| sender.attribute_key(&BRAND) == *brand);
    }
    fn choose(&self, _: &MessageView<'_>, left: &Left<'_>) -> Option<Choice> {
        let loaded = left.contenders().filter_map(|sender| Some((sender.signal(&LOAD)?, sender)));
        let least = loaded.min_by(|(one, _), (other, _)| one.total_cmp(other))?;
        Some(least.1.pick("the least loaded"))
    }
}

/// A pool with a load on each sender: the same but for one.
fn loaded(size: u32, least: u32) -> Sample {
    (0..size).fold(Sample::new().strategy(|strategy| strategy.sticky = true), |sample, index| {
        sample.sender_with(&format!("S{index}"), [LONG_NUMBER, SHORT_CODE][index as usize % 2], 0, |sender| {
            sender.attribute("brand", ["A", "B", "C"][index as usize % 3]);
            sender.signals.push(("load".into(), if index == least { 0.1 } else { 0.5 }));
        })
    })
}

#[test]
fn a_choice_of_its_own_is_among_those_left_and_reads_signals_that_are_not_kept() {
    for size in [10, 65, 2_501] {
        let mut policy = policy::<Branded>();
        for least in [3, 6, 0, 3] {
            // The same revision: signals change without one.
            let sample = loaded(size, least).message(SampleMessage::to("+12125550100").attribute("brand", "A"));
            let decided = answer(&mut policy, &sample, &sample.request_of(0));
            let decision = Decision { sender: least, strategy: Some(0), step: step::POOL, pin: true };
            assert_eq!(decided, Answer::Decided(decision), "{size} senders");
            let trace = explain(&mut policy, &sample, &sample.request_of(0));
            let reason = |sender: u32| {
                let note = &trace.senders[sender as usize];
                (note.verdict, note.reason.map(|reason| trace.reasons[reason as usize].as_str()))
            };
            assert_eq!(reason(1), (verdict::EXCLUDED_BY_POLICY, Some("not of brand A")));
            let other = if least == 9 { 0 } else { 9 };
            assert_eq!(reason(other), (verdict::LESS_PREFERRED, Some("the least loaded")));
        }
    }
}

#[test]
fn a_filter_that_depends_on_the_message_is_kept_for_each_key_and_bounded() {
    let size = 2_501;
    let sample = (0..3_000).fold(loaded(size, 0), |sample, index| {
        let brand = match index % 4 {
            3 => format!("other {index}"),
            known => ["A", "B", "C"][known].into(),
        };
        sample.message(SampleMessage::to(&format!("+1212555{index:04}")).attribute("brand", &brand))
    });
    let mut policy = policy::<Branded>();
    for message in 0..3_000 {
        match answer(&mut policy, &sample, &sample.request_of(message)) {
            Answer::Decided(decision) => assert_eq!(decision.sender % 3, message % 4),
            refused => {
                assert_eq!(message % 4, 3);
                assert_eq!(refused, Answer::Refused(Refusal::of(reason::NO_ELIGIBLE_SENDER)));
            }
        }
    }
}

/// Leaves out what the pins, the health and the recipient itself are about.
#[derive(Default)]
struct NotTheFirst;

impl Rules for NotTheFirst {
    type Settings = NoSettings;
    type Key = ();

    fn new(_: NoSettings) -> Result<Self, String> {
        Ok(Self)
    }
    fn select<'a>(&'a self, (): &'a (), _: &ScopeView<'_>, senders: &mut Selection<'a>) {
        senders.only("the first", |sender| sender.id() != "S0").prefer("the second", |sender| sender.id() == "S1");
    }
}

#[test]
fn entities_that_share_a_scope_since_they_have_nothing_of_their_own_are_not_taken_for_each_other() {
    let mut policy = policy::<House>();
    for (entity, expected) in [("Y", Some(0)), ("X", None), ("Y", Some(0)), ("X", None)] {
        // The same scope and revision: no sender is associated, and the application's default sender ends in 01.
        let nothing = Sample::new().strategy(|_| {}).entity(entity).listing(&[]).default_sender(0);
        let sample = nothing.sender_with("D", LONG_NUMBER, 415, |sender| sender.address = "+14155550101".into());
        let answer = answer(&mut policy, &sample, &sample.request(7));
        match answer {
            Answer::Decided(decision) => assert_eq!(Some(decision.sender), expected, "{entity}"),
            Answer::Refused(refusal) => assert_eq!((None, refusal.reason), (expected, reason::NO_ELIGIBLE_SENDER)),
        }
    }
}

#[test]
fn pins_health_and_the_recipient_itself_hold_beside_rules() {
    let sample = |bad: &[u32]| {
        let strategy = Sample::new().strategy(|strategy| {
            strategy.sticky = true;
            strategy.skip_unhealthy = true;
        });
        (0..4).fold(strategy, |sample, index| {
            sample.sender_with(&format!("S{index}"), LONG_NUMBER, 415, |sender| {
                sender.unhealthy_since = bad.contains(&index).then_some(7);
            })
        })
    };
    let to = || SampleMessage::to("+12125550100");
    let ask = |sample: Sample, message: SampleMessage| {
        let sample = sample.message(message);
        let mut policy = policy::<NotTheFirst>();
        let fresh = answer(&mut policy, &sample, &sample.request_of(0));
        assert_eq!(answer(&mut policy, &sample, &sample.request_of(0)), fresh, "warm");
        assert_eq!(explain(&mut policy, &sample, &sample.request_of(0)).answer, fresh, "explained");
        match fresh {
            Answer::Decided(decision) => (decision.sender, decision.step, decision.pin),
            Answer::Refused(refusal) => panic!("{refusal:?}"),
        }
    };
    // A pin to a sender that the rules leave out is replaced; one to a less preferred sender is kept.
    assert_eq!(ask(sample(&[]), to().pinned(0)), (1, step::POOL, true));
    assert_eq!(ask(sample(&[]), to().pinned(3)), (3, step::STICKY, false));
    // The preferred one is unhealthy: the healthy ones that the rules leave go on, and a pin to it waits.
    let (sender, _, pin) = ask(sample(&[1, 3]), to().pinned(1));
    assert_eq!((sender, pin), (2, false));
    // Only the sender that the rules leave out is healthy: all that they leave go on.
    assert_eq!(ask(sample(&[1, 2, 3]), to()), (1, step::POOL, true));
    assert_ne!(ask(sample(&[]), to().to_sender(1)).0, 1);
}
