use callsign_policy::strategies::CountryMatch;
use callsign_policy::testing::{Sample, answer, recipients, request};
use callsign_policy::types::{Channel, ChannelLimit, Decision, Level, Refusal, Request, Sender, SenderType, Step};

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
        .sender("L1", SenderType::VirtualLongNumber, 415)
        .sender("L2", SenderType::VirtualLongNumber, 212)
        .sender("L3", SenderType::VirtualLongNumber, 212)
        .sender("A1", SenderType::Alphanumeric, 0)
        .sender("A2", SenderType::Alphanumeric, 0)
}

#[test]
fn a_recipient_has_the_candidate_at_the_remainder_of_its_upper_half() {
    let sample = sample().strategy(|_| {});
    let mut names = [decide(&sample, &to(0)).0, decide(&sample, &to(1)).0];
    names.sort_unstable();
    assert_eq!(names, [3, 4]);
    assert_eq!(decide(&sample, &to(4)), (0, Step::Pool));
    for high in 0..20 {
        assert_eq!(decide(&sample, &to(high)), decide(&sample, &to(high + 5)));
    }
}

#[test]
fn a_long_number_of_the_same_area_code_comes_first_where_the_strategy_says_so() {
    let near = Request { area_code: 212, ..to(7) };
    let (sender, step) = decide(&sample().strategy(|strategy| strategy.geolocated = true), &near);
    assert!([1, 2].contains(&sender) && step == Step::AreaCode, "{sender} {step:?}");
    assert_eq!(decide(&sample().strategy(|_| {}), &near).1, Step::Pool);
}

#[test]
fn without_a_near_one_or_outside_of_north_america_all_are_left() {
    let sample = sample().strategy(|strategy| strategy.geolocated = true);
    for request in [
        Request { area_code: 907, ..to(4) },
        Request { area_code: 0, ..to(4) },
        Request { area_code: 212, country: u16::from_be_bytes(*b"GB"), ..to(4) },
    ] {
        assert_eq!(decide(&sample, &request), (0, Step::Pool), "{request:?}");
    }
}

#[test]
fn a_pool_of_one_area_code_is_all_there_is() {
    let sample = Sample::new()
        .sender("L1", SenderType::VirtualLongNumber, 212)
        .sender("L2", SenderType::VirtualLongNumber, 212)
        .strategy(|strategy| strategy.geolocated = true);
    let request = Request { area_code: 212, ..to(3) };
    assert_eq!(decide(&sample, &request).0, decide(&sample, &to(1)).0);
}

#[test]
fn a_pin_counts_where_the_strategy_is_sticky_and_its_sender_is_a_candidate() {
    let pinned = |sender| sample().strategy(|strategy| strategy.sticky = true).pinned(sender);
    assert_eq!(decide(&pinned(2), &to(4)), (2, Step::Sticky));
    assert_eq!(decide(&pinned(99), &to(4)), (0, Step::Pool));
    assert_eq!(decide(&sample().strategy(|_| {}).pinned(2), &to(4)), (0, Step::Pool));
}

#[test]
fn the_most_specific_strategy_of_the_level_that_counts_is_followed() {
    let sample = sample()
        .strategy(|strategy| strategy.level = Level::Entity)
        .strategy(|strategy| (strategy.level, strategy.channel) = (Level::Entity, ChannelLimit::Sms))
        .strategy(|strategy| (strategy.level, strategy.countries) = (Level::Entity, CountryMatch::Listed))
        .strategy(|strategy| (strategy.channel, strategy.countries) = (ChannelLimit::Sms, CountryMatch::Listed));
    assert_eq!(decided(answer(&mut policy(), &sample, &to(1))).strategy, Some(2));
}

#[test]
fn without_a_strategy_or_a_candidate_there_is_no_sender() {
    let refused = |sample: &Sample| answer(&mut policy(), sample, &to(1));
    assert_eq!(refused(&sample()), Answer::Refused(Refusal::NoStrategy));
    let mms = sample().strategy(|strategy| strategy.channel = ChannelLimit::Mms);
    assert_eq!(refused(&mms), Answer::Refused(Refusal::ChannelNotAllowed));
    assert_eq!(refused(&Sample::new().strategy(|_| {})), Answer::Refused(Refusal::NoEligibleSender));
}

#[test]
fn what_was_kept_answers_as_what_is_new() {
    let sample = sample().strategy(|strategy| strategy.geolocated = true);
    let mut warm = policy();
    for (index, recipient) in recipients(1_000).enumerate() {
        let channel = [Channel::Sms, Channel::Mms, Channel::Rcs][index % 3];
        let request = Request { channel, area_code: [0, 212, 415, 907][index % 4], ..request(recipient) };
        assert_eq!(answer(&mut warm, &sample, &request), answer(&mut policy(), &sample, &request));
    }
}
