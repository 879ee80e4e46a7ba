//! The ring between one deciding thread and the writer.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rtrb::{Consumer, Producer, RingBuffer};

use crate::entry::MAX_RECORD_BYTES;

thread_local! {
    /// The lanes of this thread: one for each log that it has recorded to.
    static LANES: RefCell<Vec<Lane>> = const { RefCell::new(Vec::new()) };
}

/// The end of a ring where a thread records.
pub(crate) struct Lane {
    log: u64,
    pub(crate) ring: Producer<u8>,
    /// Room for the greatest record, which is put together here: the ring may end in the middle of it.
    pub(crate) entry: Box<[u8; MAX_RECORD_BYTES]>,
    /// Bytes since the writer was last woken for this lane.
    pub(crate) unannounced: usize,
    counts: Arc<LaneCounts>,
}

/// The end of a ring where the writer takes records out.
pub(crate) struct LaneEnd {
    pub(crate) ring: Consumer<u8>,
    counts: Arc<LaneCounts>,
    dropped: u64,
}

#[derive(Debug, Default)]
struct LaneCounts {
    dropped: AtomicU64,
}

impl Lane {
    fn new(log: u64, ring_bytes: usize) -> (Lane, LaneEnd) {
        let (producer, consumer) = RingBuffer::new(ring_bytes);
        let counts = Arc::new(LaneCounts::default());
        let entry = Box::new([0; MAX_RECORD_BYTES]);
        let lane = Lane { log, ring: producer, entry, unannounced: 0, counts: counts.clone() };
        (lane, LaneEnd { ring: consumer, counts, dropped: 0 })
    }

    /// Counts a record that is dropped.
    pub(crate) fn drop_record(&self) {
        // This thread alone writes it.
        self.counts.dropped.store(self.counts.dropped.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

impl LaneEnd {
    /// How many records were dropped since this was last asked.
    pub(crate) fn new_drops(&mut self) -> u64 {
        let dropped = self.counts.dropped.load(Ordering::Relaxed);
        let new = dropped - self.dropped;
        self.dropped = dropped;
        new
    }
}

/// Works with this thread's lane of a log, which is made and given to `adopt` at its first use. `None` while the thread ends.
#[inline]
pub(crate) fn with<T>(
    log: u64,
    ring_bytes: usize,
    adopt: impl FnOnce(LaneEnd),
    work: impl FnOnce(&mut Lane) -> T,
) -> Option<T> {
    let found = LANES.try_with(|lanes| {
        let mut lanes = lanes.try_borrow_mut().ok()?;
        let at = match lanes.iter().position(|lane| lane.log == log) {
            Some(at) => at,
            None => {
                // Those of logs that are closed.
                lanes.retain(|lane| !lane.ring.is_abandoned());
                let (lane, end) = Lane::new(log, ring_bytes);
                adopt(end);
                lanes.push(lane);
                lanes.len() - 1
            }
        };
        Some(work(&mut lanes[at]))
    });
    found.ok().flatten()
}
