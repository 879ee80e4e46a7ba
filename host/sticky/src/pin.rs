//! Pins, their keys, and the changes that can be made to them.

use std::hash::Hasher;
use std::time::{SystemTime, UNIX_EPOCH};

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher24};

use crate::recipient::Recipient;
use callsign_destination::Channel;

/// The key of a pin: one recipient of one application (or one of its entities) on one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinKey<'a> {
    /// The application and the entity.
    pub scope: PinScope<'a>,
    /// The channel.
    pub channel: Channel,
    /// The recipient.
    pub recipient: Recipient,
}

/// An application, or one of its entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinScope<'a> {
    /// `applicationId`.
    pub application: &'a str,
    /// `entityId`.
    pub entity: Option<&'a str>,
    hash: u128,
}

impl<'a> PinScope<'a> {
    /// A scope by its names.
    pub fn new(application: &'a str, entity: Option<&'a str>) -> Self {
        Self::of_generation(application, entity, 0)
    }

    /// The scope of an application that was removed and made again: its pins are apart from those of the generations
    /// before. Generation 0 is the first, and that of [`PinScope::new`].
    pub fn of_generation(application: &'a str, entity: Option<&'a str>, generation: u32) -> Self {
        // Pins are stored under this hash, so it must never change: SipHash-2-4 with 128 bits and the keys 0 and 2.
        let mut hasher = SipHasher24::new_with_keys(0, 2);
        hasher.write_u64(application.len() as u64);
        hasher.write(application.as_bytes());
        match (generation, entity) {
            (0, None) => hasher.write(&[0]),
            (0, Some(_)) => hasher.write(&[1]),
            (_, None) => hasher.write(&[2]),
            (_, Some(_)) => hasher.write(&[3]),
        }
        if generation > 0 {
            hasher.write(&generation.to_be_bytes());
        }
        hasher.write(entity.unwrap_or_default().as_bytes());
        Self { application, entity, hash: hasher.finish128().into() }
    }

    /// A scope whose hash was already computed.
    ///
    /// The hash must be that of [`PinScope::new`] or [`PinScope::of_generation`] for these names: pins are stored under the hash, and the names are
    /// what listings show.
    #[inline]
    pub fn with_hash(application: &'a str, entity: Option<&'a str>, hash: u128) -> Self {
        Self { application, entity, hash }
    }

    /// A 128-bit hash of application and entity, the same in every process.
    #[inline]
    pub fn hash(&self) -> u128 {
        self.hash
    }
}

impl<'a> PinKey<'a> {
    /// A key of these parts.
    pub fn new(scope: PinScope<'a>, channel: Channel, recipient: Recipient) -> Self {
        Self { scope, channel, recipient }
    }
}

/// The sender of a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinnedSender<'a> {
    /// A 64-bit hash of the id, the same in every process. On the hot path a store returns this instead of the id.
    pub key: SenderKey,
    /// `senderId`.
    pub id: &'a str,
}

impl<'a> PinnedSender<'a> {
    /// A sender by its id.
    pub fn new(id: &'a str) -> Self {
        Self { key: SenderKey::of(id), id }
    }
}

/// A hash of a sender's id, which is the same in every process and for every catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SenderKey(pub u64);

impl SenderKey {
    /// The key of a `senderId`.
    ///
    /// Pins are stored with this hash, and recipients are spread over senders by it, so it must never change:
    /// SipHash-1-3 with the keys 0 and 1.
    pub fn of(id: &str) -> Self {
        let mut hasher = SipHasher13::new_with_keys(0, 1);
        hasher.write(id.as_bytes());
        Self(hasher.finish())
    }
}

/// A pin as stores keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pin {
    /// The sender.
    pub sender: SenderKey,
    /// When it was pinned, in seconds since 1970.
    pub first_used: u64,
    /// When it was last used, in seconds since 1970. Updated at most once per tenth of the time to live. Without a time
    /// to live it stays the time of pinning.
    pub last_used: u64,
    /// The time to live: the pin ends after this many days without use; 0 for never.
    pub idle_days: u16,
}

