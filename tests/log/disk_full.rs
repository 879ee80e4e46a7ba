//! A full disk, with both promises. A limit of the size of files stands for it: it needs no rights, and files beyond it cannot grow.

use std::path::Path;
use std::sync::{Arc, Mutex};

use callsign_log::{HoleReason, LogEvent, LogOptions, Promise, Recorder};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::program::{Program, tell};
use crate::records::{Folder, declare, read, record_all};

fn limit(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

/// The program: records while the disk takes everything, while it takes half a frame, while it takes nothing, and again while it takes
/// everything. Tells what became of each.
pub fn run(folder: &Path, mut options: LogOptions) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let at_writer = events.clone();
    options.on_event = Some(Arc::new(move |event| at_writer.lock().unwrap().push(event)));
    let promise = options.promise;
    let recorder = Recorder::open(folder, options).unwrap();
    declare(&recorder);
    let segment = folder.join("decisions-0000000001.log");
    let record = |first: u64, count: u64| {
        let ticket = record_all(&recorder, first..first + count);
        let result = match promise {
            Promise::Keep => recorder.wait(ticket),
            Promise::Drop => recorder.flush(),
        };
        tell(&format!("{first} {}", result.map_or_else(|error| error.to_string(), |()| "written".into())));
        tell(&format!("failing {}", recorder.counters().failing_since.is_some()));
    };
    record(0, 100);
    // Room for a part of one record's frame. Of several records the writer could try the first alone, and write the others into a
    // new file.
    limit(Some(std::fs::metadata(&segment).unwrap().len() + 60));
    record(100, 1);
    limit(Some(0));
    record(200, 100);
    limit(None);
    record(300, 100);
    recorder.close();
    let counters = recorder.counters();
    tell(&format!("counted {} {}", counters.recorded, counters.dropped));
    for event in events.lock().unwrap().iter() {
        match event {
            LogEvent::DiskFailed { path, reason } => {
                tell(&format!("failed {} {reason}", path.file_name().unwrap().display()));
            }
            LogEvent::DiskRecovered { lost } => tell(&format!("recovered {lost}")),
            _ => {}
        }
    }
}

/// What the program told of its records, a hundred each time and one where the disk takes half a frame; how many the log has and how many
/// it dropped; how many records were lost in all failures. The disk may seem to work again between two of them: a new file is small.
fn check(told: &[String]) -> (String, u64) {
    let with = |first: &str| -> Vec<&str> { told.iter().filter_map(|line| line.strip_prefix(first)).collect() };
    assert_eq!(with("0 "), ["written"]);
    assert_eq!(with("300 "), ["written"]);
    assert_eq!((with("failing ")[0], with("failing ")[3]), ("false", "false"));
    assert_eq!(with("failed ")[0], "decisions-0000000001.log File too large (os error 27)");
    let lost = with("recovered ").iter().map(|lost| lost.parse::<u64>().unwrap()).sum();
    (with("counted ")[0].to_owned(), lost)
}

#[test]
fn a_full_disk_drops_records_marks_the_hole_and_is_told() {
    let folder = Folder::new();
    let told = Program::start("full-drop", folder.path()).finish();
    assert_eq!(check(&told), ("200 101".to_owned(), 101));
    let content = read(folder.path());
    assert!(content.faults.is_empty(), "{:?}", content.faults);
    assert_eq!(content.numbers(), (0..100).chain(300..400).collect::<Vec<_>>());
    assert_eq!(content.holes.iter().map(|hole| hole.records).sum::<u64>(), 101);
    assert!(content.holes.iter().all(|hole| hole.reason == HoleReason::Disk), "{:?}", content.holes);
}

#[test]
fn a_full_disk_refuses_what_may_not_be_lost_until_it_takes_records_again() {
    let folder = Folder::new();
    let told = Program::start("full-keep", folder.path()).finish();
    // No decision without a record was answered.
    let refused = |first: &str, path: &str| {
        let start = format!("{first} the decision log cannot be written: {}{path}", folder.path().display());
        told.iter().any(|line| line.starts_with(&start) && line.ends_with(": File too large (os error 27)"))
    };
    assert!(refused("100", "/decisions-0000000001.log") && refused("200", "/decisions-"), "{told:?}");
    assert_eq!(check(&told), ("200 0".to_owned(), 101));
    let content = read(folder.path());
    assert!(content.faults.is_empty(), "{:?}", content.faults);
    assert_eq!(content.numbers(), (0..100).chain(300..400).collect::<Vec<_>>());
    assert!(content.holes.is_empty());
}
