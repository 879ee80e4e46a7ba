//! A disk that fails: no acknowledgement, a clear error, and the store opens again.
//!
//! The library `fail.c` is put in front of the C library in a process of its own, and lets its calls fail on a signal
//! file: a full disk (`ENOSPC` on writes) or a failing flush (`EIO` on `fsync` and `fdatasync`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use callsign_sticky::{EmbeddedOptions, EmbeddedStore, StickyStore};

use super::Folder;
use crate::conformance::{key, sender};

const FAILING: &str = "CALLSIGN_STICKY_FAILING";
const STAYS: &str = "CALLSIGN_STICKY_FAILURE_STAYS";

/// Compiles the library to a file.
fn library(out: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sticky/embedded/fail.c");
    let done = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(out).arg(source).status().unwrap();
    assert!(done.success());
}

/// The process whose disk fails.
#[test]
fn writer() {
    let Ok(path) = std::env::var(FAILING) else { return };
    let signal = PathBuf::from(std::env::var("FAIL_WHEN").unwrap());
    let store = EmbeddedStore::open(&path, EmbeddedOptions::default()).unwrap();
    for index in 0..100 {
        assert_eq!(store.insert(&key("shop", index), &sender("n1")).unwrap(), None);
    }
    std::fs::write(&signal, "").unwrap();
    let mut refused = 0;
    for index in 100..200 {
        match store.insert(&key("shop", index), &sender("n1")) {
            Ok(answer) => panic!("acknowledged while the disk fails: {answer:?}"),
            Err(error) => {
                assert!(error.to_string().contains("sticky state is not available"), "{error}");
                refused += 1;
            }
        }
        // Nobody is shown what was not acknowledged, and what was is still there.
        assert_eq!(store.get(&key("shop", index)).unwrap(), None);
        assert!(store.get(&key("shop", index - 100)).unwrap().is_some());
    }
    if std::env::var_os(STAYS).is_none() {
        std::fs::remove_file(&signal).unwrap();
        let error = store.insert(&key("shop", 500), &sender("n1")).unwrap_err().to_string();
        assert!(error.contains("open the store again"), "{error}");
    }
    // Closing does not wait for a disk that stays bad.
    drop(store);
    println!("refused {refused}");
}

fn failing(how: &str, stays: bool) {
    let folder = Folder::new();
    let signal = folder.0.with_extension("signal");
    let object = folder.0.with_extension("so");
    library(&object);
    let mut command = Command::new(std::env::current_exe().unwrap());
    if stays {
        command.env(STAYS, "");
    }
    let output = command
        .args(["embedded::fails::writer", "--exact", "--nocapture", "--test-threads=1"])
        .env(FAILING, &folder.0)
        .env("LD_PRELOAD", &object)
        .env("FAIL_WHEN", &signal)
        .env("FAIL_HOW", how)
        .env("FAIL_BELOW", &folder.0)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let _ = std::fs::remove_file(&signal);
    let _ = std::fs::remove_file(&object);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("refused 100"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // The disk is sound again.
    let store = folder.open();
    for index in 0..100 {
        assert!(store.get(&key("shop", index)).unwrap().is_some(), "{index}");
    }
    store.insert(&key("shop", 600), &sender("n1")).unwrap();
    assert!(store.get(&key("shop", 600)).unwrap().is_some());
}

#[test]
fn nothing_is_acknowledged_while_the_disk_is_full() {
    failing("full", false);
    failing("full", true);
}

#[test]
fn nothing_is_acknowledged_while_flushing_fails() {
    failing("flush", false);
    failing("flush", true);
}
