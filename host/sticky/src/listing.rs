//! Listings: filters, pages and positions.

use std::fmt;
use std::str::FromStr;

use crate::pin::{Pin, PinKey, PinScope, PinnedSender};
use crate::recipient::Recipient;
use callsign_destination::Channel;

/// Selects the pins that are listed or counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter<'a> {
    /// All pins.
    All,
    /// The pins of an application itself, or of one of its entities.
    Scope(PinScope<'a>),
    /// The pins to a sender.
    Sender(PinnedSender<'a>),
    /// The pins of a recipient, in every scope and on every channel.
    Recipient(Recipient),
}

/// A pin with its key and its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRecord {
    /// `applicationId`.
    pub application: Box<str>,
    /// `entityId`.
    pub entity: Option<Box<str>>,
    /// The hash of the scope, under which the pin is stored. It tells the generations of an application apart.
    pub scope: u128,
    /// The channel.
    pub channel: Channel,
    /// The recipient, as the store keeps it.
    pub recipient: Recipient,
    /// `senderId`.
    pub sender: Box<str>,
    /// The pin.
    pub pin: Pin,
}

impl PinRecord {
    /// The key of the pin.
    pub fn key(&self) -> PinKey<'_> {
        let scope = PinScope::with_hash(&self.application, self.entity.as_deref(), self.scope);
        PinKey { scope, channel: self.channel, recipient: self.recipient }
    }
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The pins.
    pub pins: Vec<PinRecord>,
    /// Where the next page begins; `None` after the last page.
    pub next: Option<Position>,
}

/// Where a page ended. `Display` writes it as hexadecimal digits, and `FromStr` reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position(pub(crate) Box<[u8]>);

/// The greatest length of a position, in bytes.
const LONGEST: usize = 256;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let digits = text.as_bytes();
        if digits.is_empty() || !digits.len().is_multiple_of(2) || digits.len() > 2 * LONGEST {
            return Err(NotAPosition);
        }
        let byte = |pair: &[u8]| {
            let (high, low) = (char::from(pair[0]).to_digit(16)?, char::from(pair[1]).to_digit(16)?);
            u8::try_from(high << 4 | low).ok()
        };
        digits.chunks(2).map(byte).collect::<Option<Box<[u8]>>>().map(Self).ok_or(NotAPosition)
    }
}

/// The text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position: pass the one of the page before, unchanged")]
pub struct NotAPosition;
