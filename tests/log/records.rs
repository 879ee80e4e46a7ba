//! Records for tests, and what a log has of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use callsign_destination::{AreaCode, Channel, Country, Number};
use callsign_log::{
    Answer, AttributesRead, Block, CatalogContext, CatalogId, DecisionLog, Hole, LogError, LogOptions, Part, PinRead,
    PinWrite, PolicyContext, PolicyId, Recipient, Record, Recorded, Recorder, SignalsContext, SignalsId, Ticket,
    TimeRange,
};

/// A folder of a test, which is removed with it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("callsign-log-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The files of its segments, oldest first.
    pub fn segments(&self) -> Vec<PathBuf> {
        let Ok(log) = DecisionLog::open(&self.0) else { return Vec::new() };
        log.segments().iter().map(|segment| segment.path.clone()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A record of the message with this number; the same number makes the same record.
pub fn record(number: u64, id: &str) -> Record<'_> {
    const SENDERS: [&str; 4] = ["+14155550100", "+14155550101", "ACME", "72975"];
    Record {
        time: 1_795_000_000_000_000 + number * 10,
        took: 700 + (number % 90) as u32,
        message_id: Some(id),
        trace_id: None,
        application: Some("shop"),
        entity: Some("acme-parcels"),
        channel: Channel::Sms,
        is_fallback: false,
        recipient: Recipient::Number(Number::from_digits(14_155_550_000 + number % 10_000).unwrap()),
        country: Some(Country::US),
        area_code: AreaCode::new(415),
        from: None,
        message_type: Some("TRANSACTIONAL"),
        sent_at: None,
        attributes: AttributesRead::All(&[]),
        catalog: CatalogId(1),
        policy: Some(PolicyId(1)),
        told_unhealthy: false,
        signals: None,
        pin_read: PinRead::Sender(number % 4),
        pin_write: PinWrite::Nothing,
        answer: Answer::Decided {
            sender: SENDERS[(number % 4) as usize],
            strategy: Some("parcels-sms"),
            step: "AREA_CODE",
        },
    }
}

/// The options of a log whose segments stay as they were written.
pub fn options() -> LogOptions {
    let mut options = LogOptions::default();
    options.parquet = false;
    options
}

/// Declares the catalog and the policy that [`record`] names.
pub fn declare(recorder: &Recorder) {
    assert_eq!(recorder.declare_catalog(catalog("revision:1")), CatalogId(1));
    assert_eq!(recorder.declare_policy(policy("standard@1.0.0")), PolicyId(1));
}

pub fn catalog(name: &str) -> CatalogContext {
    CatalogContext { name: name.into() }
}

pub fn policy(label: &str) -> PolicyContext {
    PolicyContext { module: [7; 32], label: label.into(), settings_digest: [8; 32], settings: "{}".into() }
}

pub fn open(folder: &Folder, options: LogOptions) -> Arc<Recorder> {
    let recorder = Recorder::open(folder.path(), options).unwrap();
    declare(&recorder);
    recorder
}

/// Records the messages with these numbers, waiting for room where a log keeps all; a ticket for them.
pub fn record_all(recorder: &Recorder, numbers: std::ops::Range<u64>) -> Ticket {
    let mut all: Option<Ticket> = None;
    for number in numbers {
        let ticket = record_one(recorder, number);
        all = Some(all.map_or(ticket, |all| all.and(ticket)));
    }
    all.unwrap()
}

pub fn record_one(recorder: &Recorder, number: u64) -> Ticket {
    let id = number.to_string();
    loop {
        match recorder.record(&record(number, &id)) {
            Recorded::Taken(ticket) => return ticket,
            Recorded::Full(ticket) => recorder.wait(ticket).unwrap(),
            other => panic!("record {number}: {other:?}"),
        }
    }
}

/// A record with its contexts, which borrows nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Everything that is neither a text of an answer nor a context; its texts are in `text`.
    pub text: String,
    pub time: u64,
    pub message_id: Option<String>,
    pub recipient: Option<Number>,
    pub sealed: Option<[u8; 16]>,
    pub catalog: Option<CatalogContext>,
    pub policy: Option<PolicyContext>,
    pub signals: Option<SignalsContext>,
}

impl Found {
    /// Of a record whose contexts are `contexts`.
    pub fn new(
        record: &Record<'_>,
        catalog: Option<CatalogContext>,
        policy: Option<PolicyContext>,
        signals: Option<SignalsContext>,
    ) -> Self {
        // The ids of contexts are the reader's own.
        let plain = Record {
            catalog: CatalogId(0),
            policy: record.policy.map(|_| PolicyId(0)),
            signals: record.signals.map(|_| SignalsId(0)),
            ..*record
        };
        Self {
            text: format!("{plain:?}"),
            time: record.time,
            message_id: record.message_id.map(str::to_owned),
            recipient: if let Recipient::Number(number) = record.recipient { Some(number) } else { None },
            sealed: if let Recipient::Sealed(sealed) = record.recipient { Some(sealed) } else { None },
            catalog,
            policy,
            signals,
        }
    }

    pub fn in_block(record: &Record<'_>, block: &Block) -> Self {
        Self::new(
            record,
            block.catalog(record.catalog).map(|found| (*found).clone()),
            record.policy.and_then(|id| block.policy(id)).map(|found| (*found).clone()),
            record.signals.and_then(|id| block.signals(id)).map(|found| (*found).clone()),
        )
    }

    /// The number that [`record`] was given.
    pub fn number(&self) -> u64 {
        self.message_id.as_ref().unwrap().parse().unwrap()
    }
}

/// All that a log has.
#[derive(Debug, Default)]
pub struct Content {
    pub records: Vec<Found>,
    pub holes: Vec<Hole>,
    pub faults: Vec<LogError>,
}

impl Content {
    /// The numbers of its records, in the order of the log.
    pub fn numbers(&self) -> Vec<u64> {
        self.records.iter().map(Found::number).collect()
    }
}

pub fn read(path: &Path) -> Content {
    let mut content = Content::default();
    let log = DecisionLog::open(path).unwrap();
    for part in log.read(TimeRange::ALL) {
        add(&mut content, part);
    }
    content
}

pub fn add(content: &mut Content, part: Result<Part, LogError>) {
    match part {
        Ok(Part::Block(block)) => {
            let mut bytes = Vec::new();
            match block.records(&mut bytes) {
                Ok(records) => {
                    content.records.extend(records.iter().map(|record| Found::in_block(&record, &block)));
                }
                Err(fault) => content.faults.push(fault.into()),
            }
        }
        Ok(Part::Hole(hole)) => content.holes.push(hole),
        Ok(other) => panic!("{other:?}"),
        Err(error) => content.faults.push(error),
    }
}
