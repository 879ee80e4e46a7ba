//! Pins in memory, gone with the process.

use std::time::{SystemTime, UNIX_EPOCH};

use hashbrown::DefaultHashBuilder;
use papaya::{Compute, HashMap, Operation};

use super::{Pin, PinKey, PinnedSender, SenderKey, StickyError, StickyStore};

/// Keeps pins in a concurrent hash map: reads take no lock, and of several writers of one key the first wins.
///
/// Durability: none. Meant for tests, and for runs whose pins need not outlive them.
#[derive(Debug, Default)]
pub struct MemoryStore {
    pins: HashMap<Key, Pin, DefaultHashBuilder>,
}

/// Scope, channel, recipient.
type Key = (u128, u8, u64);

fn key(key: &PinKey<'_>) -> Key {
    (key.scope_hash, key.channel as u8, key.recipient.get())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many pins there are.
    pub fn len(&self) -> usize {
        self.pins.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty()
    }
}

impl StickyStore for MemoryStore {
    fn get(&self, pin: &PinKey<'_>) -> Result<Option<Pin>, StickyError> {
        Ok(self.pins.pin().get(&key(pin)).copied())
    }

    fn insert(&self, pin: &PinKey<'_>, sender: &PinnedSender<'_>) -> Result<Option<Pin>, StickyError> {
        match self.pins.pin().try_insert(key(pin), Pin::new(sender.key, now())) {
            Ok(_) => Ok(None),
            Err(occupied) => Ok(Some(*occupied.current)),
        }
    }

    fn replace(
        &self,
        pin: &PinKey<'_>,
        expected: SenderKey,
        sender: &PinnedSender<'_>,
    ) -> Result<Option<Pin>, StickyError> {
        let new = Pin::new(sender.key, now());
        let pins = self.pins.pin();
        let outcome = pins.compute(key(pin), |entry| match entry {
            Some((_, current)) if current.sender != expected => Operation::Abort(*current),
            _ => Operation::Insert(new),
        });
        match outcome {
            Compute::Aborted(current) => Ok(Some(current)),
            _ => Ok(None),
        }
    }
}
