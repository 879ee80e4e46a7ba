//! The folder of a store: its lock, its manifest and its recipient key.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use callsign_private::{Access, PrivateFolder};
use serde::{Deserialize, Serialize};

use super::Recipients;
use super::names::Names;
use super::tables::{Tables, reason};
use crate::error::OpenError;
use crate::recipient::{NotAKey, RecipientKey};

/// The format of the tables. A store with a newer format is not touched.
const FORMAT: u32 = 1;

/// Files that an interrupted creation may leave before the manifest is written.
const UNFINISHED: [&str; 4] = [LOCK, KEY, "recipients.key.new", "sticky.json.new"];

const LOCK: &str = "lock";
const MANIFEST: &str = "sticky.json";
const KEY: &str = "recipients.key";
const TABLES: &str = "pins";

/// The file `sticky.json`, which describes the store.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    /// The format of the tables.
    format: u32,
    /// The fingerprint of the key that recipients are hashed with; `None` if they are numbers.
    key: Option<String>,
    /// Whether the tables were created. If not, opening the store creates them again.
    complete: bool,
}

/// The folder, locked for this process.
pub(super) struct DataDir {
    folder: PrivateFolder,
    manifest: Manifest,
    key: Option<RecipientKey>,
    _lock: Lock,
}

/// The lock of a folder.
struct Lock(File);

impl Drop for Lock {
    /// Gives the lock back at once: closing the file would leave it with a child process that is just being started, which has a copy
    /// of each open file until its own program begins.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl DataDir {
    pub(super) fn open(path: &Path, recipients: &Recipients, create: bool) -> Result<Self, OpenError> {
        let place = || path.display().to_string();
        let file = |name: &str| {
            let place = path.join(name).display().to_string();
            move |source: io::Error| OpenError::File { place, source }
        };
        let fresh = match fs::read_dir(path) {
            // The files of an interrupted creation are ours; the folder still counts as empty.
            Ok(entries) => {
                let mut names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
                !path.join(MANIFEST).exists()
                    && names.all(|name| UNFINISHED.iter().any(|unfinished| name == *unfinished))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !create => {
                return Err(OpenError::Missing { place: place() });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                PrivateFolder::make(path)?;
                // The folder itself must survive a power cut too. A parent that we may not open is somebody else's.
                if let Some(Ok(above)) = path.parent().map(File::open) {
                    above.sync_all().map_err(file(""))?;
                }
                true
            }
            Err(error) => return Err(file("")(error)),
        };
        if !fresh && !path.join(MANIFEST).exists() {
            let reason = format!("it has files, but no {MANIFEST}: it is no sticky store, or a part of it is missing");
            return Err(OpenError::Damaged { place: place(), reason });
        }
        if fresh && !create {
            return Err(OpenError::Missing { place: place() });
        }
        let folder = PrivateFolder::open(path)?;
        let lock = folder.open_or_create(LOCK, Access::Readable)?;
        let lock = match lock.try_lock() {
            Ok(()) => Lock(lock),
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { place: place() }),
            Err(TryLockError::Error(error)) => return Err(file(LOCK)(error)),
        };
        // Looked for again: another process may have created the store before we had the lock.
        if let Some(manifest) = read_manifest(&folder)? {
            let key = known_key(&folder, &manifest, recipients)?;
            return Ok(Self { folder, manifest, key, _lock: lock });
        }
        let key = match recipients {
            Recipients::AsTheyAre => Some(make_key(&folder)?),
            Recipients::HashedWith(key) => Some(key.clone()),
            Recipients::Plain => None,
        };
        let manifest = Manifest { format: FORMAT, key: key.as_ref().map(RecipientKey::fingerprint), complete: false };
        write_manifest(&folder, &manifest)?;
        Ok(Self { folder, manifest, key, _lock: lock })
    }

