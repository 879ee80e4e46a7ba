//! Times as messages have them in files and over HTTP: RFC 3339.

use callsign_catalog::escape::quoted;
use jiff::Timestamp;

/// A text that is not a time, or one before 1970.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{quoted} is not a time since 1970; write it as in RFC 3339, such as 2026-03-01T21:30:00Z or 2026-03-01T22:30:00+01:00"
)]
#[non_exhaustive]
pub struct TimeError {
    /// The text in quotes.
    pub quoted: String,
}

/// The seconds since 1970-01-01 UTC of a time in RFC 3339; parts of a second are cut off.
///
/// ```
/// assert_eq!(callsign::parse_time("2026-03-01T22:30:00+01:00"), Ok(1_772_400_600));
/// assert!(callsign::parse_time("tomorrow").is_err());
/// ```
///
/// # Errors
/// The text is not such a time, or one before 1970.
pub fn parse_time(text: &str) -> Result<u64, TimeError> {
    let time: Option<Timestamp> = text.parse().ok();
    let seconds = time.and_then(|time| u64::try_from(time.as_second()).ok());
    seconds.ok_or_else(|| TimeError { quoted: quoted(text) })
}

/// A time in RFC 3339; none for one beyond the year 9999.
pub(crate) fn time_text(seconds: u64) -> Option<String> {
    Some(Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?.to_string())
}
