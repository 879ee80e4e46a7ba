//! The pins of a test: put back to what they were before a case, so that every way of deciding it finds the same.

use std::sync::{Arc, Mutex, PoisonError};

use callsign::sticky::{Filter, Page, PinRecord, Position, Release, Touch, Write};
use callsign::{Channel, MemoryStore, Pin, PinKey, PinnedSender, Recipient, StickyError, StickyStore};

/// The most pins of a test: more are not put back.
const MOST: usize = 10_000;

/// A store whose pins can be put back.
#[derive(Debug, Default)]
pub(super) struct TestPins(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pins: Arc<MemoryStore>,
    /// The keys that were read or written since the pins were put back.
    used: Vec<Key>,
    /// The sender that each write since then wanted.
    wanted: Vec<(Key, String)>,
}

/// A pin's key: its scope, channel and recipient.
pub(super) type Key = (u128, Channel, Recipient);

fn key_of(key: &PinKey<'_>) -> Key {
    (key.scope.hash(), key.channel, key.recipient)
}

impl TestPins {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn pins(&self) -> Arc<MemoryStore> {
        self.with(|state| Arc::clone(&state.pins))
    }

    /// All pins.
    pub(super) fn all(&self) -> Vec<PinRecord> {
        // Pins in memory are always there.
        self.pins().list(&Filter::All, None, MOST).map(|page| page.pins).unwrap_or_default()
    }

    /// Puts these pins back, and forgets all others and what was used.
    pub(super) fn put_back(&self, pins: &[PinRecord]) {
        let store = MemoryStore::new();
        for record in pins {
            // As above: this does not fail.
            let _ = store.insert(&record.key(), &PinnedSender::new(&record.sender));
        }
        self.with(|state| *state = State { pins: Arc::new(store), ..State::default() });
    }

    /// The keys that were read or written since the pins were put back.
    pub(super) fn used(&self) -> Vec<Key> {
        self.with(|state| state.used.clone())
    }

    /// The senders that were pinned under these keys since the pins were put back.
    pub(super) fn pinned(&self, keys: &[Key]) -> Vec<String> {
        self.with(|state| {
            let of_keys = state.wanted.iter().filter(|(key, _)| keys.contains(key));
            of_keys.map(|(_, sender)| sender.clone()).collect()
        })
    }
}

impl StickyStore for TestPins {
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.with(|state| state.used.extend(keys.iter().map(key_of)));
        self.pins().read(keys)
    }

    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.with(|state| {
            for write in writes {
                let key = key_of(&write.key);
                state.used.push(key);
                state.wanted.push((key, write.sender.id.to_owned()));
            }
        });
        self.pins().write(writes)
    }

    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.pins().release(releases)
    }

    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError> {
        self.pins().touch(touches)
    }

    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError> {
        self.pins().list(filter, after, most)
    }

    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError> {
        self.pins().count(filter)
    }
}
