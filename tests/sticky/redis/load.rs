//! Writers that race on the same recipients, and what each was told.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callsign_sticky::{PinKey, SenderKey, StickyStore, Write};

use crate::conformance::{key, sender};

/// What one writer was told of a key.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub index: u64,
    pub sender: SenderKey,
    pub at: Instant,
}

/// What all of them were.
#[derive(Debug, Default)]
pub struct History {
    pub told: Vec<Told>,
    /// Keys whose calls failed at least once, with one of the errors.
    pub failed: HashMap<u64, String>,
}

/// How the writers get on.
#[derive(Debug, Default)]
pub struct Progress {
    pub stop: AtomicBool,
    /// Keys that were told, for each third of the slots.
    pub done: [AtomicU64; 3],
}

impl Progress {
    pub fn total(&self) -> u64 {
        self.done.iter().map(|done| done.load(Ordering::Relaxed)).sum()
    }
}

/// Stops the writers when a check fails, so that the test ends.
pub struct Stops<'a>(pub &'a Progress);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

const WRITERS: usize = 16;

/// New keys in each call of a writer.
const AT_ONCE: u64 = 8;

/// Every writer goes through the same recipients with a sender of its own: writes, reads, and does so again where a call
/// failed.
pub fn hammer(store: &dyn StickyStore, prefix: &str, application: &str, progress: &Progress) -> History {
    let write = |writer: usize| {
        let (mut history, mut next, mut again) = (History::default(), 0, Vec::new());
        let id = format!("{application}-w{writer}");
        while !progress.stop.load(Ordering::Relaxed) {
            // Writers that fail throughout wait for better times.
            if !again.is_empty() {
                std::thread::park_timeout(Duration::from_millis(2));
            }
            let mut indexes: Vec<u64> = std::mem::take(&mut again);
            indexes.extend(next..next + AT_ONCE);
            next += AT_ONCE;
            let keys: Vec<PinKey<'_>> = indexes.iter().map(|&index| key(application, index)).collect();
            let writes: Vec<Write<'_>> = keys.iter().map(|&key| Write::insert(key, sender(&id))).collect();
            let written = store.write(&writes);
            let read = store.read(&keys);
            for (position, &index) in indexes.iter().enumerate() {
                let (written, read) = (&written[position], &read[position]);
                let mut tell = |sender| history.told.push(Told { index, sender, at: Instant::now() });
                if let Ok(pin) = written {
                    tell(pin.map_or(sender(&id).key, |pin| pin.sender));
                    progress.done[third(slot(prefix, &keys[position]))].fetch_add(1, Ordering::Relaxed);
                }
                if let Ok(Some(pin)) = read {
                    tell(pin.sender);
                }
                if let Some(error) = written.as_ref().err().or(read.as_ref().err()) {
                    history.failed.insert(index, error.to_string());
                }
                if written.is_err() {
                    again.push(index);
                }
            }
        }
        history
    };
    let mut all = History::default();
    std::thread::scope(|scope| {
        let write = &write;
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
        for writer in writers {
            let History { told, failed } = writer.join().unwrap();
            all.told.extend(told);
            all.failed.extend(failed);
        }
    });
    all
}

impl History {
    /// The senders that each key was told with, in the order of the moments.
    pub fn senders(&self) -> HashMap<u64, Vec<Told>> {
        let mut told = self.told.clone();
        told.sort_by_key(|told| told.at);
        let mut senders: HashMap<u64, Vec<Told>> = HashMap::new();
        for told in told {
            let senders = senders.entry(told.index).or_default();
            if senders.iter().all(|known| known.sender != told.sender) {
                senders.push(told);
            }
        }
        senders
    }

    /// The last moment at which a key was told with a sender.
    pub fn last(&self, index: u64, sender: SenderKey) -> Instant {
        self.told.iter().filter(|told| told.index == index && told.sender == sender).map(|told| told.at).max().unwrap()
    }

    /// Every key was told with one sender, and has it in the store.
    pub fn has_one_sender_each(&self, store: &dyn StickyStore, application: &str) -> usize {
        let senders = self.senders();
        let mut indexes: Vec<u64> = senders.keys().copied().collect();
        indexes.sort_unstable();
        for indexes in indexes.chunks(1_000) {
            let keys: Vec<PinKey<'_>> = indexes.iter().map(|&index| key(application, index)).collect();
            for (index, read) in indexes.iter().zip(store.read(&keys)) {
                let told = &senders[index];
                assert_eq!(told.len(), 1, "two senders for {index}: {told:?}");
                assert_eq!(read.unwrap().map(|pin| pin.sender), Some(told[0].sender), "{index}");
            }
        }
        let winners: HashSet<SenderKey> = senders.values().map(|told| told[0].sender).collect();
        assert!(winners.len() > 1, "one writer won them all");
        indexes.len()
    }
}

/// The third of the slots that a slot is in: the number of its master at first.
pub fn third(slot: u16) -> usize {
    (0..3).find(|number| usize::from(slot) < 16_384 * (number + 1) / 3).unwrap()
}

/// The key under which the store keeps a pin.
pub fn redis_key(prefix: &str, key: &PinKey<'_>) -> Vec<u8> {
    let scope = key.scope.hash().to_be_bytes();
    [format!("{prefix}{{}}").as_bytes(), &scope, &[key.channel as u8], &key.recipient.to_bytes()].concat()
}

/// The slot of it.
pub fn slot(prefix: &str, key: &PinKey<'_>) -> u16 {
    checksum(&redis_key(prefix, key)) % 16_384
}

/// CRC16/XMODEM.
pub fn checksum(bytes: &[u8]) -> u16 {
    let step = |sum: u16, byte: &u8| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| if sum & 0x8000 != 0 { sum << 1 ^ 0x1021 } else { sum << 1 })
    };
    bytes.iter().fold(0, step)
}