/// Seconds of a day.
const DAY: u64 = 86_400;

impl Pin {
    /// A pin made and last used at `now`.
    pub fn new(sender: SenderKey, now: u64, idle_days: u16) -> Self {
        Self { sender, first_used: now, last_used: now, idle_days }
    }

    /// When it ends unless it is used before, in seconds since 1970; `None` for never.
    pub fn ends(&self) -> Option<u64> {
        (self.idle_days > 0).then(|| self.last_used.saturating_add(u64::from(self.idle_days) * DAY))
    }

    /// Whether its time to live is over at `now`.
    pub fn has_ended(&self, now: u64) -> bool {
        self.ends().is_some_and(|ends| ends <= now)
    }

    /// Whether a use at `now` is worth a write: a tenth of the time to live has passed since the last one, or the time
    /// to live has changed to `idle_days`.
    pub fn wants_touch(&self, now: u64, idle_days: u16) -> bool {
        self.idle_days != idle_days
            || idle_days > 0 && now.saturating_sub(self.last_used) >= u64::from(idle_days) * DAY / 10
    }
}

/// The current time in seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A pin to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write<'a> {
    /// The key.
    pub key: PinKey<'a>,
    /// `None`: write only if the key has no pin (insert if absent). A sender: write only if the key is still pinned to
    /// it, or has no pin any more (replace).
    pub expected: Option<SenderKey>,
    /// The sender.
    pub sender: PinnedSender<'a>,
    /// After how many days without use the pin ends; 0 for never.
    pub idle_days: u16,
    /// When the pin was first and last used, in seconds since 1970, for pins from another store; `None` for now.
    pub used: Option<(u64, u64)>,
}

impl<'a> Write<'a> {
    /// Pins a key that has no pin, without a time to live.
    pub fn insert(key: PinKey<'a>, sender: PinnedSender<'a>) -> Self {
        Self { key, expected: None, sender, idle_days: 0, used: None }
    }

    /// Pins a key to another sender if it is still pinned to `expected`.
    pub fn replace(key: PinKey<'a>, expected: SenderKey, sender: PinnedSender<'a>) -> Self {
        Self { key, expected: Some(expected), sender, idle_days: 0, used: None }
    }

    /// Ends the pin after this many days without use.
    #[must_use]
    pub fn idle_days(mut self, days: u16) -> Self {
        self.idle_days = days;
        self
    }

    /// The write without its names.
    pub(crate) fn compare_and_set(&self) -> CompareAndSet {
        CompareAndSet { expected: self.expected, sender: self.sender.key, idle_days: self.idle_days, used: self.used }
    }
}

/// A write without its names: what is expected, and the pin to set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CompareAndSet {
    expected: Option<SenderKey>,
    sender: SenderKey,
    idle_days: u16,
    used: Option<(u64, u64)>,
}

impl CompareAndSet {
    /// `Ok` with the new pin, or `Err` with the current one, which stays. An ended pin counts as none.
    pub(crate) fn apply_to(self, current: Option<Pin>, now: u64) -> Result<Pin, Pin> {
        match current.filter(|pin| !pin.has_ended(now)) {
            Some(pin) if self.expected != Some(pin.sender) => Err(pin),
            _ => {
                let (first_used, last_used) = self.used.unwrap_or((now, now));
                Ok(Pin { sender: self.sender, first_used, last_used, idle_days: self.idle_days })
            }
        }
    }
}

/// A pin to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release<'a> {
    /// The key.
    pub key: PinKey<'a>,
    /// Remove the pin only if this is its sender; `None` for any sender.
    pub expected: Option<SenderKey>,
}

/// A use of a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch<'a> {
    /// The key.
    pub key: PinKey<'a>,
    /// Ignored if this is not the pin's sender.
    pub sender: SenderKey,
    /// The time to live from now on, in days; 0 for no end.
    pub idle_days: u16,
}
