//! E.164 text to region, area code and time zones, exactly as Google's libphonenumber 9.0.43 answers, in tens of nanoseconds.
//!
//! [`Destination::parse`] gives what libphonenumber's `parse` (no default region, the leading `+` supplied where it is
//! missing), `getRegionCodeForNumber` and `formatNumber(E164)` give, without allocation, lock or regular expression:
//! the metadata is compiled to tables of about a hundred kilobytes by `metadata/generate.py`. [`Number::zones`] gives what
//! `getTimeZonesForNumber` gives, and [`Zone::minutes_from_utc`] the local time there.
//!
//! ```
//! use callsign_destination::Destination;
//!
//! let destination = Destination::parse("+1 (787) 555-0123")?;
//! assert_eq!(destination.country.as_str(), "PR");
//! assert_eq!(destination.area_code.map(|code| code.get()), Some(787));
//! assert_eq!(destination.number.to_string(), "+17875550123");
//! let [zone] = destination.number.zones() else { panic!("a number of a place has its zone") };
//! // 2026-11-27T17:00Z.
//! assert_eq!((zone.name(), zone.minutes_from_utc(1_795_798_800)), ("America/Puerto_Rico", -240));
//! # Ok::<(), callsign_destination::DestinationError>(())
//! ```
//!
//! [`AreaCodes`] has the geography of North America's area codes, and [`AlphanumericCountries`] which countries take names as
//! senders. Both change faster than a release, so an operator gives files for them; [`Numbering`] has both.
//!
//! # What text is read
//!
//! Digits of any script, with or without a leading `+`, and separators anywhere: blanks of any kind, `-`, `.`, `/`, `(`,
//! `)`, `[`, `]` and their full-width forms, dashes (U+2010 to U+2015), the minus sign (U+2212), and format characters that
//! pasted text contains and nobody sees (marks of direction, joiners, the soft hyphen, the byte order mark). Brackets need
//! not match. Several `+` in a row count as one, as in libphonenumber. At most [`MAX_TEXT_BYTES`] bytes.
//!
//! These are refused, although libphonenumber reads some of them:
//!
//! - Letters (vanity numbers, `x5` and `ext` extensions), `;ext=`, `*`, `#`, `~`, `,`: [`TextError::Character`].
//! - `00`, `011`, `tel:` or another scheme in front: [`DestinationError::Prefix`], with the number that is probably meant.
//! - What spreadsheets make of numbers: `1.41556E+10` ([`TextError::Exponent`]), and `49305550123.0`
//!   ([`TextError::Fraction`]: a point or a comma before one last digit, or before zeros alone after digits alone).
//! - A number that is not as long as a number of its country is, with or without `+`, such as a short code:
//!   [`DestinationError::Length`]. Mexican mobile numbers may have their old 1.
//!
//! # Where the answer differs from libphonenumber's
//!
//! - The US area codes 357, 436, 457, 465, 471, 483, 621, 624, 679, 729, 837, 861 and 924 are in service according to the
//!   NANPA and unknown to libphonenumber 9.0.43. A number with one of them and seven more digits, the
//!   first of those from 2 to 9, is `US`. It has the time zones of the area codes that it overlays.
//! - A number that libphonenumber knows no type of, so that it answers `Etc/Unknown`, has the time zones of its country.
//! - A country that shares its calling code and is told apart by a prefix has its own time zones for all of its numbers:
//!   `America/Jamaica` for a mobile number of Jamaica, where libphonenumber gives all of North America's.
//! - Numbers of more than 19 digits are [`DestinationError::TooLong`]. libphonenumber accepts 20 digits (a
//!   three-digit calling code and 17 national digits), which no numbering plan has.

#![forbid(unsafe_code)]

mod alphanumeric;
pub mod area_codes;
mod channel;
mod country;
mod destination;
mod error;
mod number;
mod numbering;
mod plan;
mod scan;
mod sign;
mod table_error;
mod table_file;
#[rustfmt::skip]
mod tables;
mod zone;
#[rustfmt::skip]
mod zone_tables;

pub use alphanumeric::{AlphanumericCountries, MAX_ALPHANUMERIC_BYTES};
pub use area_codes::{AreaCodes, MAX_AREA_CODES_BYTES};
pub use channel::Channel;
pub use country::Country;
pub use destination::Destination;
pub use error::{DestinationError, NumberError, TextError};
pub use number::{AreaCode, Number};
pub use numbering::Numbering;
pub use plan::Lengths;
pub use table_error::{MAX_TABLE_FAULTS, TableError, TableFault};
pub use zone::Zone;

/// The longest text that is read, in bytes of UTF-8: an E.164 number has at most 15 digits, so there is room for
/// separators of three bytes after every digit, and to write the digits in another script.
pub const MAX_TEXT_BYTES: usize = 128;
