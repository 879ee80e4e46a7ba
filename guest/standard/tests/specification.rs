//! What the specification says of steps 3 to 9, natively and in every form of the pool.

use std::collections::BTreeSet;

use callsign_policy::NoSettings;
use callsign_policy::Policy;
use callsign_policy::testing::{Sample, SampleMessage, SampleSender, answer, explain};
use callsign_policy::types::{Answer, Decision, Refusal, Request, Sender, SenderType};
use callsign_policy::words::sender_type::{ALPHANUMERIC, LONG_NUMBER, RCS_AGENT, SHORT_CODE, TOLL_FREE_NUMBER};
use callsign_policy::words::{channel, narrowing, reason, standing, step, verdict};
use callsign_standard::Standard;

/// Senders of a type with these area codes.
fn senders(sample: Sample, sender_type: SenderType, area_codes: impl IntoIterator<Item = u16>) -> Sample {
    area_codes.into_iter().enumerate().fold(sample, |sample, (index, area_code)| {
        sample.sender(&format!("{sender_type}-{area_code}-{index}"), sender_type, area_code)
    })
}

fn fresh(sample: &Sample, request: &Request) -> Answer {
    answer(&mut Standard::new(NoSettings).expect("none"), sample, request)
}

/// The answer for a message, which must be the same in every form of the pool, fresh and warm, and explained.
fn ask(sample: &Sample, message: u32) -> Answer {
    let request = sample.request_of(message);
    let own = sample.clone().copy_up_to(u32::MAX);
    let host = sample.clone().copy_up_to(0);
    let expected = fresh(sample, &request);
    assert_eq!(fresh(&own, &request), expected, "a copy of the pool");
    assert_eq!(fresh(&host, &request), expected, "the host's pool");
    for sample in [sample, &own, &host] {
        let mut warm = Standard::default();
        // Another message first, which has nothing unusual.
        let _ = answer(&mut warm, sample, &Request { marks: 0, ..sample.request(99) });
        for _ in 0..5 {
            assert_eq!(answer(&mut warm, sample, &request), expected, "warm");
        }
        let trace = explain(&mut warm, sample, &request);
        assert_eq!(trace.answer, expected, "explained");
    }
    expected
}

fn decision(answer: Answer) -> Decision {
    match answer {
        Answer::Decided(decision) => decision,
        Answer::Refused(refusal) => panic!("{refusal:?}"),
    }
}

/// The messages from 0 to 199, to recipients of an area code.
fn messages(sample: Sample, area_code: u16, change: impl Fn(SampleMessage) -> SampleMessage) -> Sample {
    (0..200)
        .fold(sample, |sample, last| sample.message(change(SampleMessage::to(&format!("+1{area_code}5550{last:03}")))))
}

/// Who carries those messages.
fn carriers(sample: &Sample) -> BTreeSet<Sender> {
    (0..200).map(|message| decision(ask(sample, message)).sender).collect()
}

fn sticky() -> Sample {
    Sample::new().strategy(|strategy| {
        strategy.sticky = true;
        strategy.skip_unhealthy = true;
    })
}

fn unhealthy(sender: &mut SampleSender) {
    sender.unhealthy_since = Some(1_768_482_000);
}

#[test]
fn a_sender_with_message_types_carries_those_alone_and_a_message_without_one_is_carried_by_every_sender() {
    let sample = Sample::new()
        .strategy(|_| {})
        .sender_with("T", LONG_NUMBER, 415, |sender| sender.message_types = vec!["TRANSACTIONAL".into()])
        .sender_with("P", LONG_NUMBER, 415, |sender| sender.message_types = vec!["PROMOTIONAL".into()])
        .sender("ANY", LONG_NUMBER, 415);
    for (message_type, expected) in [
        (Some("TRANSACTIONAL"), vec![0, 2]),
        (Some("PROMOTIONAL"), vec![1, 2]),
        (Some("OTHER"), vec![2]),
        (None, vec![0, 1, 2]),
    ] {
        let of_type = |message: SampleMessage| match message_type {
            Some(message_type) => message.message_type(message_type),
            None => message,
        };
        let sample = messages(sample.clone(), 212, of_type);
        assert_eq!(carriers(&sample), expected.into_iter().collect(), "{message_type:?}");
    }
}

