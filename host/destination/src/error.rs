//! Errors of parsing.

use thiserror::Error;

use crate::MAX_TEXT_BYTES;
use crate::number::Number;
use crate::plan::Lengths;

/// Why a text is not made of digits and separators: what is wrong, and what was expected.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Error)]
#[non_exhaustive]
pub enum TextError {
    /// The text is longer than [`MAX_TEXT_BYTES`].
    #[error("the text has {bytes} bytes; expected at most {MAX_TEXT_BYTES}")]
    TooLong {
        /// Its length, in bytes.
        bytes: usize,
    },
    /// A character that is neither a digit, a leading `+` nor a separator.
    #[error(
        "{character:?} at byte {at} does not belong; expected a leading '+', digits and separators such as - . ( )"
    )]
    Character {
        /// The first such character.
        character: char,
        /// Where it starts, in bytes from the start of the text.
        at: u8,
    },
    /// A number as spreadsheets write large ones, such as `1.41556E+10`: its last digits are lost.
    #[error("looks like a number that a spreadsheet has rounded; expected all digits, such as +14155550123")]
    Exponent,
    /// A decimal fraction such as `49305550123.0` or `49305550123,00`.
    #[error("looks like a decimal fraction; expected digits such as +14155550123, without decimals")]
    Fraction,
}

/// Why a text is not a destination: what is wrong, and what was expected.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// The text has no digits.
    #[error("no digits; expected a number in E.164 such as +14155550123")]
    Empty,
    /// The text is not made of digits and separators.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A prefix of international dialling, or the scheme of a link.
    #[error("starts with {prefix}, which is not part of the number; expected {}", expected(*.meant))]
    Prefix {
        /// `00`, `011`, or a scheme such as `tel:` and `sms:`.
        prefix: &'static str,
        /// The number that is probably meant; none where what follows the prefix is no number.
        meant: Option<Number>,
    },
    /// The digits do not start with a calling code in use.
    #[error("no country calling code starts like this; expected one such as 1 or 44 first")]
    UnknownCallingCode,
    /// Fewer than three digits, or fewer than two after the calling code.
    #[error("too few digits; expected at least two after the country calling code")]
    TooShort,
    /// No number of the country has so many digits. Short codes are not destinations.
    #[error(
        "{digits} digits after +{calling_code}, as no number there has; expected {lengths}; a short code is no destination"
    )]
    Length {
        /// The calling code.
        calling_code: u16,
        /// How many digits follow it.
        digits: u8,
        /// How many digits numbers of the calling code have.
        lengths: Lengths,
    },
    /// More than 17 digits after the calling code, or more than 19 in all.
    #[error("too many digits; expected at most 15, including the calling code")]
    TooLong,
    /// The number parses but belongs to no country: a global network such as +883, or digits that none of the
    /// countries that share the calling code uses.
    #[error(
        "no country has this number under +{calling_code}; expected a national number in use, not a global network"
    )]
    NoCountry {
        /// The calling code.
        calling_code: u16,
    },
}

/// Why a text is not a number in E.164: what is wrong, and what was expected.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Error)]
#[non_exhaustive]
pub enum NumberError {
    /// The text has no digits.
    #[error("no digits; expected a number in E.164 such as +14155550123")]
    Empty,
    /// The text is not made of digits and separators.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A prefix of international dialling, or the scheme of a link.
    #[error("starts with {prefix}, which is not part of the number; expected {}", expected(*.meant))]
    Prefix {
        /// `00`, `011`, or a scheme such as `tel:` and `sms:`.
        prefix: &'static str,
        /// The number that is probably meant; none where what follows the prefix is no number.
        meant: Option<Number>,
    },
    /// The first digit is 0; no calling code starts with 0.
    #[error("the number starts with 0; expected a country calling code first, such as 1 or 44")]
    LeadingZero,
    /// The number of digits is not from 7 to 15.
    #[error("{digits} digits; expected 7 to 15, including the calling code")]
    Digits {
        /// The number of digits.
        digits: u8,
    },
}

/// What would be right in place of a number with a prefix.
fn expected(meant: Option<Number>) -> String {
    meant.map_or_else(|| "a number in E.164 such as +14155550123".to_owned(), |number| format!("{number}"))
}
