//! What recording a decision costs the thread that decides, what the writer does in a second, and what a decision takes on the disk.
//!
//! `cargo bench -p callsign-log --bench log`. The messages are like those of the example: 400 entities, 2,000 senders, recipients all
//! over; message ids count up.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that fails says where")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use callsign_destination::{AreaCode, Channel, Country, Number};
use callsign_log::{
    Answer, AttributesRead, CatalogContext, CatalogId, DecisionLog, LogOptions, Part, PinRead, PinWrite, PolicyContext,
    PolicyId, Promise, Recipient, Record, Recorded, Recorder, TimeRange,
};
use criterion::{Criterion, criterion_group, criterion_main};

/// Messages that entities and senders are drawn for.
const MESSAGES: u64 = 100_000;

/// Messages that are recorded at once.
const WARM: u64 = 1_000;

/// Records of the file that the size on the disk and the speed of reading are measured with.
const RECORDS: u64 = 1_000_000;

const COUNTRIES: [&str; 6] = ["US", "CA", "DE", "GB", "MX", "BR"];
const STEPS: [&str; 4] = ["STICKY", "AREA_CODE", "OVERLAY", "ANY"];

struct Message {
    id: String,
    entity: String,
    strategy: String,
    sender: String,
    random: u64,
}

/// Numbers without a pattern (SplitMix64).
fn scramble(index: u64) -> u64 {
    let mut value = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

fn messages() -> Vec<Message> {
    let message = |index| {
        let random = scramble(index);
        // A few entities send most.
        let entity = (random >> 40) % 400 * ((random >> 20) % 400) / 400;
        Message {
            id: format!("m-{index:08}"),
            entity: format!("entity-{entity:05}"),
            strategy: format!("entity-{entity:05}-sms-{}", random % 2),
            sender: format!("+1415{:07}", entity * 5 + (random >> 10) % 5),
            random,
        }
    };
    (0..MESSAGES).map(message).collect()
}

fn record(message: &Message, time: u64) -> Record<'_> {
    let random = message.random;
    Record {
        time,
        took: 900 + (random % 700) as u32,
        message_id: Some(&message.id),
        trace_id: None,
        application: Some("shop"),
        entity: Some(&message.entity),
        channel: Channel::ALL[(random % 3) as usize],
        is_fallback: false,
        recipient: Recipient::Number(Number::from_digits(12_000_000_000 + random % 8_000_000_000).unwrap()),
        country: Country::parse(COUNTRIES[(random % 6) as usize]),
        area_code: AreaCode::new(200 + (random % 800) as u16),
        from: None,
        message_type: None,
        sent_at: None,
        attributes: AttributesRead::All(&[]),
        catalog: CatalogId(1),
        policy: Some(PolicyId(1)),
        told_unhealthy: false,
        signals: None,
        pin_read: if random.is_multiple_of(2) { PinRead::Sender(scramble(random % 2000)) } else { PinRead::None },
        pin_write: if random.is_multiple_of(2) { PinWrite::Nothing } else { PinWrite::Written },
        answer: Answer::Decided {
            sender: &message.sender,
            strategy: Some(&message.strategy),
            step: STEPS[(random >> 30) as usize % 4],
        },
    }
}

fn open(folder: &std::path::Path, promise: Promise) -> std::sync::Arc<Recorder> {
    let _ = std::fs::remove_dir_all(folder);
    let mut options = LogOptions::default();
    options.promise = promise;
    options.parquet = false;
    let recorder = Recorder::open(folder, options).unwrap();
    recorder.declare_catalog(CatalogContext { name: "revision:1".into() });
    recorder.declare_policy(PolicyContext {
        module: [7; 32],
        label: "standard@1.0.0".into(),
        settings_digest: [8; 32],
        settings: "{}".into(),
    });
    recorder
}

fn bench(criterion: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("callsign-log-bench-{}", std::process::id()));
    let messages = messages();
    for promise in [Promise::Drop, Promise::Keep] {
        let recorder = open(&folder, promise);
        criterion.bench_function(&format!("log/record/{promise:?}"), |bencher| {
            // In parts that the ring has room for; the writer takes them out between. The texts of a message that was just decided are
            // in the processor's caches, so they are here.
            bencher.iter_custom(|count| {
                let mut total = Duration::ZERO;
                let mut left = count;
                while left > 0 {
                    let part = left.min(WARM);
                    let begun = Instant::now();
                    for message in &messages[..part as usize] {
                        let recorded = recorder.record(black_box(&record(message, 1_795_000_000_000_000)));
                        assert!(matches!(recorded, Recorded::Taken(_)));
                    }
                    total += begun.elapsed();
                    recorder.flush().unwrap();
                    left -= part;
                }
                total
            });
        });
    }

    let recorder = open(&folder, Promise::Keep);
    let begun = Instant::now();
    for index in 0..RECORDS {
        let mut message = &messages[(index % MESSAGES) as usize];
        let fresh;
        if index >= MESSAGES {
            fresh = Message {
                id: format!("m-{index:08}"),
                random: scramble(index),
                entity: message.entity.clone(),
                strategy: message.strategy.clone(),
                sender: message.sender.clone(),
            };
            message = &fresh;
        }
        let record = record(message, 1_795_000_000_000_000 + index * 3);
        while let Recorded::Full(ticket) = recorder.record(&record) {
            recorder.wait(ticket).unwrap();
        }
    }
    recorder.close();
    let seconds = begun.elapsed().as_secs_f64();
    let bytes = recorder.counters().bytes as f64 / RECORDS as f64;
    println!("log/disk: {bytes:.1} bytes a decision; {:.0} records a second written", RECORDS as f64 / seconds);

    let begun = Instant::now();
    let log = DecisionLog::open(&folder).unwrap();
    let (mut records, mut took, mut memory) = (0_u64, 0_u64, Vec::new());
    for part in log.read(TimeRange::ALL) {
        if let Part::Block(block) = part.unwrap() {
            for record in block.records(&mut memory).unwrap().iter() {
                took += u64::from(record.took);
                records += 1;
            }
        }
    }
    assert_eq!(records, RECORDS);
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "log/read: {:.0} records a second on one core ({} ns each decided)",
        records as f64 / seconds,
        took / records
    );
    let _ = std::fs::remove_dir_all(&folder);
}

criterion_group!(benches, bench);
criterion_main!(benches);