#[test]
fn senders_that_are_not_unhealthy_go_on_and_all_where_every_one_is() {
    let pool = |bad: &[usize], size: usize| {
        (0..size).fold(sticky(), |sample, index| {
            let change = |sender: &mut SampleSender| {
                if bad.contains(&index) {
                    unhealthy(sender)
                }
            };
            sample.sender_with(&format!("S{index}"), LONG_NUMBER, 415, change)
        })
    };
    for size in [3, 100] {
        let some = messages(pool(&[0, 2], size), 212, |message| message);
        let carriers = carriers(&some);
        assert!(!carriers.contains(&0) && !carriers.contains(&2) && carriers.contains(&1));
    }
    let every_one = messages(pool(&[0, 1, 2], 3), 212, |message| message);
    assert_eq!(carriers(&every_one), BTreeSet::from([0, 1, 2]));
    assert!((0..200).all(|message| decision(ask(&every_one, message)).pin));
}

#[test]
fn a_strategy_without_the_option_does_not_look_at_health() {
    let sample = Sample::new().strategy(|_| {}).sender_with("S0", LONG_NUMBER, 415, unhealthy);
    let sample = senders(sample, LONG_NUMBER, [415, 415]);
    assert_eq!(carriers(&messages(sample, 212, |message| message)), BTreeSet::from([0, 1, 2]));
}

#[test]
fn a_pin_that_only_health_kept_out_stays_and_what_follows_decides_this_message_alone() {
    let sample = senders(sticky().sender_with("S0", LONG_NUMBER, 415, unhealthy), LONG_NUMBER, [415; 70]);
    let passed_over = sample.clone().message(SampleMessage::to("+12125550100").pinned(0));
    let decided = decision(ask(&passed_over, 0));
    assert!(decided.sender != 0 && !decided.pin && decided.step == step::POOL);
    // A pin to a sender that is no candidate is replaced; one to a healthy candidate decides.
    let replaced = sample.clone().message(SampleMessage::to("+12125550100").pinned_to_a_sender_that_is_gone());
    assert!(decision(ask(&replaced, 0)).pin);
    let kept = sample.message(SampleMessage::to("+12125550100").pinned(5));
    assert_eq!(decision(ask(&kept, 0)).sender, 5);
    assert_eq!(decision(ask(&kept, 0)).step, step::STICKY);
    // Where every one is unhealthy, the pinned sender is one of all.
    let alone = sticky().sender_with("S0", LONG_NUMBER, 415, unhealthy);
    let alone = alone.message(SampleMessage::to("+12125550100").pinned(0));
    assert_eq!(decision(ask(&alone, 0)).step, step::STICKY);
}

#[test]
fn health_counts_before_type_and_area_code() {
    let sample = Sample::new()
        .strategy(|strategy| {
            strategy.skip_unhealthy = true;
            strategy.geolocated = true;
            strategy.priorities = 1 << 16 | 2 << 8;
        })
        .sender_with("CODE", SHORT_CODE, 0, unhealthy)
        .sender_with("NEAR", LONG_NUMBER, 212, unhealthy)
        .sender("OVERLAY", LONG_NUMBER, 917)
        .sender("FAR", LONG_NUMBER, 415)
        .message(SampleMessage::to("+12125550100"));
    let decided = decision(ask(&sample, 0));
    assert_eq!((decided.sender, decided.step), (2, step::OVERLAY));
}

