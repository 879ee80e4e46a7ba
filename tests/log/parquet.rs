//! Finished segments become Parquet files, which have all that the segments had.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, SystemTime};

use callsign_log::{
    FaultKind, LogError, LogEvent, LogKey, LogOptions, LoggedDecision, Query, Recipients, Recorded, Recorder,
    TimeRange, convert_log, find,
};

use crate::records::{Folder, open, read, record, record_all};
use crate::varied::{START, STEP, record_varied, varied_log, without_parquet};

/// Converts a log; what happened.
fn convert(folder: &Path) -> Vec<LogEvent> {
    let events = Mutex::new(Vec::new());
    convert_log(folder, &|event| events.lock().unwrap().push(event)).unwrap();
    events.into_inner().unwrap()
}

/// The names of the files that belong to segments.
fn files(folder: &Folder) -> Vec<String> {
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("decisions-")).collect();
    names.sort();
    names
}

#[test]
fn a_parquet_file_has_the_records_of_its_segment_with_their_contexts_in_their_order() {
    for recipients in [Recipients::Plain, Recipients::Sealed] {
        let folder = Folder::new();
        let mut options = without_parquet();
        options.recipients = recipients;
        varied_log(&folder, options, 6_000);
        let before = read(folder.path());
        assert_eq!((before.records.len(), before.faults.len()), (6_000, 0));
        assert!(
            before.records.iter().any(|found| found.signals.as_ref().is_some_and(|signals| signals.health.len() == 4))
        );
        let segments = files(&folder);
        assert!(segments.len() > 2 && segments.iter().all(|name| name.ends_with(".log")), "{segments:?}");

        let events = convert(folder.path());
        assert_eq!(events.len(), segments.len(), "{events:?}");
        let expected: Vec<String> = segments.iter().map(|name| name.replace(".log", ".parquet")).collect();
        assert_eq!(files(&folder), expected);
        let after = read(folder.path());
        assert!(after.faults.is_empty(), "{:?}", after.faults);
        assert_eq!(after.records, before.records);
        // There is nothing left to convert.
        assert_eq!(convert(folder.path()), []);
    }
}

#[test]
fn a_range_of_time_is_read_from_parquet_files_too() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), 3_000);
    convert(folder.path());
    let log = callsign_log::DecisionLog::open(folder.path()).unwrap();
    let range = TimeRange { since: START + 1_000 * STEP, until: START + 1_100 * STEP };
    let mut times = Vec::new();
    for part in log.read(range) {
        let callsign_log::Part::Block(block) = part.unwrap() else { continue };
        let mut bytes = Vec::new();
        times.extend(
            block.records(&mut bytes).unwrap().iter().map(|record| record.time).filter(|time| range.has(*time)),
        );
    }
    assert_eq!(times, (1_000..1_100).map(|number| START + number * STEP).collect::<Vec<_>>());
}

#[test]
fn holes_stay_where_they_are() {
    let folder = Folder::new();
    let mut options = without_parquet();
    options.ring_bytes = 128 << 10;
    let recorder = open(&folder, options);
    let mut number = 0;
    // Recording is quicker than writing.
    loop {
        let id = number.to_string();
        match recorder.record(&record(number, &id)) {
            Recorded::Dropped => break,
            Recorded::Taken(_) => number += 1,
            other => panic!("{other:?}"),
        }
    }
    recorder.flush().unwrap();
    record_all(&recorder, number..number + 10);
    recorder.close();
    let before = read(folder.path());
    assert!(!before.holes.is_empty(), "{before:?}");
    convert(folder.path());
    let after = read(folder.path());
    assert_eq!((after.holes, after.records), (before.holes, before.records));
}

#[test]
fn a_recorder_makes_parquet_files_of_what_it_finished_and_of_what_was_left() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), 1_500);
    let left = files(&folder).len();
    let mut options = LogOptions::default();
    options.segment_bytes = 64 << 10;
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    options.on_event = Some(Arc::new(move |event| drop(sender.lock().unwrap().send(event))));
    let recorder = Recorder::open(folder.path(), options).unwrap();
    let (mut finished, mut converted, mut recorded) = (left, 0, 1_500);
    while converted < finished || finished == left {
        if finished == left {
            record_varied(&recorder, recorded..recorded + 500);
            recorder.flush().unwrap();
            recorded += 500;
        }
        let event = if finished == left {
            events.try_recv().ok()
        } else {
            Some(events.recv_timeout(Duration::from_secs(60)).unwrap())
        };
        match event {
            Some(LogEvent::SegmentFinished { .. }) => finished += 1,
            Some(LogEvent::SegmentConverted { path }) => {
                assert!(path.extension().unwrap() == "parquet");
                converted += 1;
            }
            Some(other) => panic!("{other:?}"),
            None => assert!(recorded < 100_000, "a segment of 64 KiB is never finished"),
        }
    }
    recorder.close();
    let content = read(folder.path());
    assert!(content.faults.is_empty());
    assert_eq!(content.records.len() as u64, recorded);
    let names = files(&folder);
    assert!(names.iter().filter(|name| name.ends_with(".parquet")).count() > left, "{names:?}");
}

