//! Values of columns that are words, and back.

use callsign_destination::Number;

use crate::record::{PinRead, PinWrite, Recipient};

pub(crate) const NUMBER: &str = "NUMBER";
pub(crate) const TEXT: &str = "TEXT";
pub(crate) const SEALED: &str = "SEALED";

const PIN_WRITES: [PinWrite; 3] = [PinWrite::Nothing, PinWrite::Written, PinWrite::Unavailable];

/// A digest or key in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The bytes of such a text; `None` if it is none, or of another length.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Seconds as microseconds.
pub(crate) fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX)
}

/// The word for what was read of a pin.
pub(crate) fn pin_read(read: PinRead) -> &'static str {
    match read {
        PinRead::NotRead => "NOT_READ",
        PinRead::None => "NONE",
        PinRead::Sender(_) => "SENDER",
        PinRead::Unavailable => "UNAVAILABLE",
    }
}

/// What was read of a pin, by its word and the key of the sender.
pub(crate) fn parse_pin_read(word: &str, key: Option<&str>) -> Option<PinRead> {
    match word {
        "SENDER" => Some(PinRead::Sender(u64::from_be_bytes(from_hex(key?)?))),
        _ => [PinRead::NotRead, PinRead::None, PinRead::Unavailable].into_iter().find(|&read| pin_read(read) == word),
    }
}

/// The word for what was written to a pin.
pub(crate) fn pin_write(write: PinWrite) -> &'static str {
    match write {
        PinWrite::Nothing => "NOTHING",
        PinWrite::Written => "WRITTEN",
        PinWrite::Unavailable => "UNAVAILABLE",
    }
}

/// What was written to a pin, by its word.
pub(crate) fn parse_pin_write(word: &str) -> Option<PinWrite> {
    PIN_WRITES.into_iter().find(|&write| pin_write(write) == word)
}

/// A recipient by its columns.
pub(crate) fn parse_recipient<'a>(kind: &str, text: &'a str) -> Option<Recipient<'a>> {
    match kind {
        NUMBER => text.strip_prefix('+')?.parse().ok().and_then(Number::from_digits).map(Recipient::Number),
        TEXT => Some(Recipient::Text(text)),
        SEALED => from_hex(text).map(Recipient::Sealed),
        _ => None,
    }
}