#[test]
fn recipients_are_spread_by_weight_in_every_form_of_the_pool() {
    for others in [2, 100] {
        let sample = (0..others).fold(Sample::new().strategy(|_| {}), |sample, index| {
            sample.sender_with(&format!("S{index}"), LONG_NUMBER, 415, |sender| {
                sender.weight = if index == 0 { 1000 } else { 1 };
            })
        });
        let sample = messages(sample, 212, |message| message);
        let heavy = (0..200).filter(|&message| decision(ask(&sample, message)).sender == 0).count();
        assert!(heavy > 160, "{heavy} of 200");
    }
}

#[test]
fn the_entity_s_default_sender_being_unusable_does_not_keep_the_application_s_from_carrying_the_message() {
    let sample = |entity_standing, application_standing| {
        let nothing = Sample::new().strategy(|_| {}).listing(&[]);
        nothing
            .sender_with("OWN", LONG_NUMBER, 415, |sender| sender.standing = entity_standing)
            .sender_with("GENERAL", LONG_NUMBER, 415, |sender| sender.standing = application_standing)
            .default_sender(1)
            .entity_default_sender(0)
            .message(SampleMessage::to("+12125550100"))
    };
    for (own, general, expected) in [
        (standing::CANDIDATE, standing::CANDIDATE, Some(0)),
        (standing::SUSPENDED, standing::CANDIDATE, Some(1)),
        (standing::REGISTRATION_PENDING, standing::CANDIDATE, Some(1)),
        (standing::CANDIDATE, standing::SUSPENDED, Some(0)),
        (standing::SUSPENDED, standing::SUSPENDED, None),
    ] {
        let sample = sample(own, general);
        match (ask(&sample, 0), expected) {
            (Answer::Decided(decided), Some(sender)) => {
                assert_eq!((decided.sender, decided.step, decided.pin), (sender, step::DEFAULT_SENDER, false));
            }
            (answer, None) => assert_eq!(answer, Answer::Refused(Refusal::of(reason::NO_ELIGIBLE_SENDER))),
            (answer, expected) => panic!("{answer:?} and not {expected:?}"),
        }
    }
    // The recipient is no default sender either.
    let itself =
        sample(standing::CANDIDATE, standing::CANDIDATE).message(SampleMessage::to("+14155550100").to_sender(0));
    assert_eq!(decision(ask(&itself, 1)).sender, 1);
}

#[test]
fn the_recipient_itself_is_no_candidate() {
    // Two senders of one area code among many others, one of which is the recipient.
    for size in [0, 100] {
        let sample = Sample::new().strategy(|strategy| {
            strategy.geolocated = true;
            strategy.sticky = true;
        });
        let sample = sample.sender("ITSELF", LONG_NUMBER, 212).sender("OTHER", LONG_NUMBER, 646);
        let sample = senders(sample, TOLL_FREE_NUMBER, std::iter::repeat_n(0, size))
            .message(SampleMessage::to("+12125550100"))
            .message(SampleMessage::to("+12125550100").to_sender(0))
            .message(SampleMessage::to("+12125550100").to_sender(0).pinned(0));
        assert_eq!(decision(ask(&sample, 0)).sender, 0);
        for message in [1, 2] {
            // The next step finds the other one.
            let decided = decision(ask(&sample, message));
            assert_eq!((decided.sender, decided.step, decided.pin), (1, step::OVERLAY, true));
        }
    }
    // Of the same group.
    let sample = messages(senders(Sample::new().strategy(|_| {}), LONG_NUMBER, [212; 5]), 212, |m| m.to_sender(3));
    assert_eq!(carriers(&sample), BTreeSet::from([0, 1, 2, 4]));
    // One number may be several senders.
    let twice = senders(Sample::new().strategy(|_| {}), LONG_NUMBER, [212; 3]);
    let twice = twice.default_sender(0).message(SampleMessage::to("+12125550100").to_sender(0).to_sender(2));
    assert_eq!(decision(ask(&twice, 0)).sender, 1);
    // The only one: the default sender carries the message.
    let alone = Sample::new().strategy(|_| {}).sender("S", LONG_NUMBER, 212).sender("D", SHORT_CODE, 0).listing(&[0]);
    let alone = alone.default_sender(1).message(SampleMessage::to("+12125550100").to_sender(0));
    assert_eq!(decision(ask(&alone, 0)).step, step::DEFAULT_SENDER);
}

