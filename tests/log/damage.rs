//! Bad input: a clear error that names file and offset; what is whole is still read; nothing is overwritten.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use callsign_log::{DecisionLog, Fault, FaultKind, LogError, Part, SegmentReader, TimeRange};

use crate::records::{Content, Folder, add, open, read, record_all};

/// A segment with four frames of ten records, and where each of its frames begins; the first has the contexts.
fn segment(folder: &Folder) -> (Vec<u8>, Vec<usize>) {
    let mut options = crate::records::options();
    // Frames end where the log is flushed, however long this thread waits for a core in the middle of ten records.
    options.write_every = Duration::from_secs(60);
    let recorder = open(folder, options);
    for part in 0..4 {
        record_all(&recorder, part * 10..part * 10 + 10);
        recorder.flush().unwrap();
    }
    drop(recorder);
    let bytes = fs::read(&folder.segments()[0]).unwrap();
    let frames: Vec<_> =
        bytes.windows(4).enumerate().filter(|(_, mark)| mark == b"CsF\x01").map(|(at, _)| at).collect();
    assert_eq!(frames.len(), 6, "contexts, four blocks, the end");
    (bytes, frames)
}

fn read_bytes(bytes: &[u8]) -> Result<Content, LogError> {
    let reader = SegmentReader::open(Cursor::new(bytes), Path::new("some.log"))?;
    let mut content = Content::default();
    reader.for_each(|part| add(&mut content, part));
    Ok(content)
}

fn fault(error: &LogError) -> &Fault {
    let LogError::Fault(fault) = error else { panic!("{error}") };
    fault
}

#[test]
fn a_segment_that_is_cut_anywhere_is_read_up_to_its_last_whole_frame() {
    let folder = Folder::new();
    let (bytes, frames) = segment(&folder);
    for length in 0..=bytes.len() {
        let content = match read_bytes(&bytes[..length]) {
            Ok(content) => content,
            Err(error) => {
                assert!(length < 64, "{length}: {error}");
                assert_eq!(fault(&error).kind, FaultKind::Cut { bytes: length as u64 });
                continue;
            }
        };
        let whole: Vec<_> = frames.iter().chain([&bytes.len()]).copied().filter(|at| *at <= length).collect();
        // The first frame has contexts, the last one totals.
        let records = whole.len().saturating_sub(2).min(4) as u64 * 10;
        assert_eq!(content.numbers(), (0..records).collect::<Vec<_>>(), "cut at {length}");
        let end = whole.last().copied().unwrap_or(64);
        match &content.faults[..] {
            [] => assert_eq!(length, end),
            [one] => {
                let cut = Fault {
                    path: "some.log".into(),
                    offset: end as u64,
                    kind: FaultKind::Cut { bytes: (length - end) as u64 },
                };
                assert_eq!(*fault(one), cut, "cut at {length}");
            }
            many => panic!("{many:?}"),
        }
    }
}

#[test]
fn a_byte_that_differs_is_found_wherever_it_is_and_every_other_frame_is_read() {
    let folder = Folder::new();
    let (bytes, frames) = segment(&folder);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        let content = match read_bytes(&changed) {
            Ok(content) => content,
            Err(error) => {
                assert!(at < 64, "{at}: {error}");
                continue;
            }
        };
        // Of an own frame: the contexts, four blocks, the end.
        let frame = frames.iter().rposition(|start| *start <= at).unwrap();
        let expected: Vec<u64> = (0..4)
            .filter(|block| block + 1 != frame)
            .flat_map(|block| {
                let first = block as u64 * 10;
                first..first + 10
            })
            .collect();
        assert_eq!(content.numbers(), expected, "byte {at}, frame {frame}");
        assert_eq!(content.faults.len(), 1, "byte {at}: {:?}", content.faults);
        let fault = fault(&content.faults[0]);
        assert_eq!(fault.offset, frames[frame] as u64, "byte {at}");
        match fault.kind {
            FaultKind::NoFrame { .. } | FaultKind::Cut { .. } => assert!(at < frames[frame] + 48),
            FaultKind::Checksum { .. } => assert!(at >= frames[frame] + 48),
            ref other => panic!("byte {at}: {other}"),
        }
        // Without the frame of contexts they are unknown, and the records are there.
        assert_eq!(content.records[0].catalog.is_some(), frame != 0);
        assert_eq!(content.records[0].policy.is_some(), frame != 0);
    }
}

#[test]
fn a_frame_that_is_missing_is_reported_and_what_follows_it_is_read() {
    let folder = Folder::new();
    let (mut bytes, frames) = segment(&folder);
    bytes.drain(frames[2]..frames[3]);
    let content = read_bytes(&bytes).unwrap();
    assert_eq!(content.numbers(), (0..10).chain(20..40).collect::<Vec<_>>());
    let [one] = &content.faults[..] else { panic!("{:?}", content.faults) };
    assert_eq!(fault(one).offset, frames[2] as u64);
    assert_eq!(fault(one).kind, FaultKind::Gap { expected: 2, found: 3 });
}

#[test]
fn bytes_between_frames_are_left_out() {
    let folder = Folder::new();
    let (bytes, frames) = segment(&folder);
    for noise in [vec![0; 1], vec![0; 5000], b"CsF\x01".repeat(30), vec![0xff; 600_000]] {
        let mut changed = bytes.clone();
        changed.splice(frames[3]..frames[3], noise.iter().copied());
        let content = read_bytes(&changed).unwrap();
        assert_eq!(content.numbers(), (0..40).collect::<Vec<_>>());
        let [one] = &content.faults[..] else { panic!("{:?}", content.faults) };
        assert_eq!(fault(one).offset, frames[3] as u64);
        assert_eq!(fault(one).kind, FaultKind::NoFrame { bytes: noise.len() as u64 });
    }
}

