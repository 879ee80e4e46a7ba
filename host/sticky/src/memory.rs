//! Pins in memory, lost when the process ends.

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hashbrown::DefaultHashBuilder;
use papaya::{Compute, HashMap, Operation};

use crate::error::StickyError;
use crate::key_bytes::{KEY_LEN, key_bytes, key_parts};
use crate::listing::{Filter, Page, PinRecord, Position};
use crate::name_cache::NameCache;
use crate::pin::{Pin, PinKey, Release, Touch, Write, now};
use crate::store::StickyStore;

/// Keeps pins in a concurrent hash map: reads take no lock, and of several writers of one key the first wins.
///
/// Durability: none. It is meant for tests, and for runs whose pins need not outlive them. Recipients are kept as they
/// are given. Listing reads all pins.
#[derive(Debug, Default)]
pub struct MemoryStore {
    pins: HashMap<[u8; KEY_LEN], Pin, DefaultHashBuilder>,
    names: NameCache,
    /// Whether any pin has a time to live, and the number of writes since ended pins were last removed.
    some_end: AtomicBool,
    writes: AtomicUsize,
}

/// Ended pins are removed after as many writes as there are pins, and at least this many.
const SWEEP: usize = 10_000;

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of pins, including ended ones that are still in the map.
    pub fn len(&self) -> usize {
        self.pins.len()
    }

    /// Whether there are no pins.
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty()
    }

    #[cold]
    fn sweep(&self, now: u64) {
        if self.writes.fetch_add(1, Ordering::Relaxed) >= SWEEP.max(self.pins.len()) {
            self.writes.store(0, Ordering::Relaxed);
            self.pins.pin().retain(|_, pin| !pin.has_ended(now));
        }
    }

    fn matching<'a>(&self, filter: &'a Filter<'a>) -> impl Fn(&[u8; KEY_LEN], &Pin) -> bool + 'a {
        move |key, pin| match filter {
            Filter::All => true,
            Filter::Scope(scope) => key[..16] == scope.hash().to_be_bytes(),
            Filter::Sender(sender) => pin.sender == sender.key,
            Filter::Recipient(recipient) => key[17..] == recipient.to_bytes(),
        }
    }

    fn record(&self, key: &[u8; KEY_LEN], pin: Pin) -> Option<PinRecord> {
        let (scope, channel, recipient) = key_parts(key)?;
        let (application, entity) = self.names.scope(scope)?;
        let sender = self.names.sender(pin.sender)?;
        Some(PinRecord { application, entity, scope, channel, recipient, sender, pin })
    }
}

impl StickyStore for MemoryStore {
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        writes.iter().map(|write| self.write_one(write)).collect()
    }

    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        let pins = self.pins.pin();
        let now = now();
        let release = |release: &Release<'_>| {
            let outcome = pins.compute(key_bytes(&release.key), |entry| match entry {
                Some((_, pin)) if release.expected.is_none_or(|sender| sender == pin.sender) => Operation::Remove,
                _ => Operation::Abort(()),
            });
            match outcome {
                Compute::Removed(_, pin) => Ok((!pin.has_ended(now)).then_some(*pin)),
                _ => Ok(None),
            }
        };
        releases.iter().map(release).collect()
    }

    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError> {
        let (pins, now) = (self.pins.pin(), now());
        for touch in touches {
            if touch.idle_days > 0 {
                self.some_end.store(true, Ordering::Relaxed);
            }
            pins.compute(key_bytes(&touch.key), |entry| match entry {
                Some((_, &pin)) if pin.sender == touch.sender && !pin.has_ended(now) => {
                    Operation::Insert(Pin { last_used: now, idle_days: touch.idle_days, ..pin })
                }
                _ => Operation::Abort(()),
            });
        }
        Ok(())
    }

    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError> {
        let matches = self.matching(filter);
        let now = now();
        let pins = self.pins.pin();
        // The smallest keys after the position, the greatest of them on top.
        let mut least: BinaryHeap<[u8; KEY_LEN]> = BinaryHeap::with_capacity(most + 1);
        for (key, pin) in &pins {
            if after.is_some_and(|after| key[..] <= after.0[..]) || pin.has_ended(now) || !matches(key, pin) {
                continue;
            }
            least.push(*key);
            if least.len() > most {
                least.pop();
            }
        }
        let keys = least.into_sorted_vec();
        let next = keys.last().filter(|_| keys.len() == most).map(|last| Position(last[..].into()));
        let records = keys.iter().filter_map(|key| self.record(key, *pins.get(key)?));
        Ok(Page { pins: records.collect(), next })
    }

    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError> {
        let matches = self.matching(filter);
        Ok(self.pins.pin().iter().filter(|(key, pin)| matches(key, pin)).count() as u64)
    }

    fn get(&self, key: &PinKey<'_>) -> Result<Option<Pin>, StickyError> {
        let pin = self.pins.pin().get(&key_bytes(key)).copied();
        Ok(pin.filter(|pin| pin.idle_days == 0 || !pin.has_ended(now())))
    }

    fn write_one(&self, write: &Write<'_>) -> Result<Option<Pin>, StickyError> {
        let now = now();
        if write.idle_days > 0 {
            self.some_end.store(true, Ordering::Relaxed);
        }
        if self.some_end.load(Ordering::Relaxed) {
            self.sweep(now);
        }
        let wanted = write.compare_and_set();
        self.names.learn(&write.key.scope, &write.sender);
        let pins = self.pins.pin();
        // Most keys are new. A map that was filled by `compute` alone is several times slower to read.
        if write.expected.is_none()
            && let Ok(new) = wanted.apply_to(None, now)
        {
            match pins.try_insert(key_bytes(&write.key), new) {
                Ok(_) => return Ok(None),
                Err(occupied) if !occupied.current.has_ended(now) => return Ok(Some(*occupied.current)),
                Err(_) => {}
            }
        }
        let outcome =
            pins.compute(key_bytes(&write.key), |entry| match wanted.apply_to(entry.map(|(_, pin)| *pin), now) {
                Ok(new) => Operation::Insert(new),
                Err(current) => Operation::Abort(current),
            });
        match outcome {
            Compute::Aborted(current) => Ok(Some(current)),
            _ => Ok(None),
        }
    }
}