#[test]
fn the_recipient_itself_and_the_unhealthy_are_left_out_together() {
    let sample = sticky()
        .sender_with("BAD", LONG_NUMBER, 415, unhealthy)
        .sender("ITSELF", LONG_NUMBER, 415)
        .sender("GOOD", LONG_NUMBER, 415)
        .message(SampleMessage::to("+14155550101").to_sender(1))
        .message(SampleMessage::to("+14155550101").to_sender(1).pinned(0));
    assert_eq!(decision(ask(&sample, 0)).sender, 2);
    let passed_over = decision(ask(&sample, 1));
    assert_eq!((passed_over.sender, passed_over.pin), (2, false));
    // Without the recipient, every one is unhealthy.
    let sample = sticky()
        .sender_with("BAD", LONG_NUMBER, 415, unhealthy)
        .sender("ITSELF", LONG_NUMBER, 415)
        .message(SampleMessage::to("+14155550101").to_sender(1));
    assert_eq!(decision(ask(&sample, 0)).sender, 0);
}

#[test]
fn agents_carry_rcs_and_have_a_priority_of_their_own() {
    let sample = Sample::new().strategy(|strategy| strategy.priorities = 1 << 32 | 2 << 8);
    let sample = sample.sender("AGENT", RCS_AGENT, 0).sender("LONG", LONG_NUMBER, 415);
    let sample = sample
        .message(SampleMessage::to("+12125550100").channel(channel::RCS))
        .message(SampleMessage::to("+12125550100"));
    assert_eq!(decision(ask(&sample, 0)).sender, 0);
    assert_eq!(decision(ask(&sample, 1)).sender, 1);
}

#[test]
fn senders_of_a_type_that_is_not_known_are_passed_over() {
    let unknown = 9;
    let sample = senders(Sample::new().strategy(|_| {}).sender("NEW", unknown, 0), ALPHANUMERIC, [0; 70]);
    let sample = messages(sample, 212, |message| message);
    assert!(!carriers(&sample).contains(&0));
    let alone = Sample::new().strategy(|_| {}).sender("NEW", unknown, 0).default_sender(0);
    let alone = alone.message(SampleMessage::to("+12125550100"));
    assert_eq!(ask(&alone, 0), Answer::Refused(Refusal::of(reason::NO_ELIGIBLE_SENDER)));
}

#[test]
fn an_explanation_names_the_first_thing_that_kept_each_sender_out() {
    let sample = Sample::new()
        .strategy(|strategy| {
            strategy.skip_unhealthy = true;
            strategy.geolocated = true;
            strategy.sticky = true;
            strategy.priorities = 1 << 8;
        })
        .sender_with("PENDING", LONG_NUMBER, 212, |sender| sender.standing = standing::REGISTRATION_PENDING)
        .sender("ITSELF", LONG_NUMBER, 212)
        .sender_with("BAD", LONG_NUMBER, 212, unhealthy)
        .sender("NAME", ALPHANUMERIC, 0)
        .sender("FAR", LONG_NUMBER, 415)
        .sender("NEAR", LONG_NUMBER, 212)
        .sender("NEAR TOO", LONG_NUMBER, 212)
        .message(SampleMessage::to("+12125550101").to_sender(1));
    let trace = explain(&mut Standard::default(), &sample, &sample.request_of(0));
    let chosen = decision(trace.answer).sender;
    let notes: Vec<_> = trace.senders.iter().map(|note| (note.verdict, note.standing)).collect();
    let mut expected = vec![
        (verdict::EXCLUDED, standing::REGISTRATION_PENDING),
        (verdict::EXCLUDED, standing::RECIPIENT),
        (verdict::UNHEALTHY, standing::CANDIDATE),
        (verdict::LOWER_PRIORITY, standing::CANDIDATE),
        (verdict::FARTHER, standing::CANDIDATE),
        (verdict::SPREAD_ELSEWHERE, standing::CANDIDATE),
        (verdict::SPREAD_ELSEWHERE, standing::CANDIDATE),
    ];
    expected[chosen as usize].0 = verdict::CHOSEN;
    assert_eq!(notes, expected);
    let stages: Vec<_> = trace.stages.iter().map(|stage| (stage.step, stage.left.len())).collect();
    let (candidates, healthy) = ((narrowing::CANDIDATES, 5), (narrowing::HEALTHY, 4));
    assert_eq!(stages, [candidates, healthy, (narrowing::TYPE_PRIORITY, 3), (narrowing::GEOLOCATED, 2)]);
    assert!(trace.reasons.is_empty() && trace.pin.is_some());
}

