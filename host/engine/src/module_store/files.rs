//! Files that are there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What the names of unfinished files begin with.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// Whether a crash must not lose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Everybody may read it, and once it is written it stays.
    Lasting,
    /// Nobody else may read it. It may be lost, or be there with other content: whoever reads it checks it.
    Private,
}

/// An unfinished file; what was not finished is removed.
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    fn write(folder: &Path, kind: Kind, parts: &[&[u8]]) -> io::Result<Self> {
        let random = getrandom::u64().map_err(io::Error::from)?;
        let path = folder.join(format!("{UNFINISHED}{random:016x}"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        if kind == Kind::Private {
            private(&mut options);
        }
        let mut file = options.open(&path)?;
        let unfinished = Self { path };
        for part in parts {
            file.write_all(part)?;
        }
        if kind == Kind::Lasting {
            file.sync_all()?;
        }
        Ok(unfinished)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After the renaming there is nothing of this name.
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
pub(super) fn write(folder: &Path, name: &str, kind: Kind, parts: &[&[u8]]) -> io::Result<()> {
    let unfinished = Unfinished::write(folder, kind, parts)?;
    fs::rename(&unfinished.path, folder.join(name))?;
    if kind == Kind::Lasting { sync(folder) } else { Ok(()) }
}

/// Writes a file, unless there is one: then it is left as it is, and the answer is no.
pub(super) fn create(folder: &Path, name: &str, kind: Kind, content: &[u8]) -> io::Result<bool> {
    let unfinished = Unfinished::write(folder, kind, &[content])?;
    // A link to a name that is taken fails, whoever is faster: and what it gives the name to is whole.
    match fs::hard_link(&unfinished.path, folder.join(name)) {
        Ok(()) if kind == Kind::Lasting => sync(folder).map(|()| true),
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes a file, and tells whether there was one.
pub(super) fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes a folder last, with what is in it.
#[cfg(unix)]
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The files of a folder, by name; none where there is no folder. A name that is no text is nobody's here.
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
