use callsign_policy::strategies::CountryMatch;
use callsign_policy::testing::{Sample, answer, recipients, request};
use callsign_policy::types::{Decision, Refusal, Request, Sender, Step};
use callsign_policy::words::{channel, level, reason, sender_type, step};

use super::*;

fn policy() -> Selection {
    Selection::new(NoSettings).expect("no settings")
}

/// Recipients whose upper half is a number, so that it can be reckoned with.
fn to(high: u64) -> Request {
    request(high << 32 | 0xffff)
}

fn decided(answer: Answer) -> Decision {
    match answer {
        Answer::Decided(decision) => decision,
        Answer::Refused(refusal) => panic!("{refusal:?}"),
    }
}

fn decide(sample: &Sample, request: &Request) -> (Sender, Step) {
    let Decision { sender, step, .. } = decided(answer(&mut policy(), sample, request));
    (sender, step)
}

/// Two names, which come first in the pool, and three long numbers, two of them of one area code.
fn sample() -> Sample {
    Sample::new()
        .sender("L1", sender_type::LONG_NUMBER, 415)
        .sender("L2", sender_type::LONG_NUMBER, 212)
        .sender("L3", sender_type::LONG_NUMBER, 212)
        .sender("A1", sender_type::ALPHANUMERIC, 0)
        .sender("A2", sender_type::ALPHANUMERIC, 0)
}

#[test]
fn a_recipient_has_the_candidate_at_the_remainder_of_its_upper_half() {
    let sample = sample().strategy(|_| {});
    let mut names = [decide(&sample, &to(0)).0, decide(&sample, &to(1)).0];
    names.sort_unstable();
    assert_eq!(names, [3, 4]);
    assert_eq!(decide(&sample, &to(4)), (0, step::POOL));
    for high in 0..20 {
        assert_eq!(decide(&sample, &to(high)), decide(&sample, &to(high + 5)));
    }
}

#[test]
fn a_long_number_of_the_same_area_code_comes_first_where_the_strategy_says_so() {
    let near = Request { area_code: 212, ..to(7) };
    let (sender, made) = decide(&sample().strategy(|strategy| strategy.geolocated = true), &near);
    assert!([1, 2].contains(&sender) && made == step::AREA_CODE, "{sender} {made}");
    assert_eq!(decide(&sample().strategy(|_| {}), &near).1, step::POOL);
}

#[test]
fn without_a_near_one_or_outside_of_north_america_all_are_left() {
    let sample = sample().strategy(|strategy| strategy.geolocated = true);
    for request in [
        Request { area_code: 907, ..to(4) },
        Request { area_code: 0, ..to(4) },
        Request { area_code: 212, country: u16::from_be_bytes(*b"GB"), ..to(4) },
    ] {
        assert_eq!(decide(&sample, &request), (0, step::POOL), "{request:?}");
    }
}

#[test]
fn a_pool_of_one_area_code_is_all_there_is() {
    let sample = Sample::new()
        .sender("L1", sender_type::LONG_NUMBER, 212)
        .sender("L2", sender_type::LONG_NUMBER, 212)
        .strategy(|strategy| strategy.geolocated = true);
    let request = Request { area_code: 212, ..to(3) };
    assert_eq!(decide(&sample, &request).0, decide(&sample, &to(1)).0);
}

#[test]
fn a_pin_counts_where_the_strategy_is_sticky_and_its_sender_is_a_candidate() {
    let pinned = |sender| sample().strategy(|strategy| strategy.sticky = true).pinned(sender);
    assert_eq!(decide(&pinned(2), &to(4)), (2, step::STICKY));
    assert_eq!(decide(&pinned(99), &to(4)), (0, step::POOL));
    assert_eq!(decide(&sample().strategy(|_| {}).pinned(2), &to(4)), (0, step::POOL));
}

#[test]
fn the_most_specific_strategy_of_the_level_that_counts_is_followed() {
    let sample = sample()
        .strategy(|strategy| strategy.level = level::ENTITY)
        .strategy(|strategy| (strategy.level, strategy.channel) = (level::ENTITY, Some(channel::SMS)))
        .strategy(|strategy| (strategy.level, strategy.countries) = (level::ENTITY, CountryMatch::Listed))
        .strategy(|strategy| (strategy.channel, strategy.countries) = (Some(channel::SMS), CountryMatch::Listed));
    assert_eq!(decided(answer(&mut policy(), &sample, &to(1))).strategy, Some(2));
}

#[test]
fn without_a_strategy_or_a_candidate_there_is_no_sender() {
    let refused = |sample: &Sample| answer(&mut policy(), sample, &to(1));
    assert_eq!(refused(&sample()), Answer::Refused(Refusal::of(reason::NO_STRATEGY)));
    let mms = sample().strategy(|strategy| strategy.channel = Some(channel::MMS));
    assert_eq!(refused(&mms), Answer::Refused(Refusal::of(reason::CHANNEL_NOT_ALLOWED)));
    assert_eq!(refused(&Sample::new().strategy(|_| {})), Answer::Refused(Refusal::of(reason::NO_ELIGIBLE_SENDER)));
}

#[test]
fn what_was_kept_answers_as_what_is_new() {
    let sample = sample().strategy(|strategy| strategy.geolocated = true);
    let mut warm = policy();
    for (index, recipient) in recipients(1_000).enumerate() {
        let channel = [channel::SMS, channel::MMS, channel::RCS][index % 3];
        let request = Request { channel, area_code: [0, 212, 415, 907][index % 4], ..request(recipient) };
        assert_eq!(answer(&mut warm, &sample, &request), answer(&mut policy(), &sample, &request));
    }
}
