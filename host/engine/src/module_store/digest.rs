//! The digest that a module is addressed by.

use std::fmt::{self, Write};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::error::StoreError;

/// The SHA-256 of a module's bytes: 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleDigest([u8; 32]);

impl ModuleDigest {
    /// The number of hexadecimal digits.
    pub const DIGITS: usize = 64;

    /// The fewest digits of a prefix that [`ModuleStore::get`](crate::ModuleStore::get) accepts.
    pub const MIN_PREFIX_DIGITS: usize = 4;

    /// The digest of a component's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes of it.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks a prefix of a digest and puts it in lower case, as digests are printed.
    pub(super) fn prefix(text: &str) -> Result<String, StoreError> {
        let digits = (Self::MIN_PREFIX_DIGITS..=Self::DIGITS).contains(&text.len());
        if !digits || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(StoreError::Digest { text: text.chars().take(Self::DIGITS + 1).collect() });
        }
        Ok(text.to_ascii_lowercase())
    }
}

impl FromStr for ModuleDigest {
    type Err = StoreError;

    /// Reads all 64 digits.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let text = Self::prefix(text)?;
        let mut bytes = [0; 32];
        if text.len() != Self::DIGITS {
            return Err(StoreError::Digest { text });
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |at: usize| char::from(digits[at]).to_digit(16).unwrap_or_default() as u8;
            *byte = (digit(0) << 4) | digit(1);
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for ModuleDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(Self::DIGITS);
        for byte in self.0 {
            write!(text, "{byte:02x}")?;
        }
        f.pad(&text)
    }
}

impl fmt::Debug for ModuleDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for ModuleDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ModuleDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
