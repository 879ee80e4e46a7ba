//! Whose a folder and its files are, and who else may use them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use callsign_sticky::{EmbeddedOptions, EmbeddedStore, OpenError, StickyStore};

use super::Folder;
use crate::conformance::{key, sender};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[track_caller]
fn refused(folder: &Folder, words: &str) {
    let error = EmbeddedStore::open(&folder.0, EmbeddedOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::NotPrivate(_)), "{error:?}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn a_folder_that_others_can_write_is_refused_with_the_command_that_closes_it() {
    let folder = Folder::new();
    drop(folder.open());
    assert_eq!((mode(&folder.0), mode(&folder.0.join("pins"))), (0o700, 0o700));
    for file in ["lock", "sticky.json", "recipients.key"] {
        assert_eq!(mode(&folder.0.join(file)), 0o600, "{file}");
    }
    set_mode(&folder.0, 0o777);
    refused(&folder, &format!("chmod 700 {}", folder.0.display()));
    set_mode(&folder.0, 0o700);
    drop(folder.open());
}

#[test]
fn a_key_that_others_can_read_is_refused_unless_its_folder_keeps_them_out() {
    let folder = Folder::new();
    drop(folder.open());
    let file = folder.0.join("recipients.key");
    set_mode(&file, 0o644);
    drop(folder.open());
    set_mode(&folder.0, 0o755);
    refused(&folder, &format!("chmod 600 {}", file.display()));
    set_mode(&file, 0o600);
    drop(folder.open());
}

#[test]
fn a_key_that_was_planted_is_refused() {
    // A link to a file that somebody else knows.
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    fs::create_dir(&folder.0).unwrap();
    set_mode(&folder.0, 0o700);
    fs::write(&elsewhere.0, "0".repeat(64)).unwrap();
    symlink(&elsewhere.0, folder.0.join("recipients.key")).unwrap();
    refused(&folder, "symbolic link");
    fs::remove_file(folder.0.join("recipients.key")).unwrap();
    fs::remove_file(&elsewhere.0).unwrap();

    // What is left of an interrupted write is replaced, and who has it open learns nothing.
    fs::write(folder.0.join("recipients.key.new"), "before").unwrap();
    let mut open = fs::File::open(folder.0.join("recipients.key.new")).unwrap();
    let store = folder.open();
    store.insert(&key("shop", 1), &sender("n1")).unwrap();
    let mut seen = String::new();
    std::io::Read::read_to_string(&mut open, &mut seen).unwrap();
    assert_eq!(seen, "before");
    drop(store);

    if !rustix::process::geteuid().is_root() {
        // Only root can make a file of another user.
        return;
    }
    for planted in ["recipients.key", "recipients.key.new"] {
        let folder = Folder::new();
        fs::create_dir(&folder.0).unwrap();
        set_mode(&folder.0, 0o700);
        fs::write(folder.0.join(planted), "0".repeat(64)).unwrap();
        chown(folder.0.join(planted), Some(65_534), None).unwrap();
        refused(&folder, "belongs to another user (65534)");
    }
    let folder = Folder::new();
    drop(folder.open());
    chown(&folder.0, Some(65_534), None).unwrap();
    refused(&folder, "belongs to another user (65534)");
}
