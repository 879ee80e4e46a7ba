//! Files that are written in full or not at all: each is written under another name first, then moved into place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The prefix of the names of unfinished files.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// Whether a file must survive a crash, and who may read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// It survives a crash, and everybody may read it.
    Durable,
    /// Only this user may read it. A crash may lose or damage it, so it must be checked when it is read.
    Private,
}

/// An unfinished file, removed when this is dropped.
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    fn write(folder: &Path, durability: Durability, parts: &[&[u8]]) -> io::Result<Self> {
        let random = getrandom::u64().map_err(io::Error::from)?;
        let path = folder.join(format!("{UNFINISHED}{random:016x}"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        if durability == Durability::Private {
            private(&mut options);
        }
        let mut file = options.open(&path)?;
        let unfinished = Self { path };
        for part in parts {
            file.write_all(part)?;
        }
        if durability == Durability::Durable {
            file.sync_all()?;
        }
        Ok(unfinished)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After the file was renamed there is none with this name.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

/// Writes a file, or replaces it.
pub(super) fn write(folder: &Path, name: &str, durability: Durability, parts: &[&[u8]]) -> io::Result<()> {
    let unfinished = Unfinished::write(folder, durability, parts)?;
    fs::rename(&unfinished.path, folder.join(name))?;
    if durability == Durability::Durable { sync(folder) } else { Ok(()) }
}

/// Creates a file. If there is one already, leaves it as it is and returns `false`.
pub(super) fn create(folder: &Path, name: &str, durability: Durability, content: &[u8]) -> io::Result<bool> {
    let unfinished = Unfinished::write(folder, durability, &[content])?;
    // Linking fails if the name is taken, also by another process at this moment, and the linked file is complete.
    match fs::hard_link(&unfinished.path, folder.join(name)) {
        Ok(()) if durability == Durability::Durable => sync(folder).map(|()| true),
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes a file. Returns whether there was one.
pub(super) fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes sure that the entries of a folder survive a crash.
#[cfg(unix)]
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The names of a folder's files, sorted; empty if there is no folder. Names that are not UTF-8 are skipped: the store
/// writes none.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}
