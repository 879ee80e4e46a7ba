//! The tables of a store, and their keys and values as bytes.

use std::path::Path;
use std::time::{Duration, Instant};

use fjall::config::{
    BlockSizePolicy, BloomConstructionPolicy, FilterPolicy, FilterPolicyEntry, HashRatioPolicy, PinningPolicy,
};
use fjall::{Database, Keyspace, KeyspaceCreateOptions};

use crate::error::StickyError;
use crate::key_bytes::KEY_LEN;
use crate::pin::{Pin, SenderKey};

/// The tables.
pub(super) struct Tables {
    pub(super) database: Database,
    /// The key of a pin: [`value_of`].
    pub(super) pins: Keyspace,
    /// [`sender_entry`], without a value: an index of pins by sender.
    pub(super) by_sender: Keyspace,
    /// [`due_entry`], without a value: the day on which a pin has to be checked for its end. A pin with a time to live
    /// has an entry no later than the day on which it ends; a touch does not move it.
    pub(super) due: Keyspace,
    /// The names of scopes and senders, see [`Names`](super::names::Names).
    pub(super) names: Keyspace,
}

/// Seconds of a day.
const DAY: u64 = 86_400;

/// The length of a value.
const VALUE: usize = 8 + 4 + 4 + 2;

/// The size of each table's memtable, in bytes: changes that are not in the table's files yet, and are read again from
/// the journal after a crash.
const PENDING: u64 = 16 << 20;

/// How long closing waits for the memtables to be written.
const SETTLE: Duration = Duration::from_secs(5);

/// The smallest size of its journals that fjall allows.
const JOURNALS: u64 = 64 << 20;

impl Tables {
    pub(super) fn open(path: &Path, cache: u64) -> Result<Self, fjall::Error> {
        let database = Database::builder(path).cache_size(cache).max_journaling_size(JOURNALS).open()?;
        let open = |name: &str| database.keyspace(name, || KeyspaceCreateOptions::default().max_memtable_size(PENDING));
        // Reads are of single keys, and most keys either exist or are in no file at all.
        let pins = database.keyspace("pins", || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(PENDING)
                .data_block_size_policy(BlockSizePolicy::all(4 << 10))
                .data_block_hash_ratio_policy(HashRatioPolicy::all(1.0))
                .index_block_pinning_policy(PinningPolicy::all(true))
                .filter_block_pinning_policy(PinningPolicy::all(true))
                .filter_policy(FilterPolicy::all(FilterPolicyEntry::Bloom(BloomConstructionPolicy::BitsPerKey(10.0))))
        })?;
        Ok(Self { pins, by_sender: open("by-sender")?, due: open("due")?, names: open("names")?, database })
    }

    /// The pin of a key, ended or not.
    pub(super) fn pin(&self, key: &[u8; KEY_LEN]) -> Result<Option<Pin>, StickyError> {
        match self.pins.get(key).map_err(failed)? {
            Some(value) => pin_of(&value).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn disk_space(&self) -> Result<u64, StickyError> {
        self.database.disk_space().map_err(failed)
    }

    /// Writes the memtables to the tables' files, so that the next opening need not read the journal. Gives up after a
    /// while: with a bad disk the writes may never end.
    pub(super) fn settle(&self) -> Result<(), fjall::Error> {
        let tables = [&self.pins, &self.by_sender, &self.due, &self.names];
        for table in tables {
            table.rotate_memtable()?;
        }
        let ends = Instant::now() + SETTLE;
        while tables.iter().any(|table| table.sealed_memtable_count() > 0) && Instant::now() < ends {
            std::thread::park_timeout(Duration::from_millis(2));
        }
        Ok(())
    }
}

/// An error of the engine as an error of the store.
pub(super) fn failed(error: fjall::Error) -> StickyError {
    StickyError::new(reason(&error))
}

pub(super) fn reason(error: &fjall::Error) -> String {
    match error {
        fjall::Error::Io(error) => error.to_string(),
        fjall::Error::Poisoned => "an earlier write failed; open the store again once the disk is repaired".into(),
        fjall::Error::Storage(error) => format!("{error:?}"),
        other => format!("{other:?}"),
    }
}

/// A pin as bytes: the sender's key, first used, last used, idle days, all big-endian.
pub(super) fn value_of(pin: &Pin) -> [u8; VALUE] {
    let mut value = [0; VALUE];
    value[..8].copy_from_slice(&pin.sender.0.to_be_bytes());
    value[8..12].copy_from_slice(&seconds(pin.first_used).to_be_bytes());
    value[12..16].copy_from_slice(&seconds(pin.last_used).to_be_bytes());
    value[16..].copy_from_slice(&pin.idle_days.to_be_bytes());
    value
}

/// 32 bits are enough until the year 2106.
fn seconds(time: u64) -> u32 {
    u32::try_from(time).unwrap_or(u32::MAX)
}

pub(super) fn pin_of(value: &[u8]) -> Result<Pin, StickyError> {
    let value: &[u8; VALUE] = value
        .try_into()
        .map_err(|_| StickyError::new(format!("a pin on the disk has {} bytes, not {VALUE}", value.len())))?;
    let number = |at: usize| u32::from_be_bytes([value[at], value[at + 1], value[at + 2], value[at + 3]]);
    Ok(Pin {
        sender: SenderKey(u64::from(number(0)) << 32 | u64::from(number(4))),
        first_used: number(8).into(),
        last_used: number(12).into(),
        idle_days: u16::from_be_bytes([value[16], value[17]]),
    })
}

/// The sender's key, then the key of the pin.
pub(super) fn sender_entry(sender: SenderKey, key: &[u8; KEY_LEN]) -> [u8; 8 + KEY_LEN] {
    let mut entry = [0; 8 + KEY_LEN];
    entry[..8].copy_from_slice(&sender.0.to_be_bytes());
    entry[8..].copy_from_slice(key);
    entry
}

/// The day, then the key of the pin.
pub(super) fn due_entry(day: u32, key: &[u8; KEY_LEN]) -> [u8; 4 + KEY_LEN] {
    let mut entry = [0; 4 + KEY_LEN];
    entry[..4].copy_from_slice(&day.to_be_bytes());
    entry[4..].copy_from_slice(key);
    entry
}

/// The first day, in days since 1970, that begins after the pin has ended; `None` for a pin without a time to live.
pub(super) fn due_day(pin: &Pin) -> Option<u32> {
    pin.ends().map(|ends| u32::try_from(ends.div_ceil(DAY)).unwrap_or(u32::MAX))
}

/// The day of a time, in days since 1970.
pub(super) fn day(time: u64) -> u32 {
    u32::try_from(time / DAY).unwrap_or(u32::MAX)
}
