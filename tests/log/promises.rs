//! The two promises: drop and count, or lose nothing.

use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex};

use callsign_log::{HoleReason, LogEvent, LogOptions, LogUnavailable, Promise, Recorded};

use crate::records::{Folder, open, read, record, record_all, record_one};

fn keep() -> LogOptions {
    let mut options = crate::records::options();
    options.promise = Promise::Keep;
    options
}

/// A writer that stops at its first event until it is let go.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn pass(&self) {
        let mut open = self.0.0.lock().unwrap();
        while !*open {
            open = self.0.1.wait(open).unwrap();
        }
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

/// A test that fails ends, too.
struct OpensAtEnd(Gate);

impl Drop for OpensAtEnd {
    fn drop(&mut self) {
        self.0.open();
    }
}

#[test]
fn what_was_waited_for_is_in_the_log_at_once() {
    let folder = Folder::new();
    let recorder = open(&folder, keep());
    for number in 0..20 {
        let ticket = record_one(&recorder, number);
        recorder.wait(ticket).unwrap();
        assert_eq!(read(folder.path()).numbers(), (0..=number).collect::<Vec<_>>());
    }
}

#[test]
fn a_batch_waits_once() {
    let folder = Folder::new();
    let recorder = open(&folder, keep());
    let ticket = record_all(&recorder, 0..5000);
    recorder.wait(ticket).unwrap();
    assert_eq!(read(folder.path()).numbers().len(), 5000);
}

#[test]
fn asynchronous_callers_share_the_disk_and_lose_nothing() {
    let folder = Folder::new();
    let recorder = open(&folder, keep());
    let threads: Vec<_> = (0..4_u64)
        .map(|thread| {
            let recorder = recorder.clone();
            std::thread::spawn(move || {
                pollster::block_on(async {
                    for number in 0..50 {
                        let ticket = record_one(&recorder, thread * 1000 + number);
                        recorder.wait_async(ticket).await.unwrap();
                    }
                });
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let mut numbers = read(folder.path()).numbers();
    // Each thread's own are in their order.
    for thread in 0..4 {
        let own: Vec<_> = numbers.iter().copied().filter(|number| number / 1000 == thread).collect();
        assert!(own.is_sorted() && own.len() == 50);
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 200);
}

#[test]
fn a_full_ring_drops_counts_and_marks_the_hole() {
    let folder = Folder::new();
    let mut options = crate::records::options();
    let (sender, events) = mpsc::channel();
    let gate = Gate::default();
    let at_writer = gate.clone();
    options.segment_bytes = 64 << 10;
    // The writer stands still at its first event.
    options.on_event = Some(Arc::new(move |event| {
        let _ = sender.send(event);
        at_writer.pass();
    }));
    let recorder = open(&folder, options);
    let _opens = OpensAtEnd(gate.clone());
    let mut number = 0;
    let first = loop {
        let _ = recorder.record(&record(number, &number.to_string()));
        number += 1;
        if let Ok(event) = events.try_recv() {
            break event;
        }
    };
    let (mut taken, mut dropped) = (Vec::new(), 0);
    for number in number..number + 20_000 {
        match recorder.record(&record(number, &number.to_string())) {
            Recorded::Taken(_) => taken.push(number),
            Recorded::Dropped => dropped += 1,
            other => panic!("{other:?}"),
        }
    }
    // The ring has room for some 5,000, less what is in it already.
    assert!(dropped > 10_000, "{dropped} dropped, {} taken", taken.len());
    gate.open();
    recorder.close();
    let content = read(folder.path());
    assert!(content.faults.is_empty());
    let missing: u64 = content.holes.iter().map(|hole| hole.records).sum();
    assert_eq!(missing, recorder.counters().dropped);
    assert!(missing >= dropped, "{missing}");
    assert_eq!(content.records.len() as u64 + missing, number + 20_000);
    assert_eq!(recorder.counters().recorded, content.records.len() as u64);
    for hole in &content.holes {
        assert!(hole.reason == HoleReason::Busy && hole.from <= hole.until, "{hole:?}");
    }
    let numbers: std::collections::HashSet<_> = content.numbers().into_iter().collect();
    assert!(taken.iter().all(|number| numbers.contains(number)));
    assert!(events.try_iter().chain([first]).any(|event| event == LogEvent::DropsBegan));
}

#[test]
fn a_full_ring_makes_the_caller_wait_where_nothing_may_be_lost() {
    let folder = Folder::new();
    let mut options = keep();
    options.ring_bytes = 128 << 10;
    let recorder = open(&folder, options);
    let (mut full, mut last) = (0, None);
    for number in 0..20_000_u64 {
        let id = number.to_string();
        loop {
            match recorder.record(&record(number, &id)) {
                Recorded::Taken(ticket) => {
                    last = Some(ticket);
                    break;
                }
                Recorded::Full(ticket) => {
                    full += 1;
                    recorder.wait(ticket).unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
    }
    recorder.wait(last.unwrap()).unwrap();
    assert_eq!(read(folder.path()).numbers(), (0..20_000).collect::<Vec<_>>());
    assert_eq!(recorder.counters().dropped, 0);
    assert!(full > 0);
}

#[test]
fn a_decision_that_waits_while_the_log_is_closed_is_refused_or_in_the_log() {
    let folder = Folder::new();
    let recorder = open(&folder, keep());
    let threads: Vec<_> = (0..3_u64)
        .map(|thread| {
            let recorder = recorder.clone();
            std::thread::spawn(move || {
                let mut kept = Vec::new();
                for number in thread * 1_000_000.. {
                    let ticket = match recorder.record(&record(number, &number.to_string())) {
                        Recorded::Taken(ticket) | Recorded::Full(ticket) => ticket,
                        Recorded::Refused(LogUnavailable::Closed) => break,
                        other => panic!("{other:?}"),
                    };
                    match recorder.wait(ticket) {
                        Ok(()) => kept.push(number),
                        Err(LogUnavailable::Closed) => break,
                        Err(other) => panic!("{other}"),
                    }
                }
                kept
            })
        })
        .collect();
    // Each of them has some on the disk.
    record_all(&recorder, 9_000_000..9_000_010);
    recorder.flush().unwrap();
    while recorder.counters().recorded < 100 {
        std::thread::yield_now();
    }
    recorder.close();
    let kept: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let numbers: std::collections::HashSet<_> = read(folder.path()).numbers().into_iter().collect();
    assert!(kept.iter().all(|number| numbers.contains(number)));
}

#[test]
fn records_of_threads_that_have_ended_are_in_the_log() {
    let folder = Folder::new();
    let recorder = open(&folder, crate::records::options());
    for thread in 0..20 {
        let recorder = recorder.clone();
        let record = move || record_all(&recorder, thread * 10..thread * 10 + 10);
        std::thread::spawn(record).join().unwrap();
    }
    recorder.close();
    let mut numbers = read(folder.path()).numbers();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}

#[test]
fn a_thread_that_records_to_two_logs_mixes_nothing() {
    let (one, other) = (Folder::new(), Folder::new());
    let (to_one, to_other) = (open(&one, crate::records::options()), open(&other, keep()));
    for number in 0..100 {
        record_one(if number % 2 == 0 { &to_one } else { &to_other }, number);
    }
    drop((to_one, to_other));
    assert_eq!(read(one.path()).numbers(), (0..100).step_by(2).collect::<Vec<_>>());
    assert_eq!(read(other.path()).numbers(), (1..100).step_by(2).collect::<Vec<_>>());
}
