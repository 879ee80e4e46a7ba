//! Recipients: as numbers, or as keyed hashes in stores that shall not tell who they are.

use std::fmt;
use std::str::FromStr;

use callsign_destination::Number;

/// Who a pin is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Recipient {
    /// A number.
    Number(Number),
    /// What a store with a [`RecipientKey`] keeps instead of the number.
    Hash(RecipientHash),
}

/// The first 128 bits of a keyed BLAKE3 of a number, with the top bit set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecipientHash([u8; 16]);

/// The secret that recipients are hashed with: 256 bits.
///
/// Who has it can look a number up; who has only the store cannot say who its recipients are. Numbers are few enough to
/// try them all, so it is the key that protects them, not the hash. A lost key makes the pins of a store unreachable.
#[derive(Clone, PartialEq, Eq)]
pub struct RecipientKey([u8; 32]);

impl Recipient {
    /// The recipient as a store with this key keeps it; with no key numbers stay numbers. A hash stays what it is.
    #[inline]
    pub fn under(self, key: Option<&RecipientKey>) -> Recipient {
        match (self, key) {
            (Recipient::Number(number), Some(key)) => Recipient::Hash(key.hash(number)),
            (recipient, _) => recipient,
        }
    }

    /// The recipient as 16 bytes, which is what stores use as a part of their keys. No number has the bytes of a hash.
    #[inline]
    pub fn to_bytes(self) -> [u8; 16] {
        match self {
            Recipient::Number(number) => u128::from(number.get()).to_be_bytes(),
            Recipient::Hash(hash) => hash.0,
        }
    }

    /// The recipient of 16 bytes that [`Recipient::to_bytes`] gave; none of any others.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Recipient> {
        if bytes[0] & 0x80 != 0 {
            return Some(Recipient::Hash(RecipientHash(bytes)));
        }
        let number = u64::try_from(u128::from_be_bytes(bytes)).ok()?;
        Number::parse_e164(&format!("+{number}")).ok().filter(|found| found.get() == number).map(Recipient::Number)
    }
}

/// `+14155550123`, or a hash as 32 hexadecimal digits.
impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recipient::Number(number) => number.fmt(f),
            Recipient::Hash(hash) => hash.fmt(f),
        }
    }
}

impl fmt::Display for RecipientHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// From the 32 hexadecimal digits that it prints as.
impl FromStr for RecipientHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let bytes: [u8; 16] = from_hex(text).ok_or(NotAHash)?;
        if bytes[0] & 0x80 == 0 { Err(NotAHash) } else { Ok(Self(bytes)) }
    }
}

/// Text that is not the hash of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the hash of a recipient: 32 hexadecimal digits of which the first is 8 to f")]
pub struct NotAHash;

impl RecipientKey {
    /// A key from its bytes, which should be random.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A new random key.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn random() -> Result<Self, std::io::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// What a number is kept as.
    #[inline]
    pub fn hash(&self, number: Number) -> RecipientHash {
        let hash = blake3::keyed_hash(&self.0, &number.get().to_be_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        bytes[0] |= 0x80;
        RecipientHash(bytes)
    }

    /// Tells keys apart without telling what they are: a store keeps it to find out that it was given another key.
    pub fn fingerprint(&self) -> String {
        let hash = blake3::derive_key("callsign sticky 2026 fingerprint of a recipient key", &self.0);
        hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The key as 64 hexadecimal digits, which is how files and environments hold it.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// From 64 hexadecimal digits; space around them is ignored.
impl FromStr for RecipientKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        from_hex(text.trim()).map(Self).ok_or(NotAKey)
    }
}

/// Text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key for recipients: it is 64 hexadecimal digits, as `openssl rand -hex 32` prints them")]
pub struct NotAKey;

/// Says nothing of the key.
impl fmt::Debug for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientKey({})", self.fingerprint())
    }
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}
