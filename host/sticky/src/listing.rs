//! Pins in pages.

use std::fmt;
use std::str::FromStr;

use crate::pin::{Pin, PinKey, PinScope, PinnedSender};
use crate::recipient::Recipient;
use callsign_destination::Channel;

/// Which pins are listed or counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter<'a> {
    /// All.
    All,
    /// Those of an application itself, or of an entity of it.
    Scope(PinScope<'a>),
    /// Those to a sender.
    Sender(PinnedSender<'a>),
    /// Those of a recipient, in every scope and on every channel.
    Recipient(Recipient),
}

/// A pin with all that there is to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRecord {
    /// `applicationId`.
    pub application: Box<str>,
    /// `entityId`.
    pub entity: Option<Box<str>>,
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
    /// What the pin is for.
    pub fn key(&self) -> PinKey<'_> {
        let scope = PinScope::new(&self.application, self.entity.as_deref());
        PinKey { scope, channel: self.channel, recipient: self.recipient }
    }
}

/// Some pins of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The pins.
    pub pins: Vec<PinRecord>,
    /// Where the next page begins; none after the last.
    pub next: Option<Position>,
}

/// Where a page ended. Prints as hexadecimal digits and is read from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position(pub(crate) Box<[u8]>);

/// The most bytes of a position.
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

/// Text that is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position: take it from the page before, as it was given")]
pub struct NotAPosition;
