//! Pins on the disk of one machine.

mod commit_group;
mod data_dir;
mod expiry;
mod list;
mod names;
mod tables;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::{Cache, GuardResult};

use self::data_dir::DataDir;
use self::names::Names;
use self::tables::Tables;
use self::writer::{Op, OpKind, Writer};
use crate::async_store::{Answers, AsyncStore};
use crate::error::{OpenError, StickyError};
use crate::key_bytes::{KEY_LEN, key_bytes};
use crate::listing::{Filter, Page, Position};
use crate::pin::{Pin, PinKey, Release, Touch, Write, now};
use crate::recipient::RecipientKey;
use crate::store::StickyStore;

/// Keeps pins in a folder that one process has open at a time.
///
/// **Durability.** [`StickyStore::write`] and [`StickyStore::release`] answer when the change is on the disk
/// (`fdatasync`), so a crash of the process or the machine loses no acknowledged pin. Concurrent writers share one
/// commit (group commit), which takes from a fraction of a millisecond to a few milliseconds. A commit is on the disk
/// as a whole or not at all, and readers see its pins only once it is. Touches do not wait for the disk: a crash of the
/// machine may lose those since the last new pin. When the disk fails or is full, writes fail until the store is opened
/// again; reads go on.
///
/// **Privacy.** By default recipients are kept as keyed hashes, see [`Recipients`].
///
/// **Cost.** The pins of recent recipients are kept in memory, see [`EmbeddedOptions::hot_pins`]. Listing by scope or
/// by sender reads only the pins that it lists. Listing by recipient looks up three keys for each scope that was ever
/// pinned. Counting reads the keys that it counts.
///
/// The storage engine is fjall, a log-structured merge tree. `cargo bench -p callsign-sticky --bench engines` compares
/// it with redb, a B-tree, whose random inserts rewrite pages all over the file.
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    writer: Writer,
    data_dir: DataDir,
}

/// State that readers and the writer share.
struct Shared {
    tables: Tables,
    names: Names,
    hot: Cache<[u8; KEY_LEN], Pin>,
    clock: Clock,
}

type Clock = Box<dyn Fn() -> u64 + Send + Sync>;

/// How an embedded store is opened.
#[non_exhaustive]
pub struct EmbeddedOptions {
    /// How recipients are kept.
    pub recipients: Recipients,
    /// The number of pins of recent recipients that are kept in memory, about 130 bytes each. Default 500,000.
    pub hot_pins: usize,
    /// The size of the cache for blocks of the files, in bytes. Default 256 MiB.
    pub cache: u64,
    /// How often ended pins are looked for. Default one minute; at most 1,000 are removed in one commit.
    pub sweep_interval: Duration,
    /// Whether to create the store if there is none. Default yes.
    pub create: bool,
    /// The clock, in seconds since 1970. Default the system's; for tests.
    pub clock: Clock,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            recipients: Recipients::AsTheyAre,
            hot_pins: 500_000,
            cache: 256 << 20,
            sweep_interval: Duration::from_secs(60),
            create: true,
            clock: Box::new(now),
        }
    }
}

impl EmbeddedOptions {
    /// Sets how recipients are kept.
    #[must_use]
    pub fn recipients(mut self, recipients: Recipients) -> Self {
        self.recipients = recipients;
        self
    }

    /// Sets whether to create the store if there is none.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Sets how many pins are kept in memory.
    #[must_use]
    pub fn hot_pins(mut self, pins: usize) -> Self {
        self.hot_pins = pins;
        self
    }
}

impl std::fmt::Debug for EmbeddedOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { recipients, hot_pins, cache, sweep_interval, create, clock: _ } = self;
        let mut debug = f.debug_struct("EmbeddedOptions");
        debug
            .field("recipients", recipients)
            .field("hot_pins", hot_pins)
            .field("cache", cache)
            .field("sweep_interval", sweep_interval);
        debug.field("create", create);
        debug.finish_non_exhaustive()
    }
}

/// How a store keeps its recipients. This is decided when the store is created.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Recipients {
    /// A new store hashes them with a new key, which it keeps in its folder as `recipients.key`, readable by its owner
    /// only. An existing store is opened as it was created.
    #[default]
    AsTheyAre,
    /// Hashed with this key, which is not stored in the folder.
    HashedWith(RecipientKey),
    /// As numbers.
    Plain,
}

impl EmbeddedStore {
    /// Opens the store in a folder, or creates it if the folder is empty or missing.
    ///
    /// # Errors
    /// There is no store and [`EmbeddedOptions::create`] is off, another process has it open, it is damaged or not a
    /// store, a newer version wrote it, its recipients are kept with another key, or a file cannot be read or written.
    /// Existing data is never overwritten.
    pub fn open(path: impl AsRef<Path>, options: EmbeddedOptions) -> Result<Self, OpenError> {
        let data_dir = DataDir::open(path.as_ref(), &options.recipients, options.create)?;
        let (tables, names) = data_dir.tables(options.cache)?;
        let hot = Cache::new(options.hot_pins.max(1));
        let shared = Arc::new(Shared { tables, names, hot, clock: options.clock });
        let writer = Writer::start(Arc::clone(&shared), options.sweep_interval)
            .map_err(|source| OpenError::File { place: data_dir.place(), source })?;
        data_dir.complete()?;
        Ok(Self { shared, writer, data_dir })
    }

