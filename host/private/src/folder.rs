//! A folder into which only its owner can put files.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::FileError;
use crate::file::{self, Access, check_mode, check_owner, mode_of, no_follow, owner_of, this_user};

/// A folder that only its owner can write. Files in it belong to that owner or to root, are no symbolic links, and are made
/// with mode 0600, whatever the umask is.
///
/// A folder that others cannot even enter (mode 0700) protects what is in it, so the modes of its files do not matter. In one
/// that others can look into, a secret file must be closed itself.
#[derive(Debug, Clone)]
pub struct PrivateFolder {
    path: PathBuf,
    owner: u32,
    /// Nobody but its owner can enter it.
    is_closed: bool,
}

impl PrivateFolder {
    /// A folder that there is. A symbolic link is followed: the path is the operator's own.
    ///
    /// # Errors
    /// There is none, it belongs to another user, or others can write it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Self::of(path.as_ref(), false)
    }

    /// The same, and if there is none it is made, with mode 0700.
    ///
    /// # Errors
    /// It cannot be made, belongs to another user, or others can write it.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, FileError> {
        make(path.as_ref())?;
        Self::open(path)
    }

    /// As [`PrivateFolder::open`], and root may use the folder of another user: an operator who works on the data of a
    /// service.
    ///
    /// # Errors
    /// As [`PrivateFolder::open`].
    pub fn administer(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Self::of(path.as_ref(), true)
    }

    /// Makes a folder and those above it, with mode 0700, if there is none. It is not checked.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make(path: impl AsRef<Path>) -> Result<(), FileError> {
        make(path.as_ref())
    }

    fn of(path: &Path, administer: bool) -> Result<Self, FileError> {
        // The working directory is the parent of a bare name.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let found = fs::metadata(path).map_err(FileError::io(path))?;
        if !found.is_dir() {
            return Err(FileError::Kind { path: path.to_owned(), kind: "folder" });
        }
        let (owner, this, mode) = (owner_of(&found), this_user(), mode_of(&found));
        if owner != this && owner != 0 && !(administer && this == 0) {
            return Err(FileError::Owner { path: path.to_owned(), owner, wanted: this });
        }
        if mode & 0o022 != 0 {
            return Err(FileError::Mode { path: path.to_owned(), mode, wanted: 0o700 });
        }
        Ok(Self { path: path.to_owned(), owner, is_closed: mode & 0o077 == 0 })
    }

    /// Closes a folder of this user, which others may have written until now.
    ///
    /// # Errors
    /// It belongs to another user.
    pub fn close(path: impl AsRef<Path>) -> Result<(), FileError> {
        let path = path.as_ref();
        #[cfg(unix)]
        {
            let closed = std::os::unix::fs::PermissionsExt::from_mode(0o700);
            fs::set_permissions(path, closed).map_err(FileError::io(path))?;
        }
        #[cfg(not(unix))]
        let _ = path;
        Ok(())
    }

    /// Whether it belongs to this user, and not to root.
    pub fn is_own(&self) -> bool {
        self.owner == this_user()
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder in it, made with mode 0700 if there is none. A symbolic link is refused.
    ///
    /// # Errors
    /// It cannot be made, is a link, belongs to another user, or others can write it.
    pub fn folder(&self, name: &str) -> Result<Self, FileError> {
        let path = self.path.join(name);
        make(&path)?;
        if fs::symlink_metadata(&path).map_err(FileError::io(&path))?.is_symlink() {
            return Err(FileError::Link { path });
        }
        // Within a closed folder the mode of another does not matter.
        match Self::of(&path, true) {
            Err(FileError::Mode { .. }) if self.is_closed => Ok(Self { path, owner: self.owner, is_closed: true }),
            Ok(found) if ![self.owner, this_user(), 0].contains(&found.owner) => {
                Err(FileError::Owner { path, owner: found.owner, wanted: self.owner })
            }
            found => found,
        }
    }

    fn check(&self, path: &Path, found: &fs::Metadata, access: Access) -> Result<(), FileError> {
        check_owner(path, found, &[self.owner, this_user(), 0])?;
        if self.is_closed { Ok(()) } else { check_mode(path, found, access) }
    }

    /// Checks a file without opening it. `false` if there is none.
    ///
    /// # Errors
    /// It is a link or no file, belongs to another user, or is too open.
    pub fn has(&self, name: &str, access: Access) -> Result<bool, FileError> {
        let path = self.path.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => Err(FileError::Link { path }),
            Ok(found) => self.check(&path, &found, access).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(FileError::io(&path)(error)),
        }
    }

    /// Reads a file. `None` if there is none.
    ///
    /// # Errors
    /// It cannot be read, is a link or no file, belongs to another user, or is too open.
    pub fn read(&self, name: &str, access: Access) -> Result<Option<Vec<u8>>, FileError> {
        let path = self.path.join(name);
        match no_follow().read(true).open(&path) {
            Ok(file) => {
                // Of the open file: the path may be another file by now.
                self.check(&path, &file.metadata().map_err(FileError::io(&path))?, access)?;
                file::read_all(file, &path).map(Some)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::io(&path)(error)),
        }
    }

    /// Makes a file with mode 0600, which must not be there yet.
    ///
    /// # Errors
    /// It is there already, or cannot be made.
    pub fn create_new(&self, name: &str) -> Result<File, FileError> {
        let path = self.path.join(name);
        no_follow().write(true).create_new(true).open(&path).map_err(FileError::io(&path))
    }

    /// Opens a file to write it, and makes it with mode 0600 if there is none.
    ///
    /// # Errors
    /// It cannot be opened or made, is a link or no file, belongs to another user, or is too open.
    pub fn open_or_create(&self, name: &str, access: Access) -> Result<File, FileError> {
        let path = self.path.join(name);
        loop {
            match no_follow().write(true).open(&path) {
                Ok(file) => {
                    self.check(&path, &file.metadata().map_err(FileError::io(&path))?, access)?;
                    return Ok(file);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(FileError::io(&path)(error)),
            }
            match self.create_new(name) {
                // Another process of this user was first.
                Err(FileError::Io { cause, .. }) if cause.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made,
            }
        }
    }

    /// Writes a file as a whole, with mode 0600: after a crash it is there with its old bytes or with the new ones. It is
    /// written as `NAME.new` first; one that an interrupted write left is removed, never written to.
    ///
    /// # Errors
    /// It cannot be written, or `NAME.new` is there and belongs to another user.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let unfinished = format!("{name}.new");
        let from = self.path.join(&unfinished);
        if self.has(&unfinished, Access::Readable)? {
            fs::remove_file(&from).map_err(FileError::io(&from))?;
        }
        let mut file = self.create_new(&unfinished)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        written.map_err(FileError::io(&from))?;
        fs::rename(&from, self.path.join(name)).map_err(FileError::io(&from))?;
        self.sync()
    }

    /// Makes sure that the entries of the folder survive a crash.
    ///
    /// # Errors
    /// The system cannot.
    pub fn sync(&self) -> Result<(), FileError> {
        #[cfg(unix)]
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(FileError::io(&self.path))?;
        Ok(())
    }
}