/// Numbers that look random, from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^= mixed >> 27;
        (mixed.wrapping_mul(0x94d0_49bb_1331_11eb) >> 33) % bound
    }

    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

#[test]
fn every_form_of_the_pool_decides_alike_in_random_worlds() {
    let (types, area_codes) =
        ([ALPHANUMERIC, LONG_NUMBER, LONG_NUMBER, SHORT_CODE, TOLL_FREE_NUMBER, 9], [212, 646, 917, 716, 415]);
    let mut decided = BTreeSet::new();
    for seed in 0..300 {
        let mut random = Random(seed);
        let size = [1, 3, 20, 70, 140][random.below(5) as usize] as u32;
        let mut sample = Sample::new().strategy(|strategy| {
            strategy.sticky = random.once_in(2);
            strategy.geolocated = random.once_in(2);
            strategy.skip_unhealthy = random.once_in(2);
            strategy.priorities =
                if random.once_in(2) { 0 } else { random.below(3) | random.below(3) << 8 | random.below(3) << 16 };
        });
        let mostly_bad = random.once_in(4);
        for index in 0..size {
            let sender_type = types[random.below(6) as usize];
            let area_code = if sender_type == LONG_NUMBER { area_codes[random.below(5) as usize] } else { 0 };
            sample = sample.sender_with(&format!("S{index}"), sender_type, area_code, |sender| {
                sender.weight = [1, 1, 3, 1000][random.below(4) as usize];
                sender.standing = if random.once_in(5) { standing::SUSPENDED } else { standing::CANDIDATE };
                if random.once_in(4) {
                    sender.message_types = vec!["TRANSACTIONAL".into()];
                }
                if random.once_in(if mostly_bad { 1 } else { 5 }) {
                    unhealthy(sender);
                }
            });
        }
        if random.once_in(6) {
            sample = sample.listing(&[]);
        }
        let any = |random: &mut Random| random.below(u64::from(size)) as Sender;
        if random.once_in(2) {
            sample = sample.default_sender(any(&mut random));
        }
        for message in 0..8 {
            let area_code = area_codes[random.below(5) as usize];
            let mut to = SampleMessage::to(&format!("+1{area_code}555{message:04}"));
            if random.once_in(2) {
                to = to.message_type(["TRANSACTIONAL", "PROMOTIONAL"][random.below(2) as usize]);
            }
            if random.once_in(2) {
                to = to.pinned(any(&mut random));
            }
            if random.once_in(3) {
                to = to.to_sender(any(&mut random));
            }
            sample = sample.message(to);
        }
        for message in 0..8 {
            decided.insert(match ask(&sample, message) {
                Answer::Decided(decision) => (u32::from(decision.step), decision.pin),
                Answer::Refused(refusal) => (100 + u32::from(refusal.reason), false),
            });
        }
    }
    // Every step was reached, with a pin and without.
    assert_eq!(decided.len(), 11, "{decided:?}");
}
