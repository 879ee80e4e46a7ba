//! Scanning a text for digits.
//!
//! Digits stay ASCII characters, so that the usual text, which has digits only, is not copied.

use crate::MAX_TEXT_BYTES;
use crate::error::TextError;
use crate::sign::{Sign, is_format};

/// The value of a digit.
#[inline]
fn value_of(digit: u8) -> u64 {
    u64::from(digit & 15)
}

/// The value of three digits.
#[inline]
pub(crate) fn three_digits(first: u8, second: u8, third: u8) -> u16 {
    // At most 15 * 111, which fits.
    (value_of(first) * 100 + value_of(second) * 10 + value_of(third)) as u16
}

/// Digits copied out of a text. There is room for all digits of a text, and for those that the rule of a national
/// prefix adds (at most four).
#[derive(Copy, Clone)]
pub(crate) struct Digits {
    buffer: [u8; Self::ROOM],
    length: usize,
}

impl Digits {
    const ROOM: usize = MAX_TEXT_BYTES + 16;

    pub(crate) const fn new() -> Self {
        Self { buffer: [0; Self::ROOM], length: 0 }
    }

    /// Appends digits. Those that do not fit are dropped, which cannot happen with the texts that callers accept.
    pub(crate) fn extend(&mut self, digits: &[u8]) {
        for (place, &digit) in self.buffer.iter_mut().skip(self.length).zip(digits) {
            *place = digit;
            self.length += 1;
        }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or(&[])
    }
}

/// The digits of a text without separators, and their value, which wraps above 19 digits. The text may have a leading
/// `+`. `None` for any other text, and for one that is too long.
#[inline]
pub(crate) fn digits_only(text: &str) -> Option<(&[u8], u64)> {
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    let bytes = text.as_bytes();
    let digits = bytes.strip_prefix(b"+").unwrap_or(bytes);
    Some((digits, number(0, digits)?))
}

/// The value of the digits of `lead` followed by `digits`, which wraps above 19 digits; `None` if a byte is not a
/// digit.
#[inline]
pub(crate) fn number(lead: u64, digits: &[u8]) -> Option<u64> {
    let mut value = lead;
    let mut rest = digits;
    while let Some((eight, after)) = rest.split_first_chunk() {
        let more = eight_digits(u64::from_le_bytes(*eight))?;
        value = value.wrapping_mul(100_000_000).wrapping_add(more);
        rest = after;
    }
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    Some(value)
}

/// The value of eight ASCII digits, the first in the lowest byte; `None` if a byte is not a digit.
#[inline]
fn eight_digits(bytes: u64) -> Option<u64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // A digit is 0x3n, and adding 6 leaves it 0x3n if n is at most 9.
    let high = bytes & (0xf0 * ONES);
    let high_with_six = bytes.wrapping_add(6 * ONES) & (0xf0 * ONES);
    if high != 0x30 * ONES || high_with_six != 0x30 * ONES {
        return None;
    }
    // Digits are combined to pairs, pairs to fours, fours to the value.
    let digits = bytes & (0x0f * ONES);
    let pairs = (digits.wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000 << 32 | 1) >> 32)
}

/// How many digits a byte is: 0 for the usual separators, 1 for digits, [`OTHER`] for bytes that [`Sign::at`] decides.
static DIGITS_OF: [u8; 256] = {
    let mut digits = [OTHER; 256];
    let (mut digit, mut at) = (b'0', 0);
    while digit <= b'9' {
        digits[digit as usize] = 1;
        digit += 1;
    }
    let separators = b" -./()[]";
    while at < separators.len() {
        digits[separators[at] as usize] = 0;
        at += 1;
    }
    digits
};
const OTHER: u8 = 2;

