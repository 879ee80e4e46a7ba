//! The policy, natively.

use callsign_policy::testing::{Sample, answer, request};
use callsign_policy::types::SenderType;

use super::*;

/// 2026-01-15 00:00 UTC, in minutes: winter, no change of clocks near.
const MIDNIGHT: i64 = 29_473_920;

fn policy(change: impl FnOnce(&mut Settings)) -> QuietHours {
    let mut settings = Settings::default();
    change(&mut settings);
    QuietHours::new(settings).expect("settings")
}

fn sample() -> Sample {
    Sample::new().sender("S1", SenderType::VirtualLongNumber, 415).strategy(|_| {})
}

/// What becomes of a message to an area code at a minute of that day in UTC.
fn at(policy: &mut QuietHours, area_code: u16, minute: i64) -> Answer {
    let sample = sample().sent_at(((MIDNIGHT + minute) * 60) as u64);
    answer(policy, &sample, &Request { area_code, ..request(7) })
}

fn sent() -> Answer {
    Answer::spread(0, Some(0))
}

fn quiet_until(minute: i64) -> Answer {
    Answer::refuse(QUIET_HOURS, (MIDNIGHT + minute) as u64)
}

#[test]
fn nothing_is_sent_at_night_where_the_recipient_is() {
    let mut policy = policy(|_| {});
    // New York is at UTC-5 and San Francisco at UTC-8: 12:59 UTC is 7:59 and 4:59.
    assert_eq!(at(&mut policy, 212, 12 * 60 + 59), quiet_until(13 * 60));
    assert_eq!(at(&mut policy, 212, 13 * 60), sent());
    assert_eq!(at(&mut policy, 415, 13 * 60), quiet_until(16 * 60));
    assert_eq!(at(&mut policy, 415, 16 * 60), sent());
    // And in the evening: 21:00 in New York, 18:00 in San Francisco, over midnight in UTC.
    assert_eq!(at(&mut policy, 212, 26 * 60 - 1), sent());
    assert_eq!(at(&mut policy, 212, 26 * 60), quiet_until(24 * 60 + 13 * 60));
    assert_eq!(at(&mut policy, 415, 26 * 60), sent());
}

#[test]
fn an_area_code_in_two_zones_is_quiet_as_long_as_one_of_them() {
    let mut policy = policy(|_| {});
    // Idaho is at UTC-7 and UTC-8, a toll-free number from UTC-5 to UTC-8.
    assert_eq!(at(&mut policy, 208, 15 * 60 + 30), quiet_until(16 * 60));
    assert_eq!(at(&mut policy, 800, 12 * 60), quiet_until(16 * 60));
    assert_eq!(at(&mut policy, 800, 26 * 60), quiet_until(24 * 60 + 16 * 60));
}

#[test]
fn other_countries_have_the_offsets_of_the_settings() {
    let mut policy = policy(|settings| settings.offsets = BTreeMap::from([("DE".to_owned(), 60)]));
    let mut to = |country: &[u8; 2]| {
        let sample = sample().sent_at(((MIDNIGHT + 30) * 60) as u64);
        answer(&mut policy, &sample, &Request { country: Country::from_be_bytes(*country), ..request(7) })
    };
    assert_eq!(to(b"DE"), quiet_until(7 * 60));
    assert_eq!(to(b"JP"), sent());
}

#[test]
fn a_window_may_lie_within_a_day() {
    let mut policy = policy(|settings| {
        settings.from = Some("12:00".into());
        settings.until = Some("14:30".into());
    });
    assert_eq!(at(&mut policy, 212, 17 * 60 - 1), sent());
    assert_eq!(at(&mut policy, 212, 17 * 60), quiet_until(19 * 60 + 30));
    assert_eq!(at(&mut policy, 212, 19 * 60 + 30), sent());
}

#[test]
fn the_end_is_right_where_clocks_change_in_the_night() {
    // 2026-11-01: clocks in New York go back at 6:00 UTC, so 8:00 there is 13:00 UTC and not 12:00.
    let day = MIDNIGHT + 290 * DAY;
    assert_eq!(zone::text(day), "2026-11-01 00:00 UTC");
    let sample = sample().sent_at(((day + 3 * 60) * 60) as u64);
    let answer = answer(&mut policy(|_| {}), &sample, &Request { area_code: 212, ..request(7) });
    assert_eq!(answer, Answer::refuse(QUIET_HOURS, (day + 13 * 60) as u64));
}

#[test]
fn the_time_is_that_of_the_message_else_that_of_the_settings_else_unknown() {
    let to_new_york = Request { area_code: 212, ..request(7) };
    let night = sample().sent_at((MIDNIGHT * 60) as u64 + 5 * 3600);
    let mut noon = policy(|settings| settings.now = Some(MIDNIGHT + 17 * 60));
    assert_eq!(answer(&mut noon, &night, &to_new_york), quiet_until(13 * 60));
    assert_eq!(answer(&mut noon, &sample(), &to_new_york), sent());
    assert_eq!(answer(&mut policy(|_| {}), &sample(), &to_new_york), Answer::refuse(TIME_UNKNOWN, 0));
}

#[test]
fn what_would_not_be_sent_anyway_keeps_its_own_reason() {
    let nothing = Sample::new();
    let refused = answer(&mut policy(|_| {}), &nothing, &Request { area_code: 212, ..request(7) });
    assert_eq!(refused, Answer::Refused(callsign_policy::types::Refusal::NoStrategy));
}

#[test]
fn refusals_say_what_to_do() {
    let wording = QuietHours::refusal_text(QUIET_HOURS, (MIDNIGHT + 13 * 60) as u64);
    assert_eq!(wording.code, "QUIET_HOURS");
    assert!(wording.message.ends_with("send it at 2026-01-15 13:00 UTC"), "{}", wording.message);
    assert!(QuietHours::refusal_text(TIME_UNKNOWN, 0).message.contains("sent-at"));
}

#[test]
fn settings_are_checked() {
    let faulty = |change: fn(&mut Settings)| {
        let mut settings = Settings::default();
        change(&mut settings);
        QuietHours::new(settings).expect_err("a fault")
    };
    for from in ["", "9:00", "24:00", "12:60", "+9:00", "12:00:00"] {
        let settings = Settings { from: Some(from.into()), ..Settings::default() };
        assert!(QuietHours::new(settings).is_err(), "{from}");
    }
    assert!(faulty(|settings| settings.offsets = BTreeMap::from([("Germany".into(), 60)])).contains("Germany"));
    assert!(faulty(|settings| settings.offsets = BTreeMap::from([("DE".into(), 1000)])).contains("1000"));
}
