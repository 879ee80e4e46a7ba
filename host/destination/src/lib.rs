//! E.164 text to region and area code, exactly as Google's libphonenumber 9.0.43 answers, in tens of nanoseconds.
//!
//! [`Destination::parse`] gives what libphonenumber's `parse` (no default region, the leading `+` supplied where it is
//! missing), `getRegionCodeForNumber` and `formatNumber(E164)` give, without allocation, lock or regular expression:
//! the metadata is compiled to tables of a few dozen kilobytes by `metadata/generate.py`.
//!
//! ```
//! use callsign_destination::Destination;
//!
//! let destination = Destination::parse("+1 (787) 555-0123")?;
//! assert_eq!(destination.country.as_str(), "PR");
//! assert_eq!(destination.area_code.map(|code| code.get()), Some(787));
//! assert_eq!(destination.number.to_string(), "+17875550123");
//! # Ok::<(), callsign_destination::DestinationError>(())
//! ```
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
//! - Letters (vanity numbers, `x5` and `ext` extensions), `;ext=`, `*`, `#`, `~`, `,`: [`DestinationError::Character`].
//! - `00`, `011` or `tel:` in front: [`DestinationError::Prefix`], with the number that is probably meant.
//! - What spreadsheets make of numbers: `1.41556E+10` ([`DestinationError::Exponent`]), and `49305550123.0`
//!   ([`DestinationError::Fraction`]: a point before one last digit, or `.00` after digits alone).
//! - A number that is not as long as a number of its country is, with or without `+`, such as a short code:
//!   [`DestinationError::Length`]. Mexican mobile numbers may have their old 1.
//!
//! # Where the answer differs from libphonenumber's
//!
//! - The US area codes 357, 436, 457, 465, 471, 483, 621, 624, 679, 729, 837, 861 and 924 are in service according to the
//!   NANPA and unknown to libphonenumber 9.0.43. A number with one of them and seven more digits, the
//!   first of those from 2 to 9, is `US`.
//! - Numbers of more than 19 digits are [`DestinationError::TooLong`]. libphonenumber accepts 20 digits (a
//!   three-digit calling code and 17 national digits), which no numbering plan has.

#![forbid(unsafe_code)]

mod channel;
mod country;
mod destination;
mod error;
mod number;
mod plan;
mod scan;
mod sign;
#[rustfmt::skip]
mod tables;

pub use channel::Channel;
pub use country::Country;
pub use destination::Destination;
pub use error::{DestinationError, NumberError};
pub use number::{AreaCode, Number};
pub use plan::Lengths;

/// The longest text that is read, in bytes of UTF-8: an E.164 number has at most 15 digits, so there is room for
/// separators of three bytes after every digit, and to write the digits in another script.
pub const MAX_TEXT_BYTES: usize = 128;
