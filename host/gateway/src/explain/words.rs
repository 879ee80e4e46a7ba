//! The numbers of a trace as programs read them, and in words.

use std::borrow::Cow;

use callsign_catalog::Sender;
use callsign_engine::explain::{SenderNote, Trace};
use callsign_engine::words::{narrowing as step, standing, strategy_verdict, verdict};

use super::Explanation;
use crate::time::time_text;

/// A code for programs, and words for people.
pub(super) type Said = (&'static str, Cow<'static, str>);

/// The verdict on a strategy.
pub(super) fn strategy(verdict: u8) -> (&'static str, &'static str) {
    match verdict {
        strategy_verdict::CHOSEN => ("CHOSEN", "chosen"),
        strategy_verdict::REPLACED_BY_ENTITY => {
            ("REPLACED_BY_ENTITY", "the entity's own strategies for this channel replace it")
        }
        strategy_verdict::OTHER_CHANNEL => ("OTHER_CHANNEL", "for another channel"),
        strategy_verdict::OTHER_COUNTRIES => ("OTHER_COUNTRIES", "for other countries"),
        strategy_verdict::LESS_SPECIFIC => ("LESS_SPECIFIC", "less specific than the chosen one"),
        _ => ("NOT_CHOSEN", "not chosen"),
    }
}

/// The verdict on a sender, and what was found of it.
pub(super) fn sender(explanation: &Explanation, trace: &Trace, note: &SenderNote, sender: &Sender) -> Said {
    match note.verdict {
        verdict::CHOSEN => ("CHOSEN", "chosen".into()),
        verdict::EXCLUDED => excluded(explanation, note.standing, sender),
        verdict::EXCLUDED_BY_POLICY => ("EXCLUDED_BY_POLICY", with_reason("excluded by the policy", trace, note)),
        verdict::UNHEALTHY => ("UNHEALTHY", unhealthy(explanation, note.sender)),
        verdict::LOWER_PRIORITY => ("LOWER_PRIORITY", "another type has a better priority".into()),
        verdict::FARTHER => ("FARTHER", "others are nearer to the recipient".into()),
        verdict::LESS_PREFERRED => ("LESS_PREFERRED", with_reason("the policy prefers others", trace, note)),
        verdict::SPREAD_ELSEWHERE => ("SPREAD_ELSEWHERE", spread_elsewhere(sender.weight)),
        verdict::PINNED_ELSEWHERE => ("PINNED_ELSEWHERE", "the recipient is pinned to another".into()),
        _ => ("NOT_CHOSEN", with_reason("not chosen", trace, note)),
    }
}

/// What keeps a sender from being a candidate.
fn excluded(explanation: &Explanation, found: u8, sender: &Sender) -> Said {
    let country = explanation.destination.map_or("there", |destination| destination.country.as_str());
    match found {
        standing::OTHER_CHANNEL => ("OTHER_CHANNEL", "not associated for this channel".into()),
        standing::SUSPENDED => ("SUSPENDED", "suspended".into()),
        standing::CHANNEL_NOT_COVERED => ("CHANNEL_NOT_COVERED", "does not cover the channel".into()),
        standing::COUNTRY_NOT_COVERED => ("COUNTRY_NOT_COVERED", "does not cover the country".into()),
        standing::REGISTRATION_PENDING => ("REGISTRATION_PENDING", format!("registration pending in {country}").into()),
        standing::REGISTRATION_REJECTED => {
            ("REGISTRATION_REJECTED", format!("registration rejected in {country}").into())
        }
        standing::REGISTRATION_EXPIRED => ("REGISTRATION_EXPIRED", format!("registration expired in {country}").into()),
        standing::TYPE_NOT_TAKEN => ("TYPE_NOT_TAKEN", format!("{country} takes no {} senders", sender.kind).into()),
        standing::OTHER_MESSAGE_TYPE => ("OTHER_MESSAGE_TYPE", only_for(sender).into()),
        standing::NOT_LISTED => ("NOT_LISTED", "not in the strategy's senderIds".into()),
        standing::RECIPIENT => ("RECIPIENT", "the recipient's own number".into()),
        _ => ("EXCLUDED", "not a candidate".into()),
    }
}

/// The message types that a sender is limited to, as `only for OTP, TRANSACTIONAL`.
pub(super) fn only_for(sender: &Sender) -> String {
    format!("only for {}", sender.message_types.iter().collect::<Vec<_>>().join(", "))
}

fn with_reason(what: &'static str, trace: &Trace, note: &SenderNote) -> Cow<'static, str> {
    match note.reason.and_then(|index| trace.reasons.get(index as usize)) {
        Some(reason) => format!("{what}: {reason}").into(),
        None => what.into(),
    }
}

fn unhealthy(explanation: &Explanation, sender: u32) -> Cow<'static, str> {
    let since = explanation.unhealthy.as_ref().and_then(|unhealthy| unhealthy.since(sender));
    since.and_then(time_text).map_or("unhealthy".into(), |since| format!("unhealthy since {since}").into())
}

fn spread_elsewhere(weight: u16) -> Cow<'static, str> {
    match weight {
        1 => "left, but the recipient is spread to another".into(),
        weight => format!("left with weight {weight}, but the recipient is spread to another").into(),
    }
}

/// A step that narrows.
pub(super) fn narrowing(step: u8) -> (&'static str, &'static str) {
    match step {
        step::CANDIDATES => ("CANDIDATES", "4 candidates"),
        step::FILTER => ("POLICY_FILTER", "4 the policy's filter"),
        step::HEALTHY => ("HEALTHY", "4 healthy"),
        step::TYPE_PRIORITY => ("TYPE_PRIORITY", "6 type priority"),
        step::GEOLOCATED => ("GEOLOCATED", "7 geolocated"),
        step::PREFERENCE => ("POLICY_PREFERENCE", "7 the policy's preference"),
        _ => ("OTHER", "another step"),
    }
}