    pub(super) fn tables(&self, cache: u64) -> Result<(Tables, Names), OpenError> {
        let path = self.path().join(TABLES);
        let damaged = |reason: String| OpenError::Damaged { place: self.place(), reason };
        if self.manifest.complete && !path.is_dir() {
            return Err(damaged(format!("its folder {TABLES} is missing")));
        }
        if !self.manifest.complete && path.exists() {
            // An incomplete store has no pins yet.
            let error = |source| OpenError::File { place: path.display().to_string(), source };
            fs::remove_dir_all(&path).map_err(error)?;
        }
        // Made here, so that nobody else can look into it whatever the umask is.
        self.folder.folder(TABLES)?;
        // The engine panics on some kinds of damage.
        let opened = std::panic::catch_unwind(|| Tables::open(&path, cache));
        let tables = match opened {
            Ok(Ok(tables)) => tables,
            Ok(Err(fjall::Error::Locked)) => return Err(OpenError::Locked { place: self.place() }),
            Ok(Err(error)) => return Err(damaged(reason(&error))),
            Err(_) => return Err(damaged("its tables are damaged beyond reading".into())),
        };
        let names = Names::load(&tables).map_err(|error| damaged(error.reason.to_string()))?;
        Ok((tables, names))
    }

    /// Notes that the tables are created.
    pub(super) fn complete(&self) -> Result<(), OpenError> {
        if self.manifest.complete {
            return Ok(());
        }
        write_manifest(&self.folder, &Manifest { complete: true, ..self.manifest.clone() })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn place(&self) -> String {
        self.path().display().to_string()
    }

    pub(super) fn key(&self) -> Option<&RecipientKey> {
        self.key.as_ref()
    }
}

/// The manifest; `None` if there is none.
fn read_manifest(folder: &PrivateFolder) -> Result<Option<Manifest>, OpenError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let place = || folder.path().display().to_string();
    let damaged =
        |error: serde_json::Error| OpenError::Damaged { place: place(), reason: format!("{MANIFEST}: {error}") };
    let Some(text) = folder.read(MANIFEST, Access::Readable)? else { return Ok(None) };
    // The format first: a newer format may have other fields.
    let Format { format } = serde_json::from_slice(&text).map_err(damaged)?;
    if format > FORMAT {
        return Err(OpenError::Newer { place: place(), found: format, known: FORMAT });
    }
    serde_json::from_slice(&text).map(Some).map_err(damaged)
}

fn write_manifest(folder: &PrivateFolder, manifest: &Manifest) -> Result<(), OpenError> {
    let place = || folder.path().join(MANIFEST).display().to_string();
    let failed = |error: serde_json::Error| OpenError::File { place: place(), source: error.into() };
    let text = serde_json::to_vec(manifest).map_err(failed)?;
    Ok(folder.replace(MANIFEST, &text)?)
}

fn known_key(
    folder: &PrivateFolder,
    manifest: &Manifest,
    recipients: &Recipients,
) -> Result<Option<RecipientKey>, OpenError> {
    let wrong = |reason: String| OpenError::Key { place: folder.path().display().to_string(), reason };
    let key = match (recipients, &manifest.key) {
        (Recipients::AsTheyAre | Recipients::Plain, None) => return Ok(None),
        (Recipients::HashedWith(_), None) => {
            return Err(wrong("it keeps its recipients as numbers; open it without a key".into()));
        }
        (Recipients::Plain, Some(_)) => {
            return Err(wrong("it keeps its recipients hashed; open it with its key".into()));
        }
        (Recipients::HashedWith(key), Some(_)) => key.clone(),
        (Recipients::AsTheyAre, Some(_)) => read_key(folder)?,
    };
    if manifest.key.as_deref() != Some(&*key.fingerprint()) {
        return Err(wrong("its recipients are hashed with another key than the one given".into()));
    }
    Ok(Some(key))
}

fn read_key(folder: &PrivateFolder) -> Result<RecipientKey, OpenError> {
    let wrong = |reason: String| OpenError::Key { place: folder.path().display().to_string(), reason };
    match folder.read(KEY, Access::Secret)? {
        Some(text) => {
            let key = str::from_utf8(&text).map_err(|_| NotAKey).and_then(str::parse);
            key.map_err(|error| wrong(format!("{KEY}: {error}")))
        }
        None => Err(wrong(format!("its recipients are hashed, and their key is not in {KEY}; open it with the key"))),
    }
}

/// The key of a new store. An existing key file is from an interrupted creation, and is used.
fn make_key(folder: &PrivateFolder) -> Result<RecipientKey, OpenError> {
    if folder.has(KEY, Access::Secret)? {
        return read_key(folder);
    }
    let place = || folder.path().join(KEY).display().to_string();
    let key = RecipientKey::random().map_err(|source| OpenError::File { place: place(), source })?;
    folder.replace(KEY, format!("{}\n", key.expose()).as_bytes())?;
    Ok(key)
}
