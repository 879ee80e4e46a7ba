//! Sticky state: the sender that each recipient was given first.

mod memory;

use callsign_destination::Number;

use crate::catalog::Channel;

pub use memory::MemoryStore;

/// What a pin is for: one recipient of one application (or one entity of it) on one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinKey<'a> {
    /// `applicationId`.
    pub application: &'a str,
    /// `entityId`.
    pub entity: Option<&'a str>,
    /// A 128-bit hash of application and entity, for stores that want a short key. The same in every process.
    pub scope_hash: u128,
    /// The channel.
    pub channel: Channel,
    /// The recipient.
    pub recipient: Number,
}

/// The sender of a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinnedSender<'a> {
    /// A 64-bit hash of the id, the same in every process; what a store gives back on the hot path.
    pub key: SenderKey,
    /// `senderId`.
    pub id: &'a str,
}

/// A sender as a number that outlives catalogs and processes: a hash of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SenderKey(pub u64);

/// A pin as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pin {
    /// The sender.
    pub sender: SenderKey,
    /// When it was pinned, in seconds since 1970.
    pub first_used: u64,
    /// When it was last used, in seconds since 1970. A store may write it later, or less often, than it was used.
    pub last_used: u64,
}

impl Pin {
    /// A pin that was used once.
    pub fn new(sender: SenderKey, now: u64) -> Self {
        Self { sender, first_used: now, last_used: now }
    }
}

/// Where pins are kept. Every method may be called from any number of threads at once.
///
/// The first writer of a key wins: whatever order the calls come in, [`StickyStore::insert`] and
/// [`StickyStore::replace`] give one winner, and every loser is told who won.
pub trait StickyStore: Send + Sync {
    /// The pin of a key.
    ///
    /// # Errors
    /// The store cannot say.
    fn get(&self, key: &PinKey<'_>) -> Result<Option<Pin>, StickyError>;

    /// Pins a key that has no pin: `Ok(None)`. Where it has one already, that one is the answer and nothing changes.
    ///
    /// # Errors
    /// The store could not write; the key may be pinned or not.
    fn insert(&self, key: &PinKey<'_>, sender: &PinnedSender<'_>) -> Result<Option<Pin>, StickyError>;

    /// Pins a key to another sender, where it is still pinned to the one expected: `Ok(None)`. Else its pin is the
    /// answer and nothing changes; a key without a pin is pinned.
    ///
    /// # Errors
    /// The store could not write; the key may be pinned to either.
    fn replace(
        &self,
        key: &PinKey<'_>,
        expected: SenderKey,
        sender: &PinnedSender<'_>,
    ) -> Result<Option<Pin>, StickyError>;
}

/// A store that cannot answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("sticky state is not available: {reason}")]
pub struct StickyError {
    /// What happened.
    pub reason: String,
}

impl StickyError {
    /// An error with its reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}