#[test]
fn a_segment_with_a_fault_stays_as_it_is() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), 3_000);
    let damaged = folder.segments()[1].clone();
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&damaged, &bytes).unwrap();
    let before = read(folder.path());
    let events = convert(folder.path());
    let failed: Vec<_> = events.iter().filter(|event| matches!(event, LogEvent::ConversionFailed { .. })).collect();
    let [LogEvent::ConversionFailed { path, reason }] = &*failed else { panic!("{events:?}") };
    assert_eq!(**path, *damaged);
    assert!(reason.contains(damaged.to_str().unwrap()) && reason.contains("byte "), "{reason}");
    assert_eq!(fs::read(&damaged).unwrap(), bytes);
    assert!(files(&folder).iter().all(|name| !name.ends_with(".part")));
    assert_eq!(read(folder.path()).records, before.records);
}

#[test]
fn a_conversion_that_was_killed_is_done_again() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), 1_000);
    let before = read(folder.path());
    let segment = folder.segments()[0].clone();
    // Before the file was whole.
    fs::write(segment.with_extension("parquet.part"), "PAR1 and no more").unwrap();
    let bytes = fs::read(&segment).unwrap();
    convert(folder.path());
    assert_eq!(read(folder.path()).records, before.records);
    // After it was whole, and before the segment was removed.
    fs::write(&segment, bytes).unwrap();
    assert_eq!(read(folder.path()).records, before.records);
    convert(folder.path());
    assert!(!segment.exists());
    assert_eq!(read(folder.path()).records, before.records);
}

#[test]
fn a_segment_stays_where_its_file_cannot_be_written_or_is_anothers() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), 1_000);
    let before = read(folder.path());
    let [first, second] = &*folder.segments() else { panic!("two segments") };
    let bytes = [first, second].map(|segment| fs::read(segment).unwrap());
    let part = first.with_extension("parquet.part");
    fs::create_dir(&part).unwrap();
    let foreign = second.with_extension("parquet");
    fs::write(&foreign, "another's").unwrap();
    let failed: Vec<_> = convert(folder.path())
        .into_iter()
        .filter_map(|event| match event {
            LogEvent::ConversionFailed { path, reason } => Some((path, reason)),
            _ => None,
        })
        .collect();
    assert_eq!([&*failed[0].0, &*failed[1].0], [first, second], "{failed:?}");
    assert!(failed[0].1.contains(part.to_str().unwrap()), "{failed:?}");
    assert!(failed[1].1.contains(foreign.to_str().unwrap()), "{failed:?}");
    assert_eq!([first, second].map(|segment| fs::read(segment).unwrap()), bytes);
    fs::remove_dir(&part).unwrap();
    fs::remove_file(&foreign).unwrap();
    convert(folder.path());
    assert_eq!(read(folder.path()).records, before.records);
    assert!(!first.exists() && !second.exists());
}

#[test]
fn a_parquet_file_that_is_damaged_cut_or_foreign_is_reported_and_the_rest_is_read() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), 3_000);
    convert(folder.path());
    let all = read(folder.path()).records;
    let damaged = folder.segments()[0].clone();
    let of_damaged = read(&damaged).records.len();
    let bytes = fs::read(&damaged).unwrap();
    let foreign = b"PAR1 this is no Parquet file PAR1".to_vec();
    let mut garbled = bytes.clone();
    garbled[4..2_000].fill(0xaa);
    for (name, wrong) in [("cut", bytes[..bytes.len() / 2].to_vec()), ("foreign", foreign), ("garbled", garbled)] {
        fs::write(&damaged, &wrong).unwrap();
        let content = read(folder.path());
        // Blocks are read one by one.
        assert!(!content.faults.is_empty(), "{name}");
        for fault in &content.faults {
            let LogError::Fault(fault) = fault else { panic!("{name}: {fault}") };
            assert_eq!(fault.path, damaged, "{name}");
            assert!(matches!(fault.kind, FaultKind::Parquet { .. } | FaultKind::Foreign), "{name}: {fault}");
        }
        assert_eq!(content.records, all[of_damaged..], "{name}");
        let page = find(folder.path(), &Query::new().limit(1000).unwrap(), None).unwrap();
        assert_eq!(page.decisions.len(), 1000, "{name}");
        assert_eq!(fs::read(&damaged).unwrap(), wrong, "{name}");
    }
}