/// Copies the digits of any text. The crate's documentation lists what may stand between them.
#[inline(never)]
pub(crate) fn copy_digits(text: &str, digits: &mut Digits) -> Result<(), TextError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(TextError::TooLong { bytes: text.len() });
    }
    let bytes = text.as_bytes();
    let mut at = usize::from(bytes.first() == Some(&b'+'));
    // Where a row of plus signs may go on: right after its last one, or anywhere before the first.
    let mut after_plus = (at > 0).then_some(at);
    // A local variable, since the compiler would keep the field in memory.
    let mut length = 0;
    while let Some(&byte) = bytes.get(at) {
        let count = DIGITS_OF[usize::from(byte)];
        if count < OTHER {
            // Written in both cases, and kept only if it is a digit, so that there is no branch.
            if let Some(place) = digits.buffer.get_mut(length) {
                *place = byte;
                length += usize::from(count);
            }
            at += 1;
            continue;
        }
        let character = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(char::REPLACEMENT_CHARACTER);
        let next = at + character.len_utf8();
        match Sign::of(character) {
            Some(Sign::Digit(digit)) => {
                if let Some(place) = digits.buffer.get_mut(length) {
                    *place = digit;
                    length += 1;
                }
            }
            Some(Sign::Separator) => {}
            Some(Sign::Plus) if length == 0 && after_plus.is_none_or(|after| after == at) => after_plus = Some(next),
            _ if is_exponent(text) => return Err(TextError::Exponent),
            _ if character == ',' && is_fraction(text) => return Err(TextError::Fraction),
            // A text is at most MAX_TEXT_BYTES long.
            _ => return Err(TextError::Character { character, at: at as u8 }),
        }
        at = next;
    }
    digits.length = length;
    if is_fraction(text) { Err(TextError::Fraction) } else { Ok(()) }
}

/// Whether a text is a number as spreadsheets write large ones: `1.41556E+10`.
#[cold]
fn is_exponent(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((number, exponent)) = trimmed(text).split_once(['e', 'E']) else { return false };
    let number = number.strip_prefix(['+', '-']).unwrap_or(number);
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    digits(exponent) && (digits(number) || number.split_once(['.', ',']).is_some_and(|(a, b)| digits(a) && digits(b)))
}

/// Whether a text ends like a decimal fraction: one digit after the last point, or zeros alone after one that follows digits
/// alone. Two zeros always are; more of them only after a number that is long enough without them. What nobody sees around
/// the text does not matter.
fn is_fraction(text: &str) -> bool {
    let text = trimmed(text);
    let Some((whole, fraction)) = text.rsplit_once(['.', '\u{ff0e}', ',']) else { return false };
    let digit = |character| match Sign::of(character) {
        Some(Sign::Digit(digit)) => Some(digit),
        _ => None,
    };
    let whole = whole.strip_prefix(['+', '\u{ff0b}']).unwrap_or(whole);
    let is_plain = || whole.chars().all(|character| digit(character).is_some());
    let mut digits = fraction.chars().map(digit);
    match fraction.chars().count() {
        0 => false,
        1 => digits.all(|digit| digit.is_some()),
        count => digits.all(|digit| digit == Some(b'0')) && is_plain() && (count == 2 || whole.chars().count() > 7),
    }
}

/// A text without blanks and format characters around it.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|character: char| character.is_whitespace() || is_format(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_digits_are_their_number_and_any_other_byte_is_refused() {
        for (text, number) in
            [(b"00000000", 0), (b"12345678", 12_345_678), (b"99999999", 99_999_999), (b"90000001", 90_000_001)]
        {
            assert_eq!(eight_digits(u64::from_le_bytes(*text)), Some(number));
        }
        for place in 0..8 {
            for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
                for fill in [b'0', b'9'] {
                    let mut text = [fill; 8];
                    text[place] = byte;
                    assert_eq!(eight_digits(u64::from_le_bytes(text)), None, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_plain_text_reads_as_any_text_does() {
        let all = "9876543210".repeat(MAX_TEXT_BYTES / 10 + 1);
        for length in 0..=MAX_TEXT_BYTES {
            let text = &all[..length];
            let (digits, value) = digits_only(text).expect("digits only");
            let mut found = Digits::new();
            assert!(copy_digits(text, &mut found).is_ok());
            assert_eq!(digits, found.as_slice());
            let one_by_one =
                text.bytes().fold(0_u64, |value, byte| value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')));
            assert_eq!(value, one_by_one);
        }
        assert!(digits_only(&all).is_none());
    }
}
