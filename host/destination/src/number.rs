//! Numbers and area codes.

use core::fmt;
use core::num::NonZeroU16;

use crate::destination::Destination;
use crate::error::{DestinationError, NumberError};
use crate::scan::{Digits, copy_digits, number};

/// The area code (NPA) of a North American number, 200 to 999.
///
/// It may not be in service: only the range is checked.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AreaCode(NonZeroU16);

impl AreaCode {
    /// The area code with this number, `None` below 200 and above 999.
    pub const fn new(code: u16) -> Option<AreaCode> {
        match NonZeroU16::new(code) {
            Some(value) if code >= 200 && code <= 999 => Some(AreaCode(value)),
            _ => None,
        }
    }

    /// Its number, 200 to 999.
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl TryFrom<u16> for AreaCode {
    type Error = u16;

    /// # Errors
    ///
    /// The number itself, if it is below 200 or above 999.
    fn try_from(code: u16) -> Result<Self, u16> {
        AreaCode::new(code).ok_or(code)
    }
}

impl From<AreaCode> for u16 {
    fn from(code: AreaCode) -> u16 {
        code.get()
    }
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A phone number: its E.164 digits with the calling code, as an integer.
///
/// No calling code starts with 0, so no digit is lost. E.164 has at most 15 digits, but libphonenumber accepts longer
/// numbers, so there can be up to 19. `Display` writes `+14155550123`.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Number(u64);

impl Number {
    /// The values with 3 to 19 digits.
    const RANGE: core::ops::RangeInclusive<u64> = 100..=9_999_999_999_999_999_999;

    /// Parses the number of a sender, in the same way as that of a recipient, so that both compare by their digits: what
    /// [`Destination::parse`](crate::Destination::parse) takes is the number that it gives, without a national prefix. A
    /// number that belongs to no country, such as one of a global network, is taken as [`Number::parse_e164`] does.
    ///
    /// # Errors
    ///
    /// The text is no number; see [`NumberError`].
    pub fn parse(text: &str) -> Result<Number, NumberError> {
        match Destination::parse(text) {
            Ok(found) => Ok(found.number),
            Err(DestinationError::Prefix { prefix, meant }) => Err(NumberError::Prefix { prefix, meant }),
            Err(_) => Self::parse_e164(text),
        }
    }

    /// Parses a number in E.164. The text may have the same characters as that of a [`Destination`](crate::Destination)
    /// (see the crate's documentation), with 7 to 15 digits, the first of them not 0. This does not check whether the
    /// calling code or the number is in use, and does not remove a national prefix. It is for numbers that were parsed
    /// before.
    ///
    /// # Errors
    ///
    /// The text is empty or too long, has an invalid character, starts with 0, or has too few or too many digits.
    pub fn parse_e164(text: &str) -> Result<Number, NumberError> {
        let mut found = Digits::new();
        copy_digits(text, &mut found)?;
        let digits = found.as_slice();
        match (digits.first(), digits.len()) {
            (None, _) => Err(NumberError::Empty),
            (Some(b'0'), _) => Err(NumberError::LeadingZero),
            (_, 7..=15) => Ok(Number(number(0, digits).unwrap_or(0))),
            // A text is at most MAX_TEXT_BYTES long.
            (_, count) => Err(NumberError::Digits { digits: count as u8 }),
        }
    }

    /// The number with these digits, as [`Number::get`] gives it; `None` for fewer than 3 or more than 19 digits.
    pub fn from_digits(value: u64) -> Option<Number> {
        Self::RANGE.contains(&value).then_some(Number(value))
    }

    /// Its digits with the calling code, as an integer.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The first three digits after calling code 1; `None` for other calling codes, for fewer digits, and below 200.
    pub fn area_code(self) -> Option<AreaCode> {
        // No other calling code starts with 1.
        let lead = self.0 / 10_u64.pow(self.0.ilog10().checked_sub(3)?);
        AreaCode::new(u16::try_from(lead.checked_sub(1000)?).ok()?)
    }

    /// The one form of a mobile number that networks take in two: whoever has it is one recipient, with one pin.
    ///
    /// - Argentina, `+54 9` and ten digits is `+54` and the ten: the 9 is written for mobile numbers called from abroad.
    /// - Mexico, `+52 1` and ten digits is `+52` and the ten: the 1 is not dialled since 2019-08-03 (IFT, numbering plan).
    /// - Brazil, an area code and eight digits of which the first is 6 to 9 has the ninth digit, 9, put before the eight
    ///   (Anatel, resolution 553 of 2010). Fixed lines begin with 2 to 5.
    pub const fn recipient(self) -> Number {
        const TEN_DIGITS: u64 = 10_000_000_000;
        const EIGHT_DIGITS: u64 = 100_000_000;
        Number(match self.0 {
            5_490_000_000_000..=5_499_999_999_999 => 54 * TEN_DIGITS + self.0 % TEN_DIGITS,
            5_210_000_000_000..=5_219_999_999_999 => 52 * TEN_DIGITS + self.0 % TEN_DIGITS,
            550_000_000_000..=559_999_999_999 if self.0 % EIGHT_DIGITS >= 60_000_000 => {
                (self.0 / EIGHT_DIGITS * 10 + 9) * EIGHT_DIGITS + self.0 % EIGHT_DIGITS
            }
            other => other,
        })
    }

    /// Every form of the number that is the same recipient, see [`recipient`](Self::recipient): that one first. Both are the same
    /// for numbers of one form.
    pub const fn forms(self) -> [Number; 2] {
        const TEN_DIGITS: u64 = 10_000_000_000;
        const EIGHT_DIGITS: u64 = 100_000_000;
        let one = self.recipient();
        let other = match one.0 {
            540_000_000_000..=549_999_999_999 => 549 * TEN_DIGITS + one.0 % TEN_DIGITS,
            520_000_000_000..=529_999_999_999 => 521 * TEN_DIGITS + one.0 % TEN_DIGITS,
            5_500_000_000_000..=5_599_999_999_999 => one.0 / EIGHT_DIGITS / 10 * EIGHT_DIGITS + one.0 % EIGHT_DIGITS,
            other => other,
        };
        // What is no form of it has another recipient.
        [one, if Number(other).recipient().0 == one.0 { Number(other) } else { one }]
    }

    /// Its digits in ASCII, written to the end of `room`.
    pub(crate) fn digits(self, room: &mut [u8; 20]) -> &[u8] {
        let (mut left, mut at) = (self.0, room.len());
        for (index, place) in room.iter_mut().enumerate().rev() {
            *place = b'0' + (left % 10) as u8;
            left /= 10;
            at = index;
            if left == 0 {
                break;
            }
        }
        &room[at..]
    }

    /// A number whose digits the caller has checked: 3 to 19, the first not 0.
    pub(crate) const fn from_scan(value: u64) -> Number {
        Number(value)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}
