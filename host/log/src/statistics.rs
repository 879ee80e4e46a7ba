//! Decisions of a log, counted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hashbrown::HashMap;

use crate::any_segment::AnySegment;
use crate::error::{Fault, FaultKind, LogError};
use crate::find::Query;
use crate::hole::Hole;
use crate::parquet_file::{Field, Filter, ParquetFile};
use crate::reader::{DecisionLog, Part, SegmentReader, TimeRange};
use crate::record::{Answer, Record};

/// What a log has.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Statistics {
    /// The decisions that pass the query.
    pub decisions: u64,
    /// When the first and the last of them began, in microseconds since 1970-01-01 UTC.
    pub times: Option<(u64, u64)>,
    /// Of those with a sender, how many each step decided.
    pub steps: BTreeMap<Box<str>, u64>,
    /// How many were refused with each code.
    pub refusals: BTreeMap<Box<str>, u64>,
    /// How many each sender carries.
    pub senders: BTreeMap<Box<str>, u64>,
    /// How many each policy answered, by its `name@version`.
    pub policies: BTreeMap<Box<str>, u64>,
    /// What is missing in the time that was asked for.
    pub holes: Vec<Hole>,
    /// How many segments there are that are as they were written.
    pub segments: usize,
    /// How many are Parquet files.
    pub parquet_files: usize,
    /// The bytes of both.
    pub bytes: u64,
    /// What of the log could not be read. Everything else was counted.
    pub faults: Vec<LogError>,
}

/// The columns that are counted, as they are in [`Counts`].
const COUNTED: [Field; 4] = [Field::Step, Field::Refusal, Field::Sender, Field::Policy];

/// How often each text is in each of these columns.
#[derive(Default)]
struct Counts {
    texts: [HashMap<Box<str>, u64>; COUNTED.len()],
    decisions: u64,
    times: Option<(u64, u64)>,
}

impl Counts {
    fn text(&mut self, column: usize, text: &str) {
        let counts = &mut self.texts[column];
        match counts.get_mut(text) {
            Some(count) => *count += 1,
            None => drop(counts.insert(text.into(), 1)),
        }
    }

    fn time(&mut self, first: u64, last: u64) {
        let (known_first, known_last) = self.times.unwrap_or((first, last));
        self.times = Some((known_first.min(first), known_last.max(last)));
    }

    fn record(&mut self, record: &Record<'_>, policy: Option<&str>) {
        self.decisions += 1;
        self.time(record.time, record.time);
        match record.answer {
            Answer::Decided { sender, step, .. } => {
                self.text(0, step);
                self.text(2, sender);
            }
            Answer::Refused { code } => self.text(1, code),
        }
        if let Some(label) = policy {
            self.text(3, label);
        }
    }
}

impl Statistics {
    /// How many decisions are missing in the time that was asked for, at most.
    pub fn missing(&self) -> u64 {
        self.holes.iter().map(|hole| hole.records).sum()
    }

    fn hole(&mut self, hole: &Hole, range: TimeRange) {
        if range.may_have(hole.from, hole.until) {
            self.holes.push(*hole);
        }
    }
}

/// Counts the decisions of a log that pass a query; its limit and position do not count. The log may be written meanwhile.
///
/// # Errors
/// There is no log, or its folder cannot be read.
pub fn count(log: &Path, query: &Query) -> Result<Statistics, LogError> {
    let log = DecisionLog::open(log)?;
    let mut found = Statistics::default();
    let mut counts = Counts::default();
    let filter = query.filter();
    for segment in log.segments() {
        let counted = match segment.is_parquet() {
            true => {
                ParquetFile::open(&segment.path).map(|file| in_parquet(&file, query, &filter, &mut counts, &mut found))
            }
            false => log.read_segment(segment).and_then(|opened| match opened {
                AnySegment::Segment(reader) => {
                    in_segment(reader.within(query.times()), query, &mut counts, &mut found);
                    Ok(())
                }
                AnySegment::Parquet(_) => {
                    let file = ParquetFile::open(&segment.parquet())?;
                    in_parquet(&file, query, &filter, &mut counts, &mut found);
                    Ok(())
                }
            }),
        };
        let kind = if segment.is_parquet() { &mut found.parquet_files } else { &mut found.segments };
        *kind += 1;
        found.bytes += fs::metadata(&segment.path).map_or(0, |metadata| metadata.len());
        if let Err(error) = counted {
            found.faults.push(error);
        }
    }
    let [steps, refusals, senders, policies] = counts.texts.map(|counts| counts.into_iter().collect());
    Ok(Statistics { steps, refusals, senders, policies, decisions: counts.decisions, times: counts.times, ..found })
}

fn in_parquet(file: &ParquetFile, query: &Query, filter: &Filter, counts: &mut Counts, found: &mut Statistics) {
    file.holes().iter().for_each(|(_, hole)| found.hole(hole, query.times()));
    for group in 0..file.groups() {
        let (first, last) = file.times(group);
        if !query.times().may_have(first, last) {
            continue;
        }
        let counted = file.may_have(group, filter).and_then(|may_have| {
            if !may_have {
                return Ok(());
            }
            let passing = file.find(group, filter, usize::MAX, usize::MAX)?;
            counts.decisions += passing.len() as u64;
            if let Some((first, last)) = file.times_of(group, &passing)? {
                counts.time(first, last);
            }
            for (column, field) in COUNTED.into_iter().enumerate() {
                file.texts(group, field, &passing, |text| counts.text(column, text))?;
            }
            Ok(())
        });
        if let Err(error) = counted {
            found.faults.push(error);
        }
    }
}

fn in_segment(reader: SegmentReader<fs::File>, query: &Query, counts: &mut Counts, found: &mut Statistics) {
    let mut bytes = Vec::new();
    for part in reader {
        match part {
            Ok(Part::Hole(hole)) => found.hole(&hole, query.times()),
            Ok(Part::Block(block)) => match block.records(&mut bytes) {
                Ok(records) => {
                    for record in records.iter().filter(|record| query.passes(record)) {
                        let policy = record.policy.and_then(|id| block.policy(id));
                        counts.record(&record, policy.as_ref().map(|policy| &*policy.label));
                    }
                }
                Err(fault) => found.faults.push(fault.into()),
            },
            // A segment that is being written, and one whose writer was killed, may end within a frame.
            Err(LogError::Fault(Fault { kind: FaultKind::Cut { .. }, .. })) => {}
            Err(error) => found.faults.push(error),
        }
    }
}