/// Makes a folder and those above it, with mode 0700, if there is none.
fn make(path: &Path) -> Result<(), FileError> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(FileError::io(path))
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(mode: u32) -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("callsign-private-{}-{number}", std::process::id()));
            fs::create_dir(&path).unwrap();
            set_mode(&path, mode);
            Self(path)
        }

        fn put(&self, name: &str, mode: u32) -> PathBuf {
            let path = self.0.join(name);
            fs::write(&path, name).unwrap();
            set_mode(&path, mode);
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused_with_the_command_that_closes_it() {
        for open in [0o777, 0o770, 0o722, 0o1777] {
            let folder = Folder::new(open);
            let error = PrivateFolder::open(&folder.0).unwrap_err().to_string();
            assert!(error.contains(&format!("chmod 700 {}", folder.0.display())), "{error}");
        }
        for closed in [0o700, 0o750, 0o755] {
            PrivateFolder::open(&Folder::new(closed).0).unwrap();
        }
    }

    #[test]
    fn a_folder_that_is_a_link_is_as_its_target_and_one_inside_is_refused() {
        let (target, open) = (Folder::new(0o700), Folder::new(0o777));
        let around = Folder::new(0o755);
        symlink(&target.0, around.0.join("link")).unwrap();
        symlink(&open.0, around.0.join("open")).unwrap();
        PrivateFolder::open(around.0.join("link")).unwrap();
        assert!(matches!(PrivateFolder::open(around.0.join("open")), Err(FileError::Mode { .. })));
        let around = PrivateFolder::open(&around.0).unwrap();
        assert!(matches!(around.folder("link"), Err(FileError::Link { .. })));
        assert_eq!(mode(around.folder("new").unwrap().path()), 0o700);
    }

    #[test]
    fn a_closed_folder_protects_what_is_in_it() {
        let (closed, listed) = (Folder::new(0o700), Folder::new(0o755));
        for folder in [&closed, &listed] {
            folder.put("secret", 0o644);
        }
        let read = |folder: &Folder, access| PrivateFolder::open(&folder.0).unwrap().read("secret", access);
        assert_eq!(read(&closed, Access::Secret).unwrap().unwrap(), b"secret");
        assert_eq!(read(&listed, Access::Readable).unwrap().unwrap(), b"secret");
        let error = read(&listed, Access::Secret).unwrap_err().to_string();
        assert!(error.contains("(mode 0644)") && error.contains("chmod 600 "), "{error}");
        set_mode(&listed.0.join("secret"), 0o666);
        assert!(matches!(read(&listed, Access::Readable), Err(FileError::Mode { .. })));
    }

    #[test]
    fn links_pipes_and_folders_in_place_of_a_file_are_refused() {
        let (folder, elsewhere) = (Folder::new(0o700), Folder::new(0o700));
        let target = elsewhere.put("target", 0o600);
        symlink(&target, folder.0.join("link")).unwrap();
        fs::create_dir(folder.0.join("folder")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.0.join("pipe")).status().unwrap();
        assert!(made.success());
        let private = PrivateFolder::open(&folder.0).unwrap();
        for name in ["link", "folder", "pipe"] {
            assert!(private.has(name, Access::Readable).is_err(), "{name}");
            assert!(private.read(name, Access::Readable).is_err(), "{name}");
            assert!(private.open_or_create(name, Access::Readable).is_err(), "{name}");
            assert!(private.create_new(name).is_err(), "{name}");
        }
        assert!(matches!(private.read("link", Access::Readable), Err(FileError::Link { .. })));
        assert_eq!(fs::read(target).unwrap(), b"target");
    }

    #[test]
    fn what_is_made_is_for_nobody_else_and_replaced_as_a_whole() {
        let folder = Folder::new(0o755);
        let private = PrivateFolder::open(&folder.0).unwrap();
        private.open_or_create("lock", Access::Readable).unwrap();
        private.open_or_create("lock", Access::Readable).unwrap();
        // What an interrupted write left, with a reader that still has it open.
        folder.put("key.new", 0o644);
        let reader = File::open(folder.0.join("key.new")).unwrap();
        private.replace("key", b"secret").unwrap();
        assert_eq!(file::read_all(reader, &folder.0).unwrap(), b"key.new");
        assert_eq!(private.read("key", Access::Secret).unwrap().unwrap(), b"secret");
        assert_eq!((mode(&folder.0.join("lock")), mode(&folder.0.join("key"))), (0o600, 0o600));
        assert!(!private.has("key.new", Access::Readable).unwrap());
    }

    #[test]
    fn what_another_user_made_is_refused() {
        if this_user() != 0 {
            // Only root can give a file away.
            return;
        }
        let folder = Folder::new(0o700);
        for name in ["key", "key.new"] {
            chown(folder.put(name, 0o600), Some(65_534), None).unwrap();
        }
        let private = PrivateFolder::open(&folder.0).unwrap();
        for refused in [
            private.read("key", Access::Secret).map(drop),
            private.open_or_create("key", Access::Secret).map(drop),
            private.replace("key", b"secret"),
        ] {
            let error = refused.unwrap_err();
            assert!(matches!(error, FileError::Owner { owner: 65_534, .. }), "{error}");
        }
        // A folder of another user is that user's; root may work on it if it is asked to.
        chown(&folder.0, Some(65_534), None).unwrap();
        assert!(matches!(PrivateFolder::open(&folder.0), Err(FileError::Owner { .. })));
        let private = PrivateFolder::administer(&folder.0).unwrap();
        assert_eq!(private.read("key", Access::Secret).unwrap().unwrap(), b"key");
    }

    #[test]
    fn a_secret_of_the_operator_may_be_a_link_and_of_root_be_shared_with_a_group() {
        let folder = Folder::new(0o755);
        let key = folder.put("key", 0o600);
        symlink(&key, folder.0.join("link")).unwrap();
        assert_eq!(file::read_secret(folder.0.join("link")).unwrap(), b"key");
        for open in [0o644, 0o604, 0o660, 0o620] {
            set_mode(&key, open);
            let error = file::read_secret(&key).unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{open:o}: {error}");
        }
        set_mode(&key, 0o640);
        assert_eq!(file::read_secret(&key).is_ok(), this_user() == 0);
        let large = folder.put("large", 0o600);
        File::options().write(true).open(&large).unwrap().set_len(2 << 20).unwrap();
        assert!(matches!(file::read_secret(&large), Err(FileError::Io { .. })));
    }
}