#[test]
fn a_file_that_is_no_segment_is_named() {
    let folder = Folder::new();
    segment(&folder);
    let foreign = folder.path().join("decisions-0000000002.log");
    fs::write(&foreign, "2026-11-27 some other program's log\n".repeat(9)).unwrap();
    let content = read(folder.path());
    assert_eq!(content.numbers().len(), 40);
    let [error] = &content.faults[..] else { panic!("{:?}", content.faults) };
    assert_eq!(
        error.to_string(),
        format!(
            "{}, byte 0: this is no segment of a decision log: it does not begin with CALLSIGNLOG",
            foreign.display()
        )
    );
}

#[test]
fn a_segment_of_a_newer_version_is_named_and_the_others_are_read() {
    let folder = Folder::new();
    let (mut bytes, _) = segment(&folder);
    bytes[12] = 2;
    let newer = folder.path().join("decisions-0000000002.log");
    fs::write(&newer, bytes).unwrap();
    let content = read(folder.path());
    assert_eq!(content.numbers().len(), 40);
    let [error] = &content.faults[..] else { panic!("{:?}", content.faults) };
    assert_eq!(
        error.to_string(),
        format!(
            "{}, byte 12: the format has version 2; this program reads version 1: use a newer callsign",
            newer.display()
        )
    );
}

#[test]
fn a_folder_without_segments_is_no_log() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).unwrap();
    let error = DecisionLog::open(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("there is no decision log in it (no decisions-*.log)"), "{error}");
    let missing = folder.path().join("nowhere");
    let error = DecisionLog::open(&missing).unwrap_err().to_string();
    assert!(error.starts_with(&missing.display().to_string()), "{error}");
}

#[test]
fn opening_a_log_cuts_off_half_a_frame_and_overwrites_nothing_else() {
    let folder = Folder::new();
    let (bytes, frames) = segment(&folder);
    let path = folder.segments()[0].clone();
    let damaged = |change: fn(&mut Vec<u8>, &[usize])| {
        let mut bytes = bytes.clone();
        change(&mut bytes, &frames);
        bytes
    };
    // What is there, and how much of it is left.
    let cases = [
        (bytes.clone(), Some(bytes.len())),
        (bytes[..frames[4] + 60].to_vec(), Some(frames[4])),
        (bytes[..frames[4] + 20].to_vec(), Some(frames[4])),
        (bytes[..frames[4] + 2].to_vec(), Some(frames[4])),
        (bytes[..40].to_vec(), None),
        (Vec::new(), None),
        // Zeros, as a file system leaves them after a power cut; a damaged frame; a foreign file.
        (damaged(|bytes, _| bytes.extend([0; 100])), Some(bytes.len() + 100)),
        (damaged(|bytes, frames| bytes[frames[2] + 9] ^= 1), Some(bytes.len())),
        (damaged(|bytes, _| bytes[0] = b'X'), Some(bytes.len())),
    ];
    for (index, (before, left)) in cases.into_iter().enumerate() {
        fs::write(&path, &before).unwrap();
        let recorder = open(&folder, crate::records::options());
        match left {
            Some(left) => assert_eq!(fs::read(&path).unwrap(), before[..left], "case {index}"),
            None => assert!(!path.exists(), "case {index}"),
        }
        record_all(&recorder, 100..101);
        drop(recorder);
        // What is new is in a file of its own.
        let segments = folder.segments();
        assert_eq!(segments.len(), usize::from(left.is_some()) + 1, "case {index}");
        assert_eq!(read(segments.last().unwrap()).numbers(), [100]);
        fs::remove_file(segments.last().unwrap()).unwrap();
    }
}

#[test]
fn a_log_is_read_while_it_is_written() {
    let folder = Folder::new();
    let recorder = open(&folder, crate::records::options());
    for part in 0..5 {
        record_all(&recorder, part * 10..part * 10 + 10);
        recorder.flush().unwrap();
        let content = read(folder.path());
        assert_eq!(content.numbers().len() as u64, part * 10 + 10);
        assert!(content.faults.is_empty());
        let log = DecisionLog::open(folder.path()).unwrap();
        let mut segment = log.read_segment(&log.segments()[0]).unwrap();
        segment.by_ref().for_each(drop);
        assert!(!segment.is_complete());
    }
    drop(recorder);
    let log = DecisionLog::open(folder.path()).unwrap();
    let mut segment = log.read_segment(&log.segments()[0]).unwrap();
    segment.by_ref().for_each(drop);
    assert!(segment.is_complete());
}

#[test]
fn blocks_that_are_out_of_the_range_are_left_out() {
    let folder = Folder::new();
    segment(&folder);
    let log = DecisionLog::open(folder.path()).unwrap();
    let first = 1_795_000_000_000_000;
    let blocks = |since, until| {
        let range = TimeRange { since: first + since, until: first + until };
        let parts: Vec<_> = log.read(range).map(Result::unwrap).collect();
        let of = |part: &Part| if let Part::Block(block) = part { (block.times().0 - first) / 100 } else { 9 };
        parts.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(blocks(0, 1000), [0, 1, 2, 3]);
    // The last record of the second block is at 190 µs.
    assert_eq!(blocks(190, 200), [1]);
    assert_eq!(blocks(191, 200), [0; 0]);
    assert_eq!(blocks(191, 201), [2]);
}
