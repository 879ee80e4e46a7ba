//! `make log-large`: makes a large log, turns it into Parquet files, and measures lookups in it.
//!
//! The log has the traffic of 30 days. A message of yesterday is one of the last but one.

use std::path::Path;
use std::time::Instant;

use callsign_destination::{AreaCode, Channel, Country, Number};
use callsign_log::{
    Answer, AttributesRead, CatalogContext, DecisionLog, LogKey, LogOptions, Part, PinRead, PinWrite, PolicyContext,
    Promise, Query, Recipient, Record, Recorded, Recorder, TimeRange, convert_log, count, find,
};

type Failure = Box<dyn std::error::Error>;

const START: u64 = 1_795_000_000_000_000;
const DAYS: u64 = 30;
const DAY: u64 = 86_400_000_000;

/// A number that looks like chance: the finisher of SplitMix64.
fn mixed(mut value: u64) -> u64 {
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

/// A message id as most platforms make them: a random UUID.
fn message_id(number: u64) -> String {
    let (high, low) = (mixed(number.wrapping_add(1)), mixed(!number));
    let (one, two, three) = (high >> 32, high >> 16 & 0xffff, high & 0xfff);
    format!("{one:08x}-{two:04x}-4{three:03x}-{:04x}-{:012x}", low >> 48 & 0x3fff | 0x8000, low & 0xffff_ffff_ffff)
}

fn recipient(number: u64) -> Option<Number> {
    // A tenth as many recipients as messages.
    Number::from_digits(12_000_000_000 + mixed(number / 10 * 7) % 8_000_000_000)
}

fn make(folder: &Path, records: u64) -> Result<(), Failure> {
    let mut options = LogOptions::default();
    options.promise = Promise::Keep;
    options.keep_bytes = None;
    options.parquet = false;
    let recorder = Recorder::open(folder, options)?;
    let catalog = recorder.declare_catalog(CatalogContext { name: "revision:1".into() });
    let policy = recorder.declare_policy(PolicyContext {
        module: [1; 32],
        label: "standard@1.0.0".into(),
        settings_digest: [2; 32],
        settings: "{}".into(),
    });
    for number in 0..records {
        let chance = mixed(number ^ 0x5eed);
        let (id, sender) = (message_id(number), format!("N{}", chance % 500));
        let entity = format!("entity-{}", chance >> 16 & 0x1ff);
        let record = Record {
            time: START + (u128::from(number) * u128::from(DAYS * DAY) / u128::from(records)) as u64,
            took: 900 + (chance >> 32 & 0xff) as u32,
            message_id: Some(&id),
            trace_id: None,
            application: Some("shop"),
            entity: Some(&entity),
            channel: Channel::Sms,
            is_fallback: false,
            told_unhealthy: false,
            recipient: Recipient::Number(recipient(number).ok_or("no number")?),
            country: Some(Country::US),
            area_code: AreaCode::new(200 + (chance >> 48) as u16 % 800),
            from: None,
            message_type: Some("TRANSACTIONAL"),
            sent_at: None,
            attributes: AttributesRead::All(&[]),
            catalog,
            policy: Some(policy),
            signals: None,
            pin_read: if chance.is_multiple_of(3) { PinRead::None } else { PinRead::Sender(chance % 500) },
            pin_write: if chance.is_multiple_of(3) { PinWrite::Written } else { PinWrite::Nothing },
            answer: match chance % 1_000 {
                0 => Answer::Refused { code: "NO_STRATEGY" },
                _ => Answer::Decided { sender: &sender, strategy: Some("parcels-sms"), step: "AREA_CODE" },
            },
        };
        loop {
            match recorder.record(&record) {
                Recorded::Taken(_) => break,
                Recorded::Full(ticket) => recorder.wait(ticket)?,
                other => return Err(format!("record {number}: {other:?}").into()),
            }
        }
    }
    recorder.close();
    Ok(())
}

/// Takes the time of a query, several times.
fn measure(folder: &Path, name: &str, query: &Query, key: Option<&LogKey>) -> Result<(), Failure> {
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..5 {
        let began = Instant::now();
        let page = find(folder, query, key)?;
        times.push(began.elapsed());
        if let Some(fault) = page.faults.first() {
            return Err(fault.to_string().into());
        }
        found = page.decisions.len();
    }
    let first = times[0];
    times.sort();
    println!(
        "{name:44} {found:5} found, first {:8.1} ms, median {:8.1} ms",
        first.as_secs_f64() * 1e3,
        times[2].as_secs_f64() * 1e3
    );
    Ok(())
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("a folder and a number of records")?;
    let folder = Path::new(&folder);
    let records: u64 = arguments.next().ok_or("a number of records")?.parse()?;
    if !folder.exists() {
        let began = Instant::now();
        make(folder, records)?;
        println!("{records} records in {:.0} s: {} bytes", began.elapsed().as_secs_f64(), count_bytes(folder)?);
    }
    let key = LogKey::of_log(folder)?;
    let day = |day: u64| Query::new().between(Some(START + day * DAY), Some(START + (day + 1) * DAY));
    let yesterday = (DAYS * 2 - 3) * records / (DAYS * 2);
    if std::env::args().any(|argument| argument == "--segments") {
        measure(folder, "segments: a message id of yesterday", &Query::new().message_id(&message_id(yesterday)), None)?;
    }
    let began = Instant::now();
    convert_log(folder, &|_| {})?;
    println!("as Parquet files in {:.0} s: {} bytes", began.elapsed().as_secs_f64(), count_bytes(folder)?);

    let number = recipient(yesterday).ok_or("no number")?.to_string();
    measure(folder, "a message id of yesterday", &Query::new().message_id(&message_id(yesterday)), None)?;
    measure(folder, "the same, with its day", &day(DAYS - 2)?.message_id(&message_id(yesterday)), None)?;
    measure(folder, "a message id of the first day", &Query::new().message_id(&message_id(records / 100)), None)?;
    measure(
        folder,
        "a message id that is not there",
        &Query::new().message_id("00000000-0000-4000-8000-000000000000"),
        None,
    )?;
    measure(folder, "a recipient, all 30 days", &Query::new().to(&number), key.as_ref())?;
    measure(folder, "the newest 100", &Query::new(), None)?;
    measure(folder, "a sender, newest 100", &Query::new().sender("N7"), None)?;
    measure(folder, "a refusal, newest 100", &Query::new().refusal("NO_STRATEGY"), None)?;
    measure(folder, "a sender of an entity, newest 100", &Query::new().sender("N7").entity("entity-3"), None)?;
    measure(folder, "a sender that is not there", &Query::new().sender("N777"), None)?;
    let began = Instant::now();
    let (mut read, mut bytes) = (0, Vec::new());
    let log = DecisionLog::open(folder)?;
    for part in log.read(TimeRange { since: START + (DAYS - 1) * DAY, until: u64::MAX }) {
        if let Part::Block(block) = part? {
            read += block.records(&mut bytes)?.len();
        }
    }
    println!("{read} records read by one thread in {:.1} s", began.elapsed().as_secs_f64());
    let began = Instant::now();
    let statistics = count(folder, &day(DAYS - 2)?)?;
    println!("statistics of a day: {} decisions in {:.1} s", statistics.decisions, began.elapsed().as_secs_f64());
    Ok(())
}

fn count_bytes(folder: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}
