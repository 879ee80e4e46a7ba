//! What names a key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The id of a key, as `minisign` shows it: 16 hexadecimal digits, such as `E7620F1842B4E81F`. It is a part of the key and of each
/// of its signatures. It names a key and proves nothing: anybody can make another key with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct KeyId(u64);

impl KeyId {
    /// From its 8 bytes in keys and signatures.
    pub(crate) fn of(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.to_string()
    }
}

impl FromStr for KeyId {
    type Err = &'static str;

    /// Takes digits of either case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => u64::from_str_radix(text, 16).map(Self).map_err(|_| "not 16 hexadecimal digits"),
            false => Err("not 16 hexadecimal digits"),
        }
    }
}

impl TryFrom<String> for KeyId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
