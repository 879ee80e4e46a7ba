//! Countries as numbers and as text.

use crate::types::Country;

/// A country from its two upper-case letters, such as `GB`.
///
/// ```
/// use callsign_policy::country;
///
/// assert_eq!(country::parse("US"), Some(0x5553));
/// assert_eq!(country::parse("usa"), None);
/// ```
pub fn parse(text: &str) -> Option<Country> {
    match text.as_bytes() {
        &[first @ b'A'..=b'Z', second @ b'A'..=b'Z'] => Some(Country::from_be_bytes([first, second])),
        _ => None,
    }
}

/// The two letters of a country; `??` if the number is not one.
pub fn text(country: Country) -> String {
    let text: String = country.to_be_bytes().map(char::from).into_iter().collect();
    if parse(&text).is_some() { text } else { "??".into() }
}
