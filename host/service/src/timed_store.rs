//! The pin store, with its response times measured, and with what is known of whether it answers.

use std::sync::Arc;
use std::time::Instant;

use callsign::sticky::{Answers, AsyncStore, Filter, Page, Position, Release, Touch, Write};
use callsign::{Pin, PinKey, StickyError, StickyStore};

use crate::metrics::Metrics;
use crate::outage::Outage;

/// A pin store that measures the asynchronous reads and writes: those that decisions wait for.
pub(crate) struct TimedStore {
    store: Arc<dyn StickyStore>,
    metrics: Arc<Metrics>,
    outage: Arc<Outage>,
}

impl TimedStore {
    pub(crate) fn around(
        store: Arc<dyn StickyStore>,
        metrics: Arc<Metrics>,
        outage: Arc<Outage>,
    ) -> Arc<dyn StickyStore> {
        Arc::new(Self { store, metrics, outage })
    }

    /// Notes how an operation went.
    fn note<T>(&self, answer: Result<T, StickyError>) -> Result<T, StickyError> {
        match &answer {
            Ok(_) => self.outage.works(),
            Err(error) => self.outage.failed(1, error),
        }
        answer
    }

    fn note_all<T>(&self, answers: Vec<Result<T, StickyError>>) -> Vec<Result<T, StickyError>> {
        let mut failed = answers.iter().filter_map(|answer| answer.as_ref().err());
        match failed.next() {
            None if answers.is_empty() => {}
            None => self.outage.works(),
            Some(error) => self.outage.failed(1 + failed.count() as u64, error),
        }
        answers
    }
}

impl StickyStore for TimedStore {
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.note_all(self.store.read(keys))
    }

    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.note_all(self.store.write(writes))
    }

    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.note_all(self.store.release(releases))
    }

    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError> {
        self.note(self.store.touch(touches))
    }

    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError> {
        self.store.list(filter, after, most)
    }

    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError> {
        self.note(self.store.count(filter))
    }

    fn disk_space(&self) -> Result<Option<u64>, StickyError> {
        self.store.disk_space()
    }

    fn as_async(&self) -> Option<&dyn AsyncStore> {
        self.store.as_async().map(|_| self as &dyn AsyncStore)
    }
}

impl AsyncStore for TimedStore {
    fn read_async<'a>(&'a self, keys: &'a [PinKey<'a>]) -> Answers<'a> {
        let Some(store) = self.store.as_async() else { return Box::pin(async move { self.read(keys) }) };
        Box::pin(async move {
            let began = Instant::now();
            let answers = store.read_async(keys).await;
            self.metrics.stored("sticky", "read", began.elapsed());
            self.note_all(answers)
        })
    }

    fn write_async<'a>(&'a self, writes: &'a [Write<'a>]) -> Answers<'a> {
        let Some(store) = self.store.as_async() else { return Box::pin(async move { self.write(writes) }) };
        Box::pin(async move {
            let began = Instant::now();
            let answers = store.write_async(writes).await;
            self.metrics.stored("sticky", "write", began.elapsed());
            self.note_all(answers)
        })
    }

    fn touch_later(&self, touches: &[Touch<'_>]) {
        if let Some(store) = self.store.as_async() {
            store.touch_later(touches);
        }
    }
}
