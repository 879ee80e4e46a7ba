//! Signals are written whole once, and as what changed after that.

use std::fs;

use callsign_log::{HealthReport, Record, Recorded, SignalsContext, SignalsId};

use crate::records::{Folder, open, read, record};

fn state(senders: u64, unhealthy: u64) -> SignalsContext {
    let health = (0..senders).map(|sender| HealthReport {
        sender: sender.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        channel: None,
        country: None,
        unhealthy_since: (sender == unhealthy).then_some(1_795_000_000),
    });
    SignalsContext { health: health.collect(), numbers: Vec::new() }
}

#[test]
fn signals_that_change_little_take_little_room() {
    let folder = Folder::new();
    let recorder = open(&folder, crate::records::options());
    // More than are kept for records on their way.
    for id in 0..50 {
        recorder.declare_signals(SignalsId(id), || state(20_000, id * 100));
        let text = id.to_string();
        let with_signals = Record { signals: Some(SignalsId(id)), ..record(id, &text) };
        assert!(matches!(recorder.record(&with_signals), Recorded::Taken(_)));
        recorder.flush().unwrap();
    }
    drop(recorder);
    let content = read(folder.path());
    assert!(content.faults.is_empty(), "{:?}", content.faults);
    for (id, found) in content.records.iter().enumerate() {
        assert!(*found.signals.as_ref().unwrap() == state(20_000, id as u64 * 100), "signals {id}");
    }
    // 20,000 reports have 180,000 bytes; 50 times as many would be 9,000,000.
    let bytes = fs::metadata(&folder.segments()[0]).unwrap().len();
    assert!(bytes < 400_000, "{bytes} bytes");
}

#[test]
fn signals_that_are_older_than_the_log_keeps_are_left_out_and_their_record_is_written() {
    let folder = Folder::new();
    let recorder = open(&folder, crate::records::options());
    for id in 0..17 {
        recorder.declare_signals(SignalsId(id), || state(3, id));
    }
    for id in [0, 1, 16] {
        let text = id.to_string();
        let with_signals = Record { signals: Some(SignalsId(id)), ..record(id, &text) };
        assert!(matches!(recorder.record(&with_signals), Recorded::Taken(_)));
    }
    drop(recorder);
    let content = read(folder.path());
    let found: Vec<_> = content.records.iter().map(|found| found.signals.clone()).collect();
    assert_eq!(found, [None, Some(state(3, 1)), Some(state(3, 16))]);
}

#[test]
fn signals_that_are_used_again_after_many_others_are_named_again() {
    let folder = Folder::new();
    let recorder = open(&folder, crate::records::options());
    let order: Vec<u64> = (0..40).map(|step| if step % 2 == 0 { 7 } else { step }).collect();
    for (number, id) in order.iter().enumerate() {
        // As a decision that began with old signals declares them.
        recorder.declare_signals(SignalsId(*id), || state(5, id % 5));
        let text = number.to_string();
        let with_signals = Record { signals: Some(SignalsId(*id)), ..record(number as u64, &text) };
        assert!(matches!(recorder.record(&with_signals), Recorded::Taken(_)));
        recorder.flush().unwrap();
    }
    drop(recorder);
    let content = read(folder.path());
    for (found, id) in content.records.iter().zip(&order) {
        assert_eq!(found.signals, Some(state(5, id % 5)));
    }
}

#[test]
fn every_segment_names_its_contexts_again_so_that_it_is_read_alone() {
    let folder = Folder::new();
    let mut options = crate::records::options();
    options.segment_bytes = 64 << 10;
    let recorder = open(&folder, options);
    recorder.declare_signals(SignalsId(3), || state(9, 2));
    for number in 0..6000_u64 {
        let text = format!("{:x}{number}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let with_signals = Record { signals: Some(SignalsId(3)), ..record(number, &text) };
        assert!(matches!(recorder.record(&with_signals), Recorded::Taken(_)));
        if number % 500 == 499 {
            recorder.flush().unwrap();
        }
    }
    drop(recorder);
    let segments = folder.segments();
    assert!(segments.len() > 2, "{segments:?}");
    let mut records = 0;
    for segment in segments {
        let content = read(&segment);
        records += content.records.len();
        for found in content.records {
            assert!(found.catalog.is_some() && found.policy.is_some() && found.signals == Some(state(9, 2)));
        }
    }
    assert_eq!(records, 6000);
}
