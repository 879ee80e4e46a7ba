//! The policy, natively.

use callsign_policy::Policy;
use callsign_policy::testing::{Sample, SampleMessage, answer, explain};
use callsign_policy::types::{Answer, Refusal};
use callsign_policy::words::{reason, sender_type::LONG_NUMBER, verdict};

use super::*;

type Quiet = StandardWith<QuietHours>;

/// 2026-01-15 00:00 UTC, in minutes: winter, no change of clocks near.
const MIDNIGHT: i64 = 29_473_920;

const NEW_YORK: i16 = -5 * 60;
const SAN_FRANCISCO: i16 = -8 * 60;

fn policy(from: Option<&str>, until: Option<&str>) -> Quiet {
    let settings = Settings { from: from.map(Into::into), until: until.map(Into::into) };
    Quiet::new(settings).expect("settings")
}

fn sample() -> Sample {
    Sample::new().sender("S1", LONG_NUMBER, 415).strategy(|_| {})
}

fn message(zones: &[i16], minute: i64) -> SampleMessage {
    let message = SampleMessage::to("+12125550123").sent_at(((MIDNIGHT + minute) * 60) as u64);
    zones.iter().fold(message, |message, &zone| message.zone(zone))
}

/// What becomes of a message to these zones at a minute of that day in UTC.
fn at(policy: &mut Quiet, zones: &[i16], minute: i64) -> Answer {
    let sample = sample().message(message(zones, minute));
    answer(policy, &sample, &sample.request_of(0))
}

fn sent() -> Answer {
    Answer::spread(0, Some(0))
}

fn quiet_until(minute: i64) -> Answer {
    Answer::refuse(1, (MIDNIGHT + minute) as u64)
}

#[test]
fn nothing_is_sent_at_night_where_the_recipient_is() {
    let mut policy = policy(None, None);
    // 12:59 UTC is 7:59 in New York and 4:59 in San Francisco.
    assert_eq!(at(&mut policy, &[NEW_YORK], 12 * 60 + 59), quiet_until(13 * 60));
    assert_eq!(at(&mut policy, &[NEW_YORK], 13 * 60), sent());
    assert_eq!(at(&mut policy, &[SAN_FRANCISCO], 13 * 60), quiet_until(16 * 60));
    assert_eq!(at(&mut policy, &[SAN_FRANCISCO], 16 * 60), sent());
    // And in the evening: 21:00 in New York, 18:00 in San Francisco, over midnight in UTC.
    assert_eq!(at(&mut policy, &[NEW_YORK], 26 * 60 - 1), sent());
    assert_eq!(at(&mut policy, &[NEW_YORK], 26 * 60), quiet_until(24 * 60 + 13 * 60));
    assert_eq!(at(&mut policy, &[SAN_FRANCISCO], 26 * 60), sent());
}

#[test]
fn it_holds_worldwide() {
    let mut policy = policy(None, None);
    // Kathmandu is 5:45 ahead of UTC, Auckland 13:00 in summer.
    assert_eq!(at(&mut policy, &[345], 2 * 60 + 14), quiet_until(2 * 60 + 15));
    assert_eq!(at(&mut policy, &[345], 2 * 60 + 15), sent());
    assert_eq!(at(&mut policy, &[780], 8 * 60), quiet_until(19 * 60));
}

#[test]
fn a_number_that_may_be_in_several_zones_is_quiet_as_long_as_one_of_them() {
    let mut policy = policy(None, None);
    // Idaho is at UTC-7 and UTC-8, a toll-free number from UTC-5 to UTC-10.
    assert_eq!(at(&mut policy, &[-7 * 60, -8 * 60], 15 * 60 + 30), quiet_until(16 * 60));
    let toll_free = [-5 * 60, -6 * 60, -7 * 60, -8 * 60, -9 * 60, -10 * 60];
    assert_eq!(at(&mut policy, &toll_free, 12 * 60), quiet_until(18 * 60));
    assert_eq!(at(&mut policy, &toll_free, 26 * 60), quiet_until(24 * 60 + 18 * 60));
}

#[test]
fn zones_that_leave_no_minute_of_the_day_end_the_search() {
    let mut policy = policy(Some("08:00"), Some("07:59"));
    assert!(matches!(at(&mut policy, &[0, 300, 600], 0), Answer::Refused(refusal) if refusal.code == 1));
}

#[test]
fn a_window_may_lie_within_a_day() {
    let mut policy = policy(Some("12:00"), Some("14:30"));
    assert_eq!(at(&mut policy, &[NEW_YORK], 17 * 60 - 1), sent());
    assert_eq!(at(&mut policy, &[NEW_YORK], 17 * 60), quiet_until(19 * 60 + 30));
    assert_eq!(at(&mut policy, &[NEW_YORK], 19 * 60 + 30), sent());
}

#[test]
fn a_message_without_a_time_is_refused() {
    let sample = sample().message(SampleMessage::to("+12125550123").zone(NEW_YORK));
    assert_eq!(answer(&mut policy(None, None), &sample, &sample.request_of(0)), Answer::refuse(2, 0));
}

#[test]
fn where_no_zone_is_known_there_is_no_night() {
    assert_eq!(at(&mut policy(None, None), &[], 5 * 60), sent());
}

#[test]
fn what_would_not_be_sent_anyway_keeps_its_own_reason() {
    let nothing = Sample::new().message(message(&[NEW_YORK], 5 * 60));
    let refused = answer(&mut policy(None, None), &nothing, &nothing.request_of(0));
    assert_eq!(refused, Answer::Refused(Refusal::of(reason::NO_STRATEGY)));
}

#[test]
fn refusals_say_what_to_do() {
    let wording = Quiet::refusal_text(1, (MIDNIGHT + 13 * 60) as u64);
    assert_eq!(wording.code, "QUIET_HOURS");
    assert!(wording.message.ends_with("send it at 2026-01-15T13:00:00Z"), "{}", wording.message);
    assert!(Quiet::refusal_text(2, 0).message.contains("sentAt"));
    assert_eq!(Quiet::refusal_text(3, 0).code, "UNKNOWN");
}

#[test]
fn an_explanation_says_so_of_the_sender_that_would_have_carried_the_message() {
    let sample = sample().message(message(&[NEW_YORK], 5 * 60));
    let trace = explain(&mut policy(None, None), &sample, &sample.request_of(0));
    assert_eq!(trace.answer, quiet_until(13 * 60));
    assert_eq!((trace.senders[0].verdict, trace.senders[0].reason), (verdict::EXCLUDED_BY_POLICY, Some(0)));
    assert!(trace.reasons[0].contains("2026-01-15T13:00:00Z"), "{:?}", trace.reasons);
}

#[test]
fn settings_are_checked() {
    for from in ["", "9:00", "24:00", "12:60", "+9:00", "12:00:00"] {
        let settings = Settings { from: Some(from.into()), until: None };
        assert!(Quiet::new(settings).expect_err("a fault").contains("00:00 to 23:59"), "{from}");
    }
}
