//! Stores that are a network away: the same as futures, and patience with them.

use std::future::Future;
use std::pin::Pin as Pinned;

use crate::error::StickyError;
use crate::pin::{Pin, PinKey, Touch, Write};

/// The answers of a call, when they are there.
pub type Answers<'a> = Pinned<Box<dyn Future<Output = Vec<Result<Option<Pin>, StickyError>>> + Send + 'a>>;

/// A store that is asked without blocking the thread. What the methods mean is said of [`StickyStore`](crate::StickyStore).
///
/// The futures may be awaited on any executor: a store brings the runtime that its connections live on.
pub trait AsyncStore: Send + Sync {
    /// [`StickyStore::read`](crate::StickyStore::read), in one round trip however many keys there are (one for each
    /// server of a cluster, side by side).
    fn read_async<'a>(&'a self, keys: &'a [PinKey<'a>]) -> Answers<'a>;

    /// [`StickyStore::write`](crate::StickyStore::write), in one round trip.
    fn write_async<'a>(&'a self, writes: &'a [Write<'a>]) -> Answers<'a>;

    /// [`StickyStore::touch`](crate::StickyStore::touch). Returns at once: the writing is left to the background, and may
    /// be left out where too much of it waits.
    fn touch_later(&self, touches: &[Touch<'_>]);
}
