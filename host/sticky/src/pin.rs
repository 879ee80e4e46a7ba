//! Pins, what they are for, and what can be done with them.

use std::hash::Hasher;
use std::time::{SystemTime, UNIX_EPOCH};

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher24};

use crate::recipient::Recipient;
use callsign_destination::Channel;

/// What a pin is for: one recipient of one application (or one entity of it) on one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinKey<'a> {
    /// Application and entity.
    pub scope: PinScope<'a>,
    /// The channel.
    pub channel: Channel,
    /// The recipient.
    pub recipient: Recipient,
}

/// An application, or an entity of it.
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
        // Pins are kept under it, so it must never change: SipHash-2-4 with 128 bits and the keys 0 and 2.
        let mut hasher = SipHasher24::new_with_keys(0, 2);
        hasher.write_u64(application.len() as u64);
        hasher.write(application.as_bytes());
        hasher.write(entity.map_or(&[0], |_| &[1]));
        hasher.write(entity.unwrap_or_default().as_bytes());
        Self { application, entity, hash: hasher.finish128().into() }
    }

    /// A scope whose hash is known.
    ///
    /// It has to be the one of [`PinScope::new`] for these names: pins are kept under the hash, and the names are what
    /// people are shown.
    pub fn with_hash(application: &'a str, entity: Option<&'a str>, hash: u128) -> Self {
        Self { application, entity, hash }
    }

    /// A 128-bit hash of application and entity, for stores that want a short key. The same in every process.
    pub fn hash(&self) -> u128 {
        self.hash
    }
}

impl<'a> PinKey<'a> {
    /// A key for a scope, a channel and a recipient.
    pub fn new(scope: PinScope<'a>, channel: Channel, recipient: Recipient) -> Self {
        Self { scope, channel, recipient }
    }
}

/// The sender of a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinnedSender<'a> {
    /// A 64-bit hash of the id, the same in every process; what a store gives back on the hot path.
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

/// A sender as a number that outlives catalogs and processes: a hash of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SenderKey(pub u64);

impl SenderKey {
    /// The key of a `senderId`.
    ///
    /// Pins are kept by it and the spread of recipients is made of it, so it must never change: SipHash-1-3 with the
    /// keys 0 and 1.
    pub fn of(id: &str) -> Self {
        let mut hasher = SipHasher13::new_with_keys(0, 1);
        hasher.write(id.as_bytes());
        Self(hasher.finish())
    }
}

/// A pin as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pin {
    /// The sender.
    pub sender: SenderKey,
    /// When it was pinned, in seconds since 1970.
    pub first_used: u64,
    /// When it was last used, in seconds since 1970. Written at most once per tenth of the time to live, and never for a
    /// pin without one: then it is when it was pinned.
    pub last_used: u64,
    /// After how many days without use it ends; 0 for never.
    pub idle_days: u16,
}

/// Seconds of a day.
const DAY: u64 = 86_400;

impl Pin {
    /// A pin that was used once.
    pub fn new(sender: SenderKey, now: u64, idle_days: u16) -> Self {
        Self { sender, first_used: now, last_used: now, idle_days }
    }

    /// When it ends if it is not used any more, in seconds since 1970; none for never.
    pub fn ends(&self) -> Option<u64> {
        (self.idle_days > 0).then(|| self.last_used.saturating_add(u64::from(self.idle_days) * DAY))
    }

    /// Whether it has ended.
    pub fn has_ended(&self, now: u64) -> bool {
        self.ends().is_some_and(|ends| ends <= now)
    }

    /// Whether a use now is worth writing down: a tenth of the time to live has passed since the last one, or the time
    /// to live is not the one that is wanted.
    pub fn wants_touch(&self, now: u64, idle_days: u16) -> bool {
        self.idle_days != idle_days
            || idle_days > 0 && now.saturating_sub(self.last_used) >= u64::from(idle_days) * DAY / 10
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A pin that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write<'a> {
    /// What for.
    pub key: PinKey<'a>,
    /// Nothing: the key is pinned if it has no pin (insert if absent). A sender: the key is pinned if this is still its
    /// sender, or if it has none any more (replace).
    pub expected: Option<SenderKey>,
    /// The sender.
    pub sender: PinnedSender<'a>,
    /// After how many days without use the pin ends; 0 for never.
    pub idle_days: u16,
    /// When the pin was first and last used, where that is not now: pins that come from another store. Seconds since
    /// 1970.
    pub used: Option<(u64, u64)>,
}

impl<'a> Write<'a> {
    /// Pins a key that has no pin, for ever.
    pub fn insert(key: PinKey<'a>, sender: PinnedSender<'a>) -> Self {
        Self { key, expected: None, sender, idle_days: 0, used: None }
    }

    /// Pins a key to another sender, where it is still pinned to the one expected.
    pub fn replace(key: PinKey<'a>, expected: SenderKey, sender: PinnedSender<'a>) -> Self {
        Self { key, expected: Some(expected), sender, idle_days: 0, used: None }
    }

    /// Lets the pin end after so many days without use.
    #[must_use]
    pub fn idle_days(mut self, days: u16) -> Self {
        self.idle_days = days;
        self
    }

    /// What is wanted, apart from its names.
    pub(crate) fn compare_and_set(&self) -> CompareAndSet {
        CompareAndSet { expected: self.expected, sender: self.sender.key, idle_days: self.idle_days, used: self.used }
    }
}

/// A write without its texts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CompareAndSet {
    expected: Option<SenderKey>,
    sender: SenderKey,
    idle_days: u16,
    used: Option<(u64, u64)>,
}

impl CompareAndSet {
    /// What this makes of the pin of its key: the new pin, or the one that stays. An ended pin counts as none.
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

/// A pin that shall go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release<'a> {
    /// What it is for.
    pub key: PinKey<'a>,
    /// Only if this is its sender; nothing for any.
    pub expected: Option<SenderKey>,
}

/// A pin that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch<'a> {
    /// What it is for.
    pub key: PinKey<'a>,
    /// Only if this is its sender.
    pub sender: SenderKey,
    /// The time to live from now on, in days; 0 for ever.
    pub idle_days: u16,
}
