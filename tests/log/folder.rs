//! One process writes to a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use callsign_log::{LogError, LogOptions, Recorder};

use crate::program::Program;
use crate::records::{Folder, open, read, record_all};

#[test]
fn a_folder_that_another_process_writes_to_is_refused() {
    let folder = Folder::new();
    let mut program = Program::start("drop", folder.path());
    program.line();
    let error = Recorder::open(folder.path(), crate::records::options()).unwrap_err();
    assert!(matches!(error, LogError::Locked { .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "{}: another process writes to this log; give each process a folder of its own, or end the other one",
            folder.path().display()
        )
    );
    program.kill();
    // The lock goes with its process.
    open(&folder, crate::records::options());
}

#[test]
fn a_folder_that_another_recorder_of_this_process_writes_to_is_refused_until_it_is_closed() {
    let folder = Folder::new();
    let recorder = open(&folder, crate::records::options());
    assert!(matches!(Recorder::open(folder.path(), crate::records::options()), Err(LogError::Locked { .. })));
    recorder.close();
    open(&folder, crate::records::options());
}

#[test]
fn the_files_of_a_log_are_for_nobody_else() {
    let folder = Folder::new();
    let recorder = open(&folder, crate::records::options());
    record_all(&recorder, 0..1);
    drop(recorder);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    for file in fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_key_that_is_none_is_named_and_not_overwritten() {
    let folder = Folder::new();
    drop(open(&folder, crate::records::options()));
    let path = folder.path().join("key");
    fs::write(&path, "not a key").unwrap();
    let error = Recorder::open(folder.path(), crate::records::options()).unwrap_err().to_string();
    assert_eq!(error, format!("{} is not a key of a log: it should have 64 hexadecimal digits", path.display()));
    assert_eq!(fs::read(&path).unwrap(), b"not a key");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Recorder::open(file.join("log"), crate::records::options()).unwrap_err().to_string();
    assert!(error.starts_with(&file.display().to_string()), "{error}");
}

#[test]
fn options_out_of_their_range_are_refused() {
    let folder = Folder::new();
    let refused = |change: fn(&mut LogOptions)| {
        let mut options = crate::records::options();
        change(&mut options);
        Recorder::open(folder.path(), options).unwrap_err().to_string()
    };
    let error = refused(|options| options.ring_bytes = 1000);
    assert_eq!(error, "ring_bytes is 1000; it must be 131072 (128 KiB) to 1073741824 (1 GiB) bytes");
    let error = refused(|options| options.segment_bytes = 1000);
    assert!(error.starts_with("segment_bytes is 1000"), "{error}");
    let error = refused(|options| options.segment_age = std::time::Duration::ZERO);
    assert!(error.starts_with("segment_age is 0"), "{error}");
    let error = refused(|options| options.write_every = std::time::Duration::ZERO);
    assert!(error.starts_with("write_every is 0"), "{error}");
    assert!(!folder.path().exists());
}

#[test]
fn what_is_recorded_after_the_log_was_closed_is_dropped_and_counted() {
    let folder = Folder::new();
    let recorder = open(&folder, crate::records::options());
    record_all(&recorder, 0..3);
    recorder.close();
    assert!(matches!(recorder.record(&crate::records::record(3, "3")), callsign_log::Recorded::Dropped));
    assert_eq!(recorder.counters().dropped, 1);
    assert_eq!(read(folder.path()).numbers(), [0, 1, 2]);
}
