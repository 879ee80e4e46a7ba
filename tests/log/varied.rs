//! Records with everything that a record can have.

use callsign_destination::{AreaCode, Channel, Country, Number};
use callsign_log::{
    Answer, AttributesRead, HealthReport, LogOptions, NumberOfSender, PinRead, PinWrite, Recipient, Record, Recorded,
    Recorder, SignalsContext, SignalsId,
};

use crate::records::{Folder, catalog, declare, policy};

/// When the first of them is, in microseconds.
pub const START: u64 = 1_795_000_000_000_000;

/// The time between two of them, in microseconds.
pub const STEP: u64 = 1_000;

/// The signals of a number: each has one report more than the one before, up to five.
fn signals(number: u64) -> SignalsContext {
    let report = |index| HealthReport {
        sender: index,
        channel: if index % 2 == 0 { Some(Channel::Rcs) } else { None },
        country: if index % 3 == 0 { Some(Country::CA) } else { None },
        unhealthy_since: if index % 4 == 0 { None } else { Some(1_795_000_000 + index) },
    };
    SignalsContext {
        health: (number..number + number % 5).map(report).collect(),
        numbers: vec![NumberOfSender { sender: number, name: 7, value: number as f64 / 3.0 }],
    }
}

/// Records the messages with these numbers, which differ in everything.
pub fn record_varied(recorder: &Recorder, numbers: std::ops::Range<u64>) {
    declare(recorder);
    let catalogs = [recorder.declare_catalog(catalog("revision:1")), recorder.declare_catalog(catalog("revision:2"))];
    let policies = [recorder.declare_policy(policy("standard@1.0.0")), recorder.declare_policy(policy("own@2.1.0"))];
    for number in numbers {
        let id = format!("m-{number}");
        let entity = format!("entity-{}", number % 7);
        let sender = format!("N{}", number % 11);
        let attributes = [("campaign", &*entity), ("näme \"1\"", "")];
        let text = format!("no number {number}");
        let signals_id = SignalsId(number / 40);
        let is = |every: u64| number % every == 0;
        let has_signals = !is(3);
        if has_signals {
            recorder.declare_signals(signals_id, || signals(number / 40));
        }
        let record = Record {
            time: START + number * STEP,
            took: if is(100) { u32::MAX } else { number as u32 % 5_000 },
            message_id: if is(13) { None } else { Some(&id) },
            trace_id: if is(2) { Some([number as u8; 16]) } else { None },
            application: if is(5) {
                None
            } else if is(4) {
                Some("default")
            } else {
                Some("shop")
            },
            entity: if is(6) { None } else { Some(&entity) },
            channel: Channel::ALL[number as usize % 3],
            is_fallback: is(17),
            told_unhealthy: is(13),
            recipient: match number % 9 {
                0 => Recipient::Text(&text),
                _ => Recipient::Number(Number::from_digits(14_155_550_000 + number % 50).unwrap()),
            },
            country: if is(9) { None } else { Some(Country::US) },
            area_code: if is(9) { None } else { AreaCode::new(415) },
            from: if is(19) { Some("ACME \u{1f4e6}") } else { None },
            message_type: if is(8) { Some("PROMOTIONAL") } else { None },
            sent_at: if is(10) { Some(1_795_000_000 + number) } else { None },
            attributes: match number % 4 {
                0 => AttributesRead::All(&attributes),
                1 => AttributesRead::Some(&attributes[..1]),
                2 => AttributesRead::Some(&[]),
                _ => AttributesRead::All(&[]),
            },
            catalog: catalogs[usize::from(number > 500)],
            policy: if is(9) { None } else { Some(policies[number as usize / 300 % 2]) },
            signals: if has_signals { Some(signals_id) } else { None },
            pin_read: match number % 5 {
                0 => PinRead::NotRead,
                1 => PinRead::None,
                2 => PinRead::Unavailable,
                _ => PinRead::Sender(u64::MAX - number % 20),
            },
            pin_write: match number % 3 {
                0 => PinWrite::Nothing,
                1 => PinWrite::Written,
                _ => PinWrite::Unavailable,
            },
            answer: match number % 23 {
                0 => Answer::Refused { code: "NO_STRATEGY" },
                1 => Answer::Refused { code: "OWN_REASON" },
                2 => Answer::Decided { sender: &sender, strategy: None, step: "EXPLICIT" },
                _ => Answer::Decided { sender: &sender, strategy: Some("parcels-sms"), step: "AREA_CODE" },
            },
        };
        loop {
            match recorder.record(&record) {
                Recorded::Taken(_) => break,
                Recorded::Dropped => recorder.flush().unwrap(),
                other => panic!("record {number}: {other:?}"),
            }
        }
    }
}

/// Options of a log whose segments stay as they are.
pub fn without_parquet() -> LogOptions {
    let mut options = LogOptions::default();
    options.parquet = false;
    options
}

/// A log of so many varied records in segments of 500, which stay as they are.
pub fn varied_log(folder: &Folder, options: LogOptions, count: u64) {
    for start in (0..count).step_by(500) {
        let recorder = Recorder::open(folder.path(), options.clone()).unwrap();
        record_varied(&recorder, start..count.min(start + 500));
        recorder.close();
    }
}
