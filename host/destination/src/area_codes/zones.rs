//! The time zones of area codes.

use std::collections::BTreeSet;

use crate::country::Country;
use crate::number::{AreaCode, Number};
use crate::zone::Zone;

/// The zones of an area code that libphonenumber knows; none for any other.
pub(super) fn of_code(code: u16) -> impl Iterator<Item = Zone> {
    // The digit after a code often decides in which part of it a number is.
    (2..=9).flat_map(move |digit| {
        let number = Number::from_digits(10_000_000_000 + u64::from(code) * 10_000_000 + digit * 1_000_000 + 550_123);
        let zones = number.map_or(&[][..], Number::zones);
        // All of North America: no code is there.
        if zones.len() > MOST_ZONES { [].iter() } else { zones.iter() }.copied()
    })
}

/// The zones of all these codes.
pub(super) fn of_codes(codes: impl Iterator<Item = AreaCode>) -> BTreeSet<Zone> {
    codes.flat_map(|code| of_code(code.get())).collect()
}

/// No area code is in more zones.
const MOST_ZONES: usize = 8;

/// The zones that a `time_zone` column names: letters of the NANPA, or names of the IANA database. A letter says nothing of an island,
/// whose clocks may stand still in summer: it has the zones of its country.
pub(super) fn named(text: &str, country: Country) -> Option<Vec<Zone>> {
    let is_mainland = country == Country::US || country == Country::CA;
    let letters = |mut rest: &str| {
        let mut zones = Vec::new();
        while !rest.is_empty() {
            let (letter, name) = LETTERS.iter().find(|(letter, _)| rest.starts_with(letter))?;
            zones.extend(is_mainland.then(|| Zone::parse(name)).flatten());
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
