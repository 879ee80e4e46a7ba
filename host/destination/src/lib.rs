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
//! Digits with or without a leading `+`, and separators anywhere: space, `-`, `.`, `/`, `(`, `)`, `[`, `]`, and some
//! that pasted text contains: no-break space (U+00A0), soft hyphen (U+00AD), zero width space (U+200B), word joiner
//! (U+2060), the dashes U+2010 to U+2015 and the minus sign (U+2212). Brackets need not match. ASCII white space around
//! the number is ignored. Several `+` in a row count as one, as in libphonenumber; `00` is not a `+`, so
//! `0044...` starts with no calling code. At most [`MAX_TEXT_BYTES`] bytes.
//!
//! These are not E.164 and refused with [`DestinationError::Character`], although libphonenumber reads some of them:
//! letters (vanity numbers, `x5` and `ext` extensions, `tel:`), `;ext=`, `*`, `#`, `~`, `,`, and the digits, plus signs
//! and punctuation of other scripts, full-width forms among them.
//!
//! # Where the answer differs from libphonenumber's
//!
//! - The US area codes 357, 436, 457, 621, 624, 679, 729, 837, 861 and 924 are in service according to the NANPA's
//!   report of 2025-11-26 and unknown to libphonenumber 9.0.43. A number with one of them and seven more digits, the
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
#[rustfmt::skip]
mod tables;

pub use channel::Channel;
pub use country::Country;
pub use destination::Destination;
pub use error::{DestinationError, NumberError};
pub use number::{AreaCode, Number};

/// The longest text that is read, in bytes of UTF-8: an E.164 number has at most 15 digits, so there is room for
/// separators of three bytes after every digit.
pub const MAX_TEXT_BYTES: usize = 64;
