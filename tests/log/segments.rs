//! Segments are finished by size and age, and kept by age and total size.

use std::fs;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use callsign_log::{LogEvent, LogOptions};

use crate::records::{Folder, open, read, record_all};

fn listen(options: &mut LogOptions) -> mpsc::Receiver<LogEvent> {
    let (sender, events) = mpsc::sync_channel(10_000);
    options.on_event = Some(Arc::new(move |event| drop(sender.try_send(event))));
    events
}

/// Fills segments of 64 KiB.
fn fill(recorder: &callsign_log::Recorder, first: u64, flushes: u64) {
    for flush in 0..flushes {
        record_all(recorder, first + flush * 500..first + flush * 500 + 500);
        recorder.flush().unwrap();
    }
}

#[test]
fn a_segment_that_is_large_enough_is_finished_and_the_next_one_begins() {
    let folder = Folder::new();
    let mut options = crate::records::options();
    options.segment_bytes = 64 << 10;
    let events = listen(&mut options);
    let recorder = open(&folder, options);
    fill(&recorder, 0, 30);
    recorder.close();
    let segments = folder.segments();
    assert!(segments.len() > 2, "{segments:?}");
    for (index, path) in segments.iter().enumerate() {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(name, format!("decisions-{:010}.log", index + 1));
        // A frame with 500 records is the most that is beyond it.
        let bytes = fs::metadata(path).unwrap().len();
        assert!(bytes < (64 << 10) + 30_000, "{bytes}");
    }
    let finished: Vec<_> = events.try_iter().collect();
    let expected = segments.iter().map(|path| LogEvent::SegmentFinished { path: path.as_path().into() });
    assert_eq!(finished, expected.collect::<Vec<_>>());
    assert_eq!(recorder.counters().segments, segments.len() as u64);
    let bytes: u64 = segments.iter().map(|path| fs::metadata(path).unwrap().len() - 64).sum();
    assert_eq!(recorder.counters().bytes, bytes);
    assert_eq!(read(folder.path()).numbers(), (0..15_000).collect::<Vec<_>>());
}

#[test]
fn a_segment_that_is_old_enough_is_finished_though_nothing_is_recorded() {
    let folder = Folder::new();
    let mut options = crate::records::options();
    options.segment_age = Duration::from_secs(1);
    let events = listen(&mut options);
    let recorder = open(&folder, options);
    record_all(&recorder, 0..1);
    let event = events.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(event, LogEvent::SegmentFinished { path: folder.segments()[0].as_path().into() });
    // A segment begins with its first record.
    assert_eq!(folder.segments().len(), 1);
}

#[test]
fn the_oldest_segments_go_when_the_log_is_larger_than_it_may_be() {
    let folder = Folder::new();
    let mut options = crate::records::options();
    options.segment_bytes = 64 << 10;
    options.keep_bytes = Some(200 << 10);
    let recorder = open(&folder, options);
    fill(&recorder, 0, 60);
    recorder.close();
    let segments = folder.segments();
    let bytes: u64 = segments.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(bytes < (300 << 10), "{bytes} bytes in {segments:?}");
    assert!(segments.len() > 1);
    // The newest are there, without a gap.
    let numbers = read(folder.path()).numbers();
    assert!(numbers[0] > 0);
    assert_eq!(numbers, (numbers[0]..30_000).collect::<Vec<_>>());
}

#[test]
fn segments_that_are_too_old_go_with_what_was_made_of_them() {
    let folder = Folder::new();
    let mut options = crate::records::options();
    options.segment_bytes = 64 << 10;
    let recorder = open(&folder, options.clone());
    fill(&recorder, 0, 30);
    drop(recorder);
    let segments = folder.segments();
    let table = segments[0].with_extension("parquet");
    fs::write(&table, "a table").unwrap();
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    for path in [&segments[0], &table, &segments[1]] {
        fs::File::options().write(true).open(path).unwrap().set_modified(hour_ago).unwrap();
    }
    options.keep_age = Some(Duration::from_secs(1800));
    let events = listen(&mut options);
    drop(open(&folder, options));
    assert_eq!(folder.segments(), segments[2..]);
    assert!(!table.exists());
    let removed = events.try_iter().filter(|event| matches!(event, LogEvent::SegmentRemoved { .. })).count();
    assert_eq!(removed, 3);
    // The file of another program is nobody's segment.
    assert!(folder.path().join("key").exists());
}

#[test]
fn a_number_is_not_used_again_after_its_segment_became_a_table() {
    let folder = Folder::new();
    let recorder = open(&folder, crate::records::options());
    record_all(&recorder, 0..1);
    drop(recorder);
    let segment = folder.segments().remove(0);
    fs::rename(&segment, segment.with_extension("parquet")).unwrap();
    let recorder = open(&folder, crate::records::options());
    record_all(&recorder, 1..2);
    drop(recorder);
    assert!(folder.segments()[1].ends_with("decisions-0000000002.log"));
}
