//! Recipients: as numbers, or as keyed hashes in stores that must not reveal who they are.

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
/// With the key a number can be looked up; with the store alone nobody can say who its recipients are. There are few
/// enough phone numbers to hash them all, so the key protects them, not the hash. If the key is lost, the pins of the
/// store cannot be found any more.
#[derive(Clone, PartialEq, Eq)]
pub struct RecipientKey([u8; 32]);

impl Recipient {
    /// The recipient who has a number: forms of one mobile number are one, see [`Number::recipient`].
    #[inline]
    pub const fn of(number: Number) -> Recipient {
        Recipient::Number(number.recipient())
    }

    /// The recipient as a store with this key keeps it. Without a key numbers stay numbers; a hash always stays as it
    /// is.
    #[inline]
    pub fn under(self, key: Option<&RecipientKey>) -> Recipient {
        match (self, key) {
            (Recipient::Number(number), Some(key)) => Recipient::Hash(key.hash(number)),
            (recipient, _) => recipient,
        }
    }

    /// The recipient as 16 bytes, for the keys of stores. The top bit tells a hash from a number.
    #[inline]
    pub fn to_bytes(self) -> [u8; 16] {
        match self {
            Recipient::Number(number) => u128::from(number.get()).to_be_bytes(),
            Recipient::Hash(hash) => hash.0,
        }
    }

    /// Reads what [`Recipient::to_bytes`] gave; `None` for any other bytes.
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

/// Parses the 32 hexadecimal digits that `Display` writes.
impl FromStr for RecipientHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let bytes: [u8; 16] = from_hex(text).ok_or(NotAHash)?;
        if bytes[0] & 0x80 == 0 { Err(NotAHash) } else { Ok(Self(bytes)) }
    }
}

/// The text is not the hash of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the hash of a recipient: expected 32 hexadecimal digits, the first of them 8 to f")]
pub struct NotAHash;

impl RecipientKey {
    /// A key from 32 bytes, which should be random.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A new random key.
    ///
    /// # Errors
    /// The system's random number generator failed.
    pub fn random() -> Result<Self, std::io::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The hash that stands for a number in the store.
    #[inline]
    pub fn hash(&self, number: Number) -> RecipientHash {
        let hash = blake3::keyed_hash(&self.0, &number.get().to_be_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        bytes[0] |= 0x80;
        RecipientHash(bytes)
    }

    /// Identifies the key without revealing it. A store keeps it to notice when it is opened with another key.
    pub fn fingerprint(&self) -> String {
        let hash = blake3::derive_key("callsign sticky 2026 fingerprint of a recipient key", &self.0);
        hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The key itself, as 64 hexadecimal digits: what files and environment variables hold. Never for a message.
    pub fn expose(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Parses 64 hexadecimal digits; white space around them is ignored.
impl FromStr for RecipientKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        from_hex(text.trim()).map(Self).ok_or(NotAKey)
    }
}

/// The text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key for recipients: expected 64 hexadecimal digits, as `openssl rand -hex 32` prints them")]
pub struct NotAKey;

/// Shows the fingerprint, never the key.
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
