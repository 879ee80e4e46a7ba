//! The rules of single values, and how messages quote and correct values.

use std::ops::RangeInclusive;

use callsign_destination::{Country, Number};

pub(super) use super::escape::quoted;
use super::{
    alphanumeric,
    escape::QUOTED_CHARACTERS,
    id::{ID_CHARACTERS, Id},
    kind::{SenderType, Word},
    text::is_hidden,
};

/// The word for every country in a coverage.
pub(super) const EVERY_COUNTRY: &str = "*";

/// The most characters of a name.
const NAME_CHARACTERS: usize = 255;

/// The most characters of the id of an RCS agent. Platforms have their own ids, and some write them as URIs, such as
/// `sip:acme@botplatform.example`.
const AGENT_CHARACTERS: usize = 128;

/// The digits of a short code.
const SHORT_CODE_DIGITS: RangeInclusive<usize> = 3..=10;

/// The numbers that a sender type may have in the priorities of a strategy.
pub(super) const PRIORITIES: RangeInclusive<u8> = 1..=4;

/// After how many days without use a pin may end, where it ends: a day to ten years.
pub(super) const IDLE_DAYS: RangeInclusive<u16> = 1..=3_650;

/// The weights that a sender may have.
pub(super) const WEIGHTS: RangeInclusive<u16> = 1..=1_000;

/// The weight of a sender that says none.
pub(super) const DEFAULT_WEIGHT: u16 = 1;

/// What a weight is, for messages.
pub(super) fn weight_shape() -> String {
    format!("a whole number from {} to {}", WEIGHTS.start(), WEIGHTS.end())
}

/// What an id is, for messages.
pub(super) fn id_shape() -> String {
    format!("a string of 1 to {ID_CHARACTERS} characters")
}

/// What a priority is, for messages.
pub(super) fn priority_shape() -> String {
    format!("a whole number from {} (best) to {}", PRIORITIES.start(), PRIORITIES.end())
}

/// What the idle days of a strategy are, for messages.
pub(super) fn idle_days_shape() -> String {
    format!("a whole number of days from {} to {}", IDLE_DAYS.start(), IDLE_DAYS.end())
}

/// What a word of a fixed choice is, for messages, such as `SMS, MMS or RCS`.
pub(super) fn one_of<T: Word>() -> String {
    let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
    match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => words.concat(),
    }
}

/// An id, as [`Id`] has the rule.
pub(super) fn id(text: &str) -> Result<(), String> {
    Id::parse(text).map(drop).map_err(|error| error.to_string())
}

/// A name for people: up to 255 characters, no control characters.
pub(super) fn name(text: &str) -> Result<(), String> {
    label(text, "a name has up to", NAME_CHARACTERS)
}

/// The address of a sender of this type. Gives its digits as a number if it is an E.164 number.
pub(super) fn address(kind: SenderType, text: &str) -> Result<Option<u64>, String> {
    match kind {
        SenderType::Alphanumeric => alphanumeric::check(text).map(|()| None),
        SenderType::ShortCode => {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            if digits && SHORT_CODE_DIGITS.contains(&text.len()) {
                return Ok(None);
            }
            let (least, most) = (SHORT_CODE_DIGITS.start(), SHORT_CODE_DIGITS.end());
            Err(format!("{} is not a short code; a SHORT_CODE is {least} to {most} digits", quoted(text)))
        }
        SenderType::RcsAgent => agent(text).map(|()| None),
        SenderType::VirtualLongNumber | SenderType::TollFreeNumber => match Number::parse(text) {
            Ok(number) => Ok(Some(number.get())),
            Err(error) => Err(format!("{} is not the number of a {kind}: {error}", quoted(text))),
        },
    }
}

/// The id of an RCS agent: characters that are seen, without blanks.
fn agent(text: &str) -> Result<(), String> {
    label(text, "the id of an RCS_AGENT has 1 to", AGENT_CHARACTERS)?;
    if text.is_empty() {
        return Err(format!("is empty; the id of an RCS_AGENT has 1 to {AGENT_CHARACTERS} characters"));
    }
    if text.chars().any(|character| character.is_whitespace() || is_hidden(character)) {
        return Err(format!("{} has a blank or a hidden character; the id of an RCS_AGENT has none", quoted(text)));
    }
    Ok(())
}

/// A country code: two upper-case letters of a country that has telephone numbers.
pub(super) fn country(text: &str) -> Result<Country, String> {
    let known = |code: &str| {
        let letters = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        letters.then(|| Country::parse(code)).flatten()
    };
    if let Some(country) = known(text) {
        return Ok(country);
    }
    let upper = text.trim().to_ascii_uppercase();
    if known(&upper).is_some() {
        return Err(format!("country {} is written \"{upper}\"", quoted(text)));
    }
    if upper == "UK" {
        return Err(format!("country {} is not known; the United Kingdom is \"GB\"", quoted(text)));
    }
    Err(format!(
        "country {} is not known; a country is its two upper-case letters of ISO 3166-1, such as \"US\"",
        quoted(text)
    ))
}

/// The known word that was most likely meant by an unknown one.
pub(super) fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    // Case and the separators of other naming styles do not count, so `sender_id` is `senderId`.
    let plain = |text: &str| -> Vec<u8> {
        let kept = text.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' '));
        kept.map(|byte| byte.to_ascii_lowercase()).collect()
    };
    if word.len() > QUOTED_CHARACTERS {
        return None;
    }
    let plain_word = plain(word);
    let candidates = known.map(|candidate| (distance(&plain_word, &plain(candidate)), candidate));
    let (edits, candidate) = candidates.min_by_key(|(edits, _)| *edits)?;
    // At most two typing errors, and most of the word is right.
    (edits <= 2 && edits * 3 <= candidate.len()).then_some(candidate)
}

/// How many bytes must be inserted, removed or replaced to turn one word into the other (Levenshtein distance).
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (done, byte) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = done + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(byte != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

/// At most `limit` characters, none of them a control character.
fn label(text: &str, what: &str, limit: usize) -> Result<(), String> {
    // No text has more characters than bytes, so most texts need no counting.
    let characters = if text.len() <= limit { 0 } else { text.chars().count() };
    if characters > limit {
        return Err(format!("has {characters} characters; {what} {limit}"));
    }
    let control = if text.is_ascii() {
        text.bytes().any(|byte| byte.is_ascii_control())
    } else {
        text.chars().any(char::is_control)
    };
    if control {
        return Err(format!("{} has a control character; take it out", quoted(text)));
    }
    Ok(())
}
