//! What is passed with every call.

use serde::{Deserialize, Serialize};

use crate::{Channel, Country, decimal};

/// A message, as far as its sender depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The channel.
    pub channel: Channel,
    /// The destination country.
    pub country: Country,
    /// The first three national digits of a North American number, else 0.
    pub area_code: u16,
    /// The recipient: a hash, evenly distributed.
    #[serde(with = "decimal")]
    pub recipient: u64,
}

impl Message {
    /// The upper half of the recipient, which spreads it over senders.
    pub fn high(&self) -> u32 {
        (self.recipient >> 32) as u32
    }

    /// The lower half.
    pub fn low(&self) -> u32 {
        self.recipient as u32
    }

    /// Step 5: one of those that are left.
    pub fn spread<T: Copy>(&self, left: &[T]) -> Option<T> {
        if left.is_empty() { None } else { Some(left[self.high() as usize % left.len()]) }
    }
}
