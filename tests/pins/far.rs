//! A store that is a network away, as far as the gateway can tell: it counts its round trips, and fails when it is told to.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use callsign::sticky::{Answers, AsyncStore, Filter, Page, Position, Release, StickyError, Touch, Write};
use callsign::{MemoryStore, Pin, PinKey, StickyStore};

type Hook = Box<dyn FnOnce(&MemoryStore) + Send>;

#[derive(Default)]
pub(crate) struct Far {
    pub(crate) pins: MemoryStore,
    pub(crate) reads_fail: AtomicBool,
    pub(crate) writes_fail: AtomicBool,
    reads: AtomicUsize,
    writes: AtomicUsize,
    before_write: Mutex<Option<Hook>>,
}

impl Far {
    /// How often it was read and written.
    pub(crate) fn trips(&self) -> (usize, usize) {
        (self.reads.load(Ordering::SeqCst), self.writes.load(Ordering::SeqCst))
    }

    /// What happens before the next write.
    pub(crate) fn before_write(&self, hook: impl FnOnce(&MemoryStore) + Send + 'static) {
        *self.before_write.lock().unwrap() = Some(Box::new(hook));
    }
}

fn away<T>(_: T) -> Result<Option<Pin>, StickyError> {
    Err(StickyError::new("the store is away"))
}

impl StickyStore for Far {
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        match self.reads_fail.load(Ordering::SeqCst) {
            true => keys.iter().map(away).collect(),
            false => self.pins.read(keys),
        }
    }

    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        if let Some(hook) = self.before_write.lock().unwrap().take() {
            hook(&self.pins);
        }
        match self.writes_fail.load(Ordering::SeqCst) {
            true => writes.iter().map(away).collect(),
            false => self.pins.write(writes),
        }
    }

    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.pins.release(releases)
    }

    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError> {
        self.pins.touch(touches)
    }

    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError> {
        self.pins.list(filter, after, most)
    }

    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError> {
        self.pins.count(filter)
    }

    fn as_async(&self) -> Option<&dyn AsyncStore> {
        Some(self)
    }
}

impl AsyncStore for Far {
    fn read_async<'a>(&'a self, keys: &'a [PinKey<'a>]) -> Answers<'a> {
        Box::pin(async {
            pause().await;
            self.read(keys)
        })
    }

    fn write_async<'a>(&'a self, writes: &'a [Write<'a>]) -> Answers<'a> {
        Box::pin(async {
            pause().await;
            self.write(writes)
        })
    }

    fn touch_later(&self, touches: &[Touch<'_>]) {
        let _ = self.pins.touch(touches);
    }
}

/// Gives way once, as an answer over a network does.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The simplest executor: nothing of a runtime is there.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Wakes(Thread);
    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Wakes(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Futures of the gateway may move between threads.
#[test]
fn the_futures_of_a_gateway_can_be_sent() {
    fn is_send(_: &impl Send) {}
    let gateway = crate::resolution::platform::Platform::new().gateway();
    let messages = [crate::resolution::platform::sms("shop", "+14155550123")];
    is_send(&gateway.resolve_batch_async(&messages));
    is_send(&gateway.resolve_async(&messages[0]));
}
