//! What every store can do.

use crate::async_store::AsyncStore;
use crate::error::StickyError;
use crate::listing::{Filter, Page, Position};
use crate::pin::{Pin, PinKey, PinnedSender, Release, SenderKey, Touch, Write};

/// Where pins are kept. Every method may be called from any number of threads at once.
///
/// The first writer of a key wins: whatever order the calls come in, [`StickyStore::write`] gives one winner, and every
/// loser is told who won. What one answer says holds for every answer that is asked for later, in this process and in
/// every other on the same store, until a replace, a release or the end of the pin's time to live. What a store promises
/// beyond that (whether pins outlive a crash, a failover) is in its own documentation.
///
/// Bulk methods answer for each item, in order; one that fails does not fail the others. Items of one call take effect in
/// their order where they are for the same key.
pub trait StickyStore: Send + Sync {
    /// The pins of keys. A pin whose time to live is over is none.
    ///
    /// # Errors
    /// For each key on its own: the store cannot say.
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>>;

    /// Inserts if absent, or replaces if still the one expected: `Ok(None)` where the wanted pin was written. Else the
    /// pin that the key has is the answer, and nothing changed.
    ///
    /// # Errors
    /// For each write on its own: the store could not write; the key may have the wanted pin or not.
    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>>;

    /// Takes pins off: the pin that was taken off, or none where there was none, or one of another sender.
    ///
    /// # Errors
    /// For each release on its own: the store could not write; the key may have its pin or not.
    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>>;

    /// Notes that pins were used, which makes their time to live begin anew. May be written later than this returns, or
    /// not at all where the store is behind; the next use makes up for it.
    ///
    /// # Errors
    /// The store does not answer.
    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError>;

    /// Pins in the order of the store, at most so many (1 to 10,000), after a position of an earlier page. Pins that are
    /// written while pages are read may be in them or not; all others are, each once.
    ///
    /// # Errors
    /// The store does not answer, or the position is not of this store and this filter.
    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError>;

    /// How many pins there are, ended ones that were not swept away yet included.
    ///
    /// # Errors
    /// The store does not answer.
    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError>;

    /// The bytes that the store takes on the disk; none where it cannot tell.
    ///
    /// # Errors
    /// The store does not answer.
    fn disk_space(&self) -> Result<Option<u64>, StickyError> {
        Ok(None)
    }

    /// The pin of one key.
    ///
    /// # Errors
    /// The store cannot say.
    fn get(&self, key: &PinKey<'_>) -> Result<Option<Pin>, StickyError> {
        one(self.read(std::slice::from_ref(key)))
    }

    /// Pins a key that has no pin, for ever: `Ok(None)`. Where it has one already, that one is the answer.
    ///
    /// # Errors
    /// As of [`StickyStore::write`].
    fn insert(&self, key: &PinKey<'_>, sender: &PinnedSender<'_>) -> Result<Option<Pin>, StickyError> {
        self.write_one(&Write::insert(*key, *sender))
    }

    /// Pins a key to another sender, for ever, where it is still pinned to the one expected, or to none any more:
    /// `Ok(None)`. Else its pin is the answer and nothing changes.
    ///
    /// # Errors
    /// As of [`StickyStore::write`].
    fn replace(
        &self,
        key: &PinKey<'_>,
        expected: SenderKey,
        sender: &PinnedSender<'_>,
    ) -> Result<Option<Pin>, StickyError> {
        self.write_one(&Write::replace(*key, expected, *sender))
    }

    /// One write.
    ///
    /// # Errors
    /// As of [`StickyStore::write`].
    fn write_one(&self, write: &Write<'_>) -> Result<Option<Pin>, StickyError> {
        one(self.write(std::slice::from_ref(write)))
    }

    /// The same store for callers that must not block: none where nothing of it blocks.
    fn as_async(&self) -> Option<&dyn AsyncStore> {
        None
    }
}

fn one(answers: Vec<Result<Option<Pin>, StickyError>>) -> Result<Option<Pin>, StickyError> {
    answers.into_iter().next().unwrap_or_else(|| Err(StickyError::new("the store gave no answer")))
}
