//! What is recorded is what is read.

use std::io::Cursor;

use callsign_destination::{AreaCode, Channel, Country, Number};
use callsign_log::{
    Answer, Attributes, AttributesRead, CatalogId, DecisionLog, HealthReport, NumberOfSender, Part, PinRead, PinWrite,
    PolicyId, Promise, Recipient, Recipients, Record, Recorded, SignalsContext, SignalsId, TimeRange,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::records::{self, Folder, Found, catalog, policy, read};

/// A record that owns its texts.
#[derive(Debug, Clone)]
struct Owned {
    times: (u64, u32, Option<u64>),
    ids: (Option<String>, Option<[u8; 16]>),
    scope: (Option<String>, Option<String>),
    channel: (usize, bool, bool),
    recipient: OwnedRecipient,
    place: (Option<u16>, Option<u16>),
    texts: (Option<String>, Option<String>),
    attributes: (bool, Vec<(String, String)>),
    contexts: (u32, Option<u32>, Option<u64>),
    pins: (u8, u64, u8),
    answer: (String, Option<String>, Option<String>),
}

#[derive(Debug, Clone)]
enum OwnedRecipient {
    Number(u64),
    Text(String),
    Sealed([u8; 16]),
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-e]{0,3}", 1 => any::<String>(), 1 => Just("x".repeat(3000))]
}

fn recipient() -> impl Strategy<Value = OwnedRecipient> {
    prop_oneof![
        (100..=9_999_999_999_999_999_999_u64).prop_map(OwnedRecipient::Number),
        text().prop_map(OwnedRecipient::Text),
        any::<[u8; 16]>().prop_map(OwnedRecipient::Sealed),
    ]
}

fn owned() -> impl Strategy<Value = Owned> {
    let letters = (b'A'..=b'Z', b'A'..=b'Z').prop_map(|(first, second)| u16::from_be_bytes([first, second]));
    (
        (any::<u64>(), any::<u32>(), option::of(any::<u64>())),
        (option::of(text()), option::of(any::<[u8; 16]>())),
        (option::of(text()), option::of(text())),
        (0..3_usize, any::<bool>(), any::<bool>()),
        recipient(),
        (option::of(letters), option::of(200..=999_u16)),
        (option::of(text()), option::of(text())),
        (any::<bool>(), vec((text(), text()), 0..4)),
        (1..4_u32, option::of(1..4_u32), option::of(0..5_u64)),
        (0..4_u8, any::<u64>(), 0..3_u8),
        (text(), option::of(text()), option::of(text())),
    )
        .prop_map(|(times, ids, scope, channel, recipient, place, texts, attributes, contexts, pins, answer)| {
            Owned { times, ids, scope, channel, recipient, place, texts, attributes, contexts, pins, answer }
        })
}

