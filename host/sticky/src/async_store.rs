//! Store calls as futures, for callers that must not block.

use std::future::Future;
use std::pin::Pin as Pinned;

use crate::error::StickyError;
use crate::pin::{Pin, PinKey, Touch, Write};

/// The future answers of a call, one for each of its items.
pub type Answers<'a> = Pinned<Box<dyn Future<Output = Vec<Result<Option<Pin>, StickyError>>> + Send + 'a>>;

/// A store that can be called without blocking the thread. [`StickyStore`](crate::StickyStore) says what each method
/// does.
///
/// The futures may be awaited on any executor: a store runs its connections on its own runtime.
pub trait AsyncStore: Send + Sync {
    /// [`StickyStore::read`](crate::StickyStore::read), in one round trip for all keys (in a cluster: one to each
    /// server, at the same time).
    fn read_async<'a>(&'a self, keys: &'a [PinKey<'a>]) -> Answers<'a>;

    /// [`StickyStore::write`](crate::StickyStore::write), in one round trip.
    fn write_async<'a>(&'a self, writes: &'a [Write<'a>]) -> Answers<'a>;

    /// [`StickyStore::touch`](crate::StickyStore::touch). Returns at once and writes in the background; touches are
    /// dropped while too many wait.
    fn touch_later(&self, touches: &[Touch<'_>]);
}