    /// The data_dir.
    pub fn path(&self) -> &Path {
        self.data_dir.path()
    }

    /// The key that recipients are hashed with; `None` if they are kept as numbers.
    pub fn recipient_key(&self) -> Option<&RecipientKey> {
        self.data_dir.key()
    }

    #[inline]
    fn key(&self, key: &PinKey<'_>) -> [u8; KEY_LEN] {
        key_bytes(&PinKey { recipient: key.recipient.under(self.data_dir.key()), ..*key })
    }

    fn writes(&self, writes: &[Write<'_>]) -> Vec<Op> {
        let op = |write: &Write<'_>| Op {
            key: self.key(&write.key),
            kind: OpKind::Write(write.compare_and_set()),
            names: self.shared.names.unknown(&write.key.scope, &write.sender),
        };
        writes.iter().map(op).collect()
    }
}

impl Shared {
    fn now(&self) -> u64 {
        (self.clock)()
    }

    /// The pin of a key, from memory or from the disk.
    #[inline]
    fn pin(&self, key: &[u8; KEY_LEN]) -> Result<Option<Pin>, StickyError> {
        if let Some(pin) = self.hot.get(key) {
            return Ok(Some(pin));
        }
        self.cold_pin(key)
    }

    fn cold_pin(&self, key: &[u8; KEY_LEN]) -> Result<Option<Pin>, StickyError> {
        // One reader of a key goes to the disk. If the writer changes the key meanwhile, the value read is not cached.
        match self.hot.get_value_or_guard(key, None) {
            GuardResult::Value(pin) => Ok(Some(pin)),
            GuardResult::Guard(guard) => {
                let pin = self.tables.pin(key)?;
                if let Some(pin) = pin {
                    let _ = guard.insert(pin);
                }
                Ok(pin)
            }
            GuardResult::Timeout => self.tables.pin(key),
        }
    }
}

impl StickyStore for EmbeddedStore {
    fn read(&self, keys: &[PinKey<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    fn get(&self, key: &PinKey<'_>) -> Result<Option<Pin>, StickyError> {
        let pin = self.shared.pin(&self.key(key))?;
        Ok(pin.filter(|pin| pin.idle_days == 0 || !pin.has_ended(self.shared.now())))
    }

    fn write(&self, writes: &[Write<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        self.writer.wait(self.writes(writes))
    }

    fn release(&self, releases: &[Release<'_>]) -> Vec<Result<Option<Pin>, StickyError>> {
        let op = |release: &Release<'_>| Op {
            key: self.key(&release.key),
            kind: OpKind::Release { expected: release.expected },
            names: None,
        };
        self.writer.wait(releases.iter().map(op).collect())
    }

    fn touch(&self, touches: &[Touch<'_>]) -> Result<(), StickyError> {
        self.touch_later(touches);
        Ok(())
    }

    fn list(&self, filter: &Filter<'_>, after: Option<&Position>, most: usize) -> Result<Page, StickyError> {
        list::list(&self.shared, &self.hashed(filter), after, most.clamp(1, list::MOST))
    }

    fn count(&self, filter: &Filter<'_>) -> Result<u64, StickyError> {
        list::count(&self.shared, &self.hashed(filter))
    }

    fn disk_space(&self) -> Result<Option<u64>, StickyError> {
        self.shared.tables.disk_space().map(Some)
    }

    fn as_async(&self) -> Option<&dyn AsyncStore> {
        Some(self)
    }
}

impl EmbeddedStore {
    fn hashed<'a>(&self, filter: &Filter<'a>) -> Filter<'a> {
        match *filter {
            Filter::Recipient(recipient) => Filter::Recipient(recipient.under(self.data_dir.key())),
            other => other,
        }
    }
}

/// Reads wait for the disk only; writes wait without blocking the thread.
impl AsyncStore for EmbeddedStore {
    fn read_async<'a>(&'a self, keys: &'a [PinKey<'a>]) -> Answers<'a> {
        Box::pin(std::future::ready(self.read(keys)))
    }

    fn write_async<'a>(&'a self, writes: &'a [Write<'a>]) -> Answers<'a> {
        Box::pin(self.writer.answers(self.writes(writes)))
    }

    fn touch_later(&self, touches: &[Touch<'_>]) {
        let op = |touch: &Touch<'_>| Op {
            key: self.key(&touch.key),
            kind: OpKind::Touch { sender: touch.sender, idle_days: touch.idle_days },
            names: None,
        };
        self.writer.later(touches.iter().map(op).collect());
    }
}

impl std::fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedStore").field("path", &PathBuf::from(self.path())).finish_non_exhaustive()
    }
}
