//! The time zones of area codes.

use std::collections::BTreeSet;

use crate::number::{AreaCode, Number};
use crate::zone::Zone;

/// The zones of an area code that libphonenumber knows; none for any other.
pub(super) fn of_code(code: u16) -> &'static [Zone] {
    // The first four digits of a code often decide, so its zones are those of all numbers that begin with it.
    let number = Number::from_digits(10_000_000_000 + u64::from(code) * 10_000_000 + 5_550_123);
    let zones = number.map_or(&[][..], Number::zones);
    // All of North America: no code is there.
    if zones.len() > MOST_ZONES { &[] } else { zones }
}

/// The zones of all these codes.
pub(super) fn of_codes(codes: impl Iterator<Item = AreaCode>) -> BTreeSet<Zone> {
    codes.flat_map(|code| of_code(code.get()).iter().copied()).collect()
}

/// No area code is in more zones.
const MOST_ZONES: usize = 8;

/// The zones that a `time_zone` column names: letters of the NANPA, or names of the IANA database.
pub(super) fn named(text: &str) -> Option<Vec<Zone>> {
    let letters = |mut rest: &str| {
        let mut zones = Vec::new();
        while !rest.is_empty() {
            let (letter, name) = LETTERS.iter().find(|(letter, _)| rest.starts_with(letter))?;
            zones.push(Zone::parse(name)?);
            rest = &rest[letter.len()..];
        }
        Some(zones)
    };
    let mut zones = BTreeSet::new();
    for word in text.split_whitespace() {
        match Zone::parse(word) {
            Some(zone) => drop(zones.insert(zone)),
            None => zones.extend(letters(word)?),
        }
    }
    Some(zones.into_iter().collect())
}

/// The NANPA's letters: those that begin with another one come first.
const LETTERS: [(&str, &str); 8] = [
    ("AK", "America/Anchorage"),
    ("A", "America/Halifax"),
    ("C", "America/Chicago"),
    ("E", "America/New_York"),
    ("H", "Pacific/Honolulu"),
    ("M", "America/Denver"),
    ("N", "America/St_Johns"),
    ("P", "America/Los_Angeles"),
];
