//! The manifest of a backup: what is in it, with the digest of every file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use callsign_private::{Access, PrivateFolder};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{BackupError, CATALOG, KEY, PINS};

/// Its file.
const NAME: &str = "manifest.json";

/// The format of backups that this version writes.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Manifest {
    format: u32,
    /// The version that wrote it.
    callsign: String,
    /// When it was complete.
    at: String,
    pub(super) revision: u64,
    pub(super) pins: u64,
    /// The fingerprint of the key that the recipients of the pins are hashed with; left out if they are numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) recipient_key: Option<String>,
    files: BTreeMap<String, FileEntry>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    bytes: u64,
    sha256: String,
}

impl Manifest {
    /// Writes the manifest of the files in a folder, once they are on the disk.
    pub(super) fn write(
        folder: &PrivateFolder,
        revision: u64,
        pins: u64,
        recipient_key: Option<String>,
    ) -> Result<(), BackupError> {
        let mut files = BTreeMap::new();
        for name in [CATALOG, PINS, KEY] {
            let path = folder.path().join(name);
            match File::open(&path) {
                Ok(file) => {
                    file.sync_all().map_err(super::io(&path))?;
                    files.insert(name.to_owned(), digest(&path).map_err(super::io(&path))?);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound && name == KEY => {}
                Err(error) => return Err(super::io(&path)(error)),
            }
        }
        let manifest = Self {
            format: FORMAT,
            callsign: env!("CARGO_PKG_VERSION").into(),
            at: jiff::Timestamp::now().to_string(),
            revision,
            pins,
            recipient_key,
            files,
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| super::io(folder.path())(error.into()))?;
        Ok(folder.replace(NAME, &text)?)
    }

    /// Reads a manifest, and checks every file that it names.
    ///
    /// # Errors
    /// There is none, or a file is not as it says.
    pub(super) fn read(folder: &PrivateFolder) -> Result<Self, BackupError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let damaged = |reason: String| BackupError::Damaged { place: folder.path().to_owned(), reason };
        let Some(text) = folder.read(NAME, Access::Readable)? else {
            return Err(damaged(format!("it has no {NAME}, which is written last")));
        };
        let unreadable = |error: serde_json::Error| damaged(format!("{NAME}: {error}"));
        let Format { format } = serde_json::from_slice(&text).map_err(unreadable)?;
        if format != FORMAT {
            return Err(damaged(format!("its format is {format}, and this version knows {FORMAT}")));
        }
        let manifest: Self = serde_json::from_slice(&text).map_err(unreadable)?;
        for name in [CATALOG, PINS] {
            if !manifest.files.contains_key(name) {
                return Err(damaged(format!("{NAME} does not name {name}")));
            }
        }
        for (name, entry) in &manifest.files {
            if ![CATALOG, PINS, KEY].contains(&&**name) {
                return Err(damaged(format!("{NAME} names {name:?}, which no backup has")));
            }
            let path = folder.path().join(name);
            let found = digest(&path).map_err(|error| damaged(format!("{name}: {error}")))?;
            if found != *entry {
                return Err(damaged(format!(
                    "{name} has {} bytes with the digest {}, and had {} with {}",
                    found.bytes, found.sha256, entry.bytes, entry.sha256
                )));
            }
        }
        Ok(manifest)
    }

    pub(super) fn has_key(&self) -> bool {
        self.files.contains_key(KEY)
    }
}

fn digest(path: &Path) -> io::Result<FileEntry> {
    let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
    let (mut buffer, mut bytes) = (vec![0; 1 << 16], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                hasher.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
    let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(FileEntry { bytes, sha256 })
}
