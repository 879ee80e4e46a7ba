//! Countries: numbers to decide with, two letters in files.

use serde::{Deserialize, Serialize};

/// A country: the two letters of ISO 3166-1 alpha-2, the first in the high byte. `US` is 0x5553.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(u16);

impl Country {
    /// The United States.
    pub const US: Self = Self(u16::from_be_bytes(*b"US"));
    /// Canada.
    pub const CA: Self = Self(u16::from_be_bytes(*b"CA"));

    /// As a number, never 0.
    pub fn number(self) -> u16 {
        self.0
    }

    /// From its number.
    pub fn of(number: u16) -> Self {
        Self(number)
    }

    /// Whether its numbers have area codes to decide by.
    pub fn is_geolocated(self) -> bool {
        self == Self::US || self == Self::CA
    }
}

impl TryFrom<String> for Country {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_bytes() {
            &[first @ b'A'..=b'Z', second @ b'A'..=b'Z'] => Ok(Self(u16::from_be_bytes([first, second]))),
            _ => Err(format!("{text:?} is no country: give its two letters, such as US")),
        }
    }
}

impl From<Country> for String {
    fn from(country: Country) -> String {
        country.0.to_be_bytes().map(char::from).into_iter().collect()
    }
}
