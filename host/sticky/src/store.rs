//! The trait of all stores.

use crate::async_store::AsyncStore;
use crate::error::StickyError;
use crate::listing::{Filter, Page, Position};
use crate::pin::{Pin, PinKey, PinnedSender, Release, SenderKey, Touch, Write};

/// Where pins are kept. Every method may be called from any number of threads at once.
///
/// The first writer of a key wins: of any number of concurrent [`StickyStore::write`] calls one wins, and all others
/// are given the winner's pin. Once a call has returned a pin, every later call in any process on the same store
/// returns it too, until a replace, a release or the end of the pin's time to live. Each store documents what else it
/// guarantees, such as whether pins survive a crash or a failover.
///
/// Bulk methods answer for each item, in order; an item that fails does not fail the others. Items of one call for the
/// same key take effect in their order.
pub trait StickyStore: Send + Sync {
    /// The pins of keys. A pin whose time to live is over counts as none.
    ///
    /// # Errors
    /// For each key separately: the store could not read.
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>>;

    /// Inserts if absent, or replaces if the pin is still the expected one. `Ok(None)` means that the pin was written;
    /// otherwise the answer is the key's current pin, and nothing changed.
    ///
    /// # Errors
    /// For each write separately: the store failed; the pin may have been written or not.
    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>>;

    /// Removes pins. The answer is the removed pin, or `None` if there was none or its sender was not the expected one.
    ///
    /// # Errors
    /// For each release separately: the store failed; the pin may have been removed or not.
    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>>;

    /// Notes that pins were used, which restarts their time to live. The store may write this after the call returns,
    /// or drop it while it is behind; the next use makes up for it.
    ///
    /// # Errors
    /// The store does not answer.
    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError>;

    /// A page of at most `most` pins (1 to 10,000), in the order of the store, beginning after the position of an
    /// earlier page. Every pin that exists throughout the listing is in exactly one page; pins written meanwhile may be
    /// missing.
    ///
    /// # Errors
    /// The store does not answer, or the position belongs to another store or another filter.
    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError>;

    /// The number of pins, including ended ones that were not removed yet.
    ///
    /// # Errors
    /// The store does not answer.
    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError>;

    /// The size of the store on the disk in bytes; `None` if the store does not know it.
    ///
    /// # Errors
    /// The store does not answer.
    fn disk_space(&self) -> Result<Option<u64>, StickyError> {
        Ok(None)
    }

    /// The pin of one key.
    ///
    /// # Errors
    /// The store could not read.
    fn get(&self, key: &PinKey<'_>) -> Result<Option<Pin>, StickyError> {
        one(self.read(std::slice::from_ref(key)))
    }

    /// Pins a key that has no pin, without a time to live: `Ok(None)`. If the key has a pin, the answer is that pin.
    ///
    /// # Errors
    /// As for [`StickyStore::write`].
    fn insert(&self, key: &PinKey<'_>, sender: &PinnedSender<'_>) -> Result<Option<Pin>, StickyError> {
        self.write_one(&Write::insert(*key, *sender))
    }

    /// Pins a key to another sender, without a time to live, if it is still pinned to `expected` or has no pin any
    /// more: `Ok(None)`. Otherwise the answer is its current pin, and nothing changes.
    ///
    /// # Errors
    /// As for [`StickyStore::write`].
    fn replace(
        &self,
        key: &PinKey<'_>,
        expected: SenderKey,
        sender: &PinnedSender<'_>,
    ) -> Result<Option<Pin>, StickyError> {
        self.write_one(&Write::replace(*key, expected, *sender))
    }

    /// [`StickyStore::write`] with one item.
    ///
    /// # Errors
    /// As for [`StickyStore::write`].
    fn write_one(&self, write: &Write<'_>) -> Result<Option<Pin>, StickyError> {
        one(self.write(std::slice::from_ref(write)))
    }

    /// The same store for callers that must not block; `None` if none of its calls block.
    fn as_async(&self) -> Option<&dyn AsyncStore> {
        None
    }
}

fn one(answers: Vec<Result<Option<Pin>, StickyError>>) -> Result<Option<Pin>, StickyError> {
    answers.into_iter().next().unwrap_or_else(|| Err(StickyError::new("the store gave no answer")))
}
