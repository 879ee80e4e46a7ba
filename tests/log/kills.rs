//! SIGKILL: the log ends at a whole frame, and what is missing is what the promise says.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use callsign_log::{DecisionLog, FaultKind, LogError, Part, Record, TimeRange};

use crate::program::{Program, THREAD, THREADS, now};
use crate::records::{Folder, open, record};

/// How many kills of each promise: 5, and 200 for `make log-kills`.
fn kills() -> u64 {
    std::env::var("CALLSIGN_LOG_KILLS").map_or(5, |kills| kills.parse().unwrap())
}

/// Whether the machine has nothing else to do, as `make log-kills` asks.
fn is_long() -> bool {
    std::env::var_os("CALLSIGN_LOG_KILLS").is_some()
}

/// What a program told before it was killed, by thread: the last number and the time of each batch.
#[derive(Debug, Default)]
struct Told {
    batches: HashMap<u64, Vec<(u64, u64)>>,
    /// How many records the log said that it had.
    recorded: u64,
    /// When it was killed.
    killed: u64,
}

fn run_and_kill(mode: &str, folder: &Folder, lines: u64) -> Told {
    let mut program = Program::start(mode, folder.path());
    let mut told = Told::default();
    let mut note = |line: String| {
        let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
        let [number, time, recorded] = numbers[..] else { panic!("{line}") };
        told.batches.entry(number / THREAD).or_default().push((number, time));
        told.recorded = told.recorded.max(recorded);
    };
    for _ in 0..lines {
        note(program.line().unwrap());
    }
    let killed = now();
    program.kill();
    // What it had told and nobody had read yet.
    std::iter::from_fn(|| program.line()).for_each(note);
    told.killed = killed;
    told
}

/// Reads the segments that a killed program left, and opens the log again; its content is the same afterwards.
fn check(folder: &Folder, known: &mut Vec<PathBuf>) -> Content {
    let segments = folder.segments();
    let new: Vec<_> = segments.iter().filter(|path| !known.contains(path)).cloned().collect();
    let before = contents(&new);
    for fault in &before.faults {
        let LogError::Fault(fault) = fault else { panic!("{fault}") };
        assert!(matches!(fault.kind, FaultKind::Cut { .. }), "{fault}");
        assert_eq!(Some(&fault.path), new.last(), "only the last segment may be cut");
    }
    drop(open(folder, crate::records::options()));
    let new: Vec<_> = new.into_iter().filter(|path| path.exists()).collect();
    let after = contents(&new);
    assert!(after.faults.is_empty(), "{:?}", after.faults);
    assert_eq!(after.numbers, before.numbers);
    // Opening the log removed a segment that had no frame yet, whose number is taken again.
    *known = folder.segments();
    after
}

/// What segments have.
#[derive(Debug, Default)]
struct Content {
    numbers: Vec<u64>,
    /// How many records holes say that were dropped.
    dropped: u64,
    faults: Vec<LogError>,
}

/// Reads segments, and checks that each record is what was recorded.
fn contents(segments: &[PathBuf]) -> Content {
    let mut content = Content::default();
    let mut memory = Vec::new();
    for segment in segments {
        let log = DecisionLog::open(segment).unwrap();
        for part in log.read(TimeRange::ALL) {
            match part {
                Ok(Part::Block(block)) => {
                    for found in block.records(&mut memory).unwrap().iter() {
                        let id = found.message_id.unwrap();
                        let number = id.parse().unwrap();
                        let Record { time, recipient, catalog, policy, .. } = found;
                        assert_eq!(found, Record { time, recipient, catalog, policy, ..record(number, id) });
                        content.numbers.push(number);
                    }
                }
                Ok(Part::Hole(hole)) => content.dropped += hole.records,
                Ok(_) => {}
                Err(fault) => content.faults.push(fault),
            }
        }
    }
    content
}

/// The last number of each thread that the log has. Those before it are all there, once each, in their order, but for those that
/// holes say were dropped: a machine that is busy may let the writer wait.
fn last_numbers(content: &Content) -> HashMap<u64, u64> {
    let (mut last, mut missing) = (HashMap::new(), 0);
    for &number in &content.numbers {
        let next = last.get(&(number / THREAD)).map_or(number / THREAD * THREAD, |last| last + 1);
        assert!(number >= next, "{number} is there twice, or after {next}");
        missing += number - next;
        last.insert(number / THREAD, number);
    }
    // The last hole may not be written yet when the program is killed.
    if is_long() {
        assert!(missing <= content.dropped, "{missing} are missing, and holes say {}", content.dropped);
    }
    last
}

#[test]
fn nothing_that_was_answered_is_missing_after_a_sigkill_where_nothing_may_be_lost() {
    let folder = Folder::new();
    let (mut known, mut total) = (Vec::new(), 0);
    for kill in 0..kills() {
        let told = run_and_kill("keep", &folder, 1 + kill * 37 % 150);
        let content = check(&folder, &mut known);
        assert_eq!(content.dropped, 0, "kill {kill}");
        let last = last_numbers(&content);
        for (thread, batches) in &told.batches {
            let answered = batches.iter().map(|(number, _)| *number).max().unwrap();
            assert!(last[thread] >= answered, "kill {kill}: {answered} was answered, {} is the last", last[thread]);
        }
        total += content.numbers.len();
    }
    // What the runs before had written is still there.
    assert_eq!(contents(&folder.segments()).numbers.len(), total);
    println!("{} kills, {total} records, nothing that was answered is missing", kills());
}

#[test]
fn only_the_last_moment_is_missing_after_a_sigkill_where_records_may_be_dropped() {
    let folder = Folder::new();
    let (mut known, mut total, mut longest) = (Vec::new(), 0, 0);
    for kill in 0..kills() {
        let told = run_and_kill("drop", &folder, 20 + kill * 977 % 9000);
        let content = check(&folder, &mut known);
        let last = last_numbers(&content);
        if is_long() {
            let (found, said) = (content.numbers.len() as u64, told.recorded);
            assert!(found >= said, "kill {kill}: the log said that it has {said}, and has {found}");
        }
        for thread in 0..THREADS {
            let next = last.get(&thread).map_or(thread * THREAD, |last| last + 1);
            // The first record that is missing was made after the batch before it was told.
            let batches = told.batches.get(&thread).map_or(&[][..], |batches| batches);
            let missing = batches.iter().position(|(number, _)| *number >= next);
            if let Some(missing) = missing {
                let since = batches[missing.saturating_sub(1)].1;
                longest = longest.max(told.killed.saturating_sub(since));
            }
        }
        total += content.numbers.len();
    }
    assert_eq!(contents(&folder.segments()).numbers.len(), total);
    println!("{} kills, {total} records, at most the last {} ms are missing", kills(), longest / 1000);
    // How late a thread runs is up to the machine: only asked of one that does nothing else.
    if is_long() {
        assert!(longest <= 100_000, "{longest} µs are missing");
    }
    assert!(fs::metadata(folder.path().join("key")).is_ok());
}