impl Owned {
    fn pairs(&self) -> Vec<(&str, &str)> {
        self.attributes.1.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn record<'a>(&'a self, pairs: &'a [(&'a str, &'a str)]) -> Record<'a> {
        Record {
            time: self.times.0,
            took: self.times.1,
            message_id: self.ids.0.as_deref(),
            trace_id: self.ids.1,
            application: self.scope.0.as_deref(),
            entity: self.scope.1.as_deref(),
            channel: Channel::ALL[self.channel.0],
            is_fallback: self.channel.1,
            recipient: match &self.recipient {
                OwnedRecipient::Number(digits) => Recipient::Number(Number::from_digits(*digits).unwrap()),
                OwnedRecipient::Text(text) => Recipient::Text(text),
                OwnedRecipient::Sealed(sealed) => Recipient::Sealed(*sealed),
            },
            country: self.place.0.and_then(Country::from_bits),
            area_code: self.place.1.and_then(AreaCode::new),
            from: self.texts.0.as_deref(),
            message_type: self.texts.1.as_deref(),
            sent_at: self.times.2,
            attributes: if self.attributes.0 { AttributesRead::All(pairs) } else { AttributesRead::Some(pairs) },
            catalog: CatalogId(self.contexts.0),
            policy: self.contexts.1.map(PolicyId),
            told_unhealthy: self.channel.2,
            signals: self.contexts.2.map(SignalsId),
            pin_read: match self.pins.0 {
                0 => PinRead::NotRead,
                1 => PinRead::None,
                2 => PinRead::Sender(self.pins.1),
                _ => PinRead::Unavailable,
            },
            pin_write: [PinWrite::Nothing, PinWrite::Written, PinWrite::Unavailable][usize::from(self.pins.2)],
            answer: match &self.answer {
                (code, _, None) => Answer::Refused { code },
                (sender, strategy, Some(step)) => Answer::Decided { sender, strategy: strategy.as_deref(), step },
            },
        }
    }
}

fn signals() -> impl Strategy<Value = SignalsContext> {
    let report = (0..6_u64, option::of(0..3_usize), any::<bool>(), option::of(any::<u64>()));
    let report = report.prop_map(|(sender, channel, is_us, unhealthy_since)| HealthReport {
        sender,
        channel: channel.map(|channel| Channel::ALL[channel]),
        country: is_us.then_some(Country::US),
        unhealthy_since,
    });
    let number = (0..6_u64, 0..3_u64, -1e9..1e9_f64);
    let number = number.prop_map(|(sender, name, value)| NumberOfSender { sender, name, value });
    (vec(report, 0..9), vec(number, 0..9)).prop_map(|(health, numbers)| SignalsContext { health, numbers })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_recorded_is_what_is_read(
        all in vec(owned(), 1..60),
        states in vec(signals(), 5),
        keeps in any::<bool>(),
        flushes in vec(0..60_usize, 0..3),
    ) {
        let folder = Folder::new();
        let promise = if keeps { Promise::Keep } else { Promise::Drop };
        let mut options = crate::records::options();
        options.promise = promise;
        options.recipients = Recipients::Plain;
        let recorder = callsign_log::Recorder::open(folder.path(), options).unwrap();
        for number in 1..4 {
            recorder.declare_catalog(catalog(&format!("revision:{number}")));
            recorder.declare_policy(policy(&format!("policy@{number}.0.0")));
        }
        for (id, state) in states.iter().enumerate() {
            recorder.declare_signals(SignalsId(id as u64), || state.clone());
        }
        let mut expected = Vec::new();
        for (index, one) in all.iter().enumerate() {
            let pairs = one.pairs();
            let record = one.record(&pairs);
            prop_assert!(matches!(recorder.record(&record), Recorded::Taken(_)));
            expected.push(Found::new(
                &record,
                Some(catalog(&format!("revision:{}", record.catalog.0))),
                record.policy.map(|id| policy(&format!("policy@{}.0.0", id.0))),
                record.signals.map(|id| states[id.0 as usize].clone()),
            ));
            if flushes.contains(&index) {
                recorder.flush().unwrap();
            }
        }
        drop(recorder);
        let found = read(folder.path());
        prop_assert!(found.faults.is_empty() && found.holes.is_empty(), "{:?} {:?}", found.faults, found.holes);
        prop_assert_eq!(found.records, expected);
    }

    #[test]
    fn any_bytes_at_all_are_read_without_a_panic(noise in vec(any::<u8>(), 0..600), at in 0..4000_usize) {
        let mut bytes = SEGMENT.with(Clone::clone);
        let at = at % bytes.len();
        let end = (at + noise.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&noise[..end - at]);
        if let Ok(reader) = callsign_log::SegmentReader::open(Cursor::new(bytes), "noise".as_ref()) {
            let mut content = records::Content::default();
            reader.for_each(|part| records::add(&mut content, part));
        }
    }
}

thread_local! {
    /// A segment with frames of all kinds.
    static SEGMENT: Vec<u8> = {
        let folder = Folder::new();
        let recorder = records::open(&folder, crate::records::options());
        for part in 0..4 {
            records::record_all(&recorder, part * 10..part * 10 + 10);
            recorder.flush().unwrap();
        }
        drop(recorder);
        std::fs::read(&folder.segments()[0]).unwrap()
    };
}

#[test]
fn attributes_that_the_log_must_not_have_are_not_in_it() {
    let pairs = [("plan", "gold"), ("name", "Ann"), ("lang", "de")];
    for (kept, expected) in [
        (Attributes::All, AttributesRead::All(&pairs[..])),
        (Attributes::None, AttributesRead::Some(&[])),
        (Attributes::Only(vec!["plan".into(), "other".into()]), AttributesRead::Some(&pairs[..1])),
        (Attributes::Only(vec!["plan".into(), "name".into(), "lang".into()]), AttributesRead::All(&pairs[..])),
    ] {
        let folder = Folder::new();
        let mut options = crate::records::options();
        options.attributes = kept.clone();
        // Both are in one block, however long this thread waits for a core between them.
        options.write_every = std::time::Duration::from_secs(60);
        let recorder = records::open(&folder, options);
        let record = Record { attributes: AttributesRead::All(&pairs), ..records::record(0, "0") };
        let plain = Record { attributes: AttributesRead::All(&[]), ..record };
        for record in [record, plain] {
            assert!(matches!(recorder.record(&record), Recorded::Taken(_)));
        }
        drop(recorder);
        let log = DecisionLog::open(folder.path()).unwrap();
        let Some(Ok(Part::Block(block))) = log.read(TimeRange::ALL).next() else { panic!("no block") };
        let mut bytes = Vec::new();
        let records = block.records(&mut bytes).unwrap();
        assert_eq!(records.get(0).unwrap().attributes, expected, "{kept:?}");
        // A message that has none has all of them in the log.
        assert_eq!(records.get(1).unwrap().attributes, AttributesRead::All(&[]), "{kept:?}");
        if kept != Attributes::All && expected != AttributesRead::All(&pairs) {
            let file = bytes.windows(3).any(|window| window == b"Ann");
            assert!(!file, "a text that must not be in the log is in it");
        }
    }
}

#[test]
fn whoever_has_the_key_finds_a_recipient_and_opens_it_and_nobody_else_learns_anything() {
    let folder = Folder::new();
    let recorder = records::open(&folder, crate::records::options());
    let key = recorder.key().unwrap().clone();
    records::record_all(&recorder, 0..3);
    let text = Record { recipient: Recipient::Text("nobody"), ..records::record(3, "3") };
    assert!(matches!(recorder.record(&text), Recorded::Taken(_)));
    drop(recorder);
    let found = read(folder.path());
    for (number, found) in found.records.iter().take(3).enumerate() {
        let recipient = Number::from_digits(14_155_550_000 + number as u64).unwrap();
        assert_eq!(found.sealed, Some(key.seal(recipient)));
        assert_eq!(key.open(found.sealed.unwrap()), Some(recipient));
    }
    assert_eq!(found.records[3].sealed, Some(key.seal_text("nobody")));
    assert_eq!(key.open(key.seal_text("nobody")), None);
    let other = callsign_log::LogKey::new([9; 32]);
    assert_eq!(other.open(found.records[0].sealed.unwrap()), None);
    // The same key after the next start, so that a recipient is the same in all segments.
    let again = callsign_log::LogKey::of_log(folder.path()).unwrap().unwrap();
    assert_eq!(again.id(), key.id());
    assert_eq!(records::open(&folder, crate::records::options()).key().unwrap().id(), key.id());
}

#[test]
fn a_recipient_is_plain_where_that_is_configured() {
    let folder = Folder::new();
    let mut options = crate::records::options();
    options.recipients = Recipients::Plain;
    let recorder = records::open(&folder, options);
    records::record_all(&recorder, 0..2);
    drop(recorder);
    let found = read(folder.path());
    assert_eq!(found.records[1].recipient, Number::from_digits(14_155_550_001));
    assert!(!folder.path().join("key").exists());
}

#[test]
fn a_record_of_the_greatest_size_is_taken_and_a_larger_one_is_not() {
    for promise in [Promise::Drop, Promise::Keep] {
        let folder = Folder::new();
        let mut options = crate::records::options();
        options.promise = promise;
        options.recipients = Recipients::Plain;
        let recorder = records::open(&folder, options);
        let id = "x".repeat(callsign_log::MAX_RECORD_BYTES);
        let size = |id: &str| {
            let mut low = 0;
            let mut high = id.len();
            while low < high {
                let middle = (low + high).div_ceil(2);
                match recorder.record(&records::record(0, &id[..middle])) {
                    Recorded::Taken(ticket) => {
                        recorder.wait(ticket).unwrap();
                        recorder.flush().unwrap();
                        low = middle;
                    }
                    Recorded::Dropped | Recorded::Refused(_) => high = middle - 1,
                    Recorded::Full(ticket) => recorder.wait(ticket).unwrap(),
                }
            }
            low
        };
        let greatest = size(&id);
        // All but the other texts and about 100 bytes of fields.
        assert!((65_000..65_536).contains(&greatest), "{greatest}");
        let refused = recorder.record(&records::record(0, &id[..=greatest]));
        match promise {
            Promise::Drop => assert!(matches!(refused, Recorded::Dropped)),
            Promise::Keep => {
                let Recorded::Refused(error) = refused else { panic!("{refused:?}") };
                assert_eq!(error.to_string(), "the record of a decision has 65537 bytes; it may have 65536");
            }
        }
        recorder.close();
        let lengths: Vec<_> =
            read(folder.path()).records.iter().map(|found| found.message_id.as_ref().unwrap().len()).collect();
        assert!(lengths.contains(&greatest) && lengths.iter().all(|length| *length <= greatest));
    }
}