#[test]
fn a_parquet_file_of_a_newer_version_is_reported_as_that() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), 500);
    convert(folder.path());
    let file = folder.segments()[0].clone();
    let mut bytes = fs::read(&file).unwrap();
    // Key and value of the metadata, each with its length before it.
    let key = b"callsign.log";
    let at = bytes.windows(key.len()).rposition(|window| window == key).unwrap() + key.len() + 2;
    assert_eq!(bytes[at], b'1');
    bytes[at] = b'9';
    fs::write(&file, bytes).unwrap();
    let faults = read(folder.path()).faults;
    let [LogError::Fault(fault)] = &*faults else { panic!("{faults:?}") };
    assert!(matches!(fault.kind, FaultKind::Newer { found: 9, known: 1 }), "{fault}");
}

#[test]
fn parquet_files_are_kept_by_age_and_total_size() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), 6_000);
    convert(folder.path());
    let names = files(&folder);
    let old = SystemTime::now() - Duration::from_secs(3600);
    let oldest = folder.path().join(&names[0]);
    fs::File::options().write(true).open(&oldest).unwrap().set_modified(old).unwrap();
    let open_and_close = |options: LogOptions| Recorder::open(folder.path(), options).unwrap().close();
    let mut options = LogOptions::default();
    options.keep_age = Some(Duration::from_secs(1800));
    open_and_close(options);
    assert_eq!(files(&folder), names[1..]);
    let size = |name: &String| fs::metadata(folder.path().join(name)).unwrap().len();
    let mut options = LogOptions::default();
    options.keep_bytes = Some(names[2..].iter().map(size).sum());
    open_and_close(options);
    assert_eq!(files(&folder), names[2..]);
}

#[test]
fn a_parquet_file_has_the_age_of_its_records() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), 100);
    let segment = folder.segments()[0].clone();
    let old = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(&segment).unwrap().set_modified(old).unwrap();
    let written = fs::metadata(&segment).unwrap().modified().unwrap();
    convert(folder.path());
    assert_eq!(fs::metadata(&folder.segments()[0]).unwrap().modified().unwrap(), written);
}

/// `make test-parquet` runs it.
#[test]
#[ignore = "needs pyarrow and duckdb: make test-parquet"]
fn pyarrow_and_duckdb_read_a_file_as_it_is() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), 2_000);
    convert(folder.path());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ran = Command::new(root.join("target/venv/bin/python"))
        .arg(root.join("tests/log/read_parquet.py"))
        .arg(folder.path())
        .output()
        .expect("make test-parquet installs Python with pyarrow and duckdb");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let out = String::from_utf8(ran.stdout).unwrap();
    let rows: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2_000);
    let key = LogKey::of_log(folder.path()).unwrap();
    let mut decisions: Vec<LoggedDecision> = Vec::new();
    let mut query = Query::new().limit(1000).unwrap();
    loop {
        let page = find(folder.path(), &query, key.as_ref()).unwrap();
        decisions.extend(page.decisions);
        let Some(next) = page.next else { break };
        query = query.after(next);
    }
    decisions.reverse();
    for (row, decision) in rows.iter().zip(&decisions) {
        let attributes: serde_json::Map<_, _> =
            decision.attributes.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        let expected = serde_json::json!({
            "time": decision.time, "took_ns": decision.took_nanoseconds, "message_id": decision.message_id,
            "trace_id": decision.trace_id, "application": decision.application_id, "entity": decision.entity_id,
            "channel": decision.channel, "is_fallback": decision.is_fallback,
            "told_unhealthy": decision.told_unhealthy, "recipient": decision.recipient_hash,
            "recipient_kind": "SEALED", "country": decision.country, "area_code": decision.area_code,
            "message_from": decision.from, "message_type": decision.message_type,
            "sent_at": decision.sent_at.map(|seconds| seconds * 1_000_000), "catalog": decision.catalog,
            "policy": decision.policy.as_ref().map(|policy| &policy.label),
            "module": decision.policy.as_ref().map(|policy| &policy.module),
            "settings": decision.policy.as_ref().map(|policy| &policy.settings), "signals": row["signals"],
            "pin_read": decision.pin_read, "pin_read_key": decision.pin_read_key, "pin_write": decision.pin_write,
            "sender": decision.sender_id, "strategy": decision.sending_strategy_id, "step": decision.step,
            "refusal": decision.refusal.as_ref().map(|refusal| &refusal.code),
            "attributes_complete": !decision.has_other_attributes, "attributes": attributes,
        });
        assert_eq!(*row, expected);
        assert_eq!(row["signals"].is_null(), !decision.has_signals);
    }
}
