//! The store of pins, with what it takes to answer measured.

use std::sync::Arc;
use std::time::Instant;

use callsign::sticky::{Answers, AsyncStore, Filter, Page, Position, Release, Touch, Write};
use callsign::{Pin, PinKey, StickyError, StickyStore};

use crate::metrics::Metrics;

/// A store whose reads and writes are measured where they are awaited: those that decisions wait for.
pub(crate) struct Timed {
    store: Arc<dyn StickyStore>,
    metrics: Arc<Metrics>,
}

impl Timed {
    pub(crate) fn around(store: Arc<dyn StickyStore>, metrics: Arc<Metrics>) -> Arc<dyn StickyStore> {
        Arc::new(Self { store, metrics })
    }
}

impl StickyStore for Timed {
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.store.read(keys)
    }

    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.store.write(writes)
    }

    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.store.release(releases)
    }

    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError> {
        self.store.touch(touches)
    }

    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError> {
        self.store.list(filter, after, most)
    }

    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError> {
        self.store.count(filter)
    }

    fn disk_space(&self) -> Result<Option<u64>, StickyError> {
        self.store.disk_space()
    }

    fn as_async(&self) -> Option<&dyn AsyncStore> {
        self.store.as_async().map(|_| self as &dyn AsyncStore)
    }
}

impl AsyncStore for Timed {
    fn read_async<'a>(&'a self, keys: &'a [PinKey<'a>]) -> Answers<'a> {
        let Some(store) = self.store.as_async() else { return Box::pin(async move { self.store.read(keys) }) };
        Box::pin(async move {
            let began = Instant::now();
            let answers = store.read_async(keys).await;
            self.metrics.stored("sticky", "read", began.elapsed());
            answers
        })
    }

    fn write_async<'a>(&'a self, writes: &'a [Write<'a>]) -> Answers<'a> {
        let Some(store) = self.store.as_async() else { return Box::pin(async move { self.store.write(writes) }) };
        Box::pin(async move {
            let began = Instant::now();
            let answers = store.write_async(writes).await;
            self.metrics.stored("sticky", "write", began.elapsed());
            answers
        })
    }

    fn touch_later(&self, touches: &[Touch<'_>]) {
        if let Some(store) = self.store.as_async() {
            store.touch_later(touches);
        }
    }
}
