//! Decisions are found by what they have, newest first, in segments and in Parquet files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use callsign_destination::Number;
use callsign_log::{
    LogError, LogKey, LoggedDecision, MAX_PAGE, Position, Query, QueryError, Recipient, Recipients, Recorded, Recorder,
    convert_log, count, find,
};

use crate::records::{Folder, open, record, record_all};
use crate::varied::{START, STEP, varied_log, without_parquet};

const COUNT: u64 = 3_000;

/// All pages of a query.
fn pages(folder: &Path, query: &Query, key: Option<&LogKey>) -> Vec<LoggedDecision> {
    let (mut found, mut query) = (Vec::new(), query.clone());
    loop {
        let page = find(folder, &query, key).unwrap();
        assert!(page.faults.is_empty(), "{:?}", page.faults);
        found.extend(page.decisions);
        match page.next {
            Some(next) => query = query.after(next),
            None => return found,
        }
    }
}

fn all(folder: &Path, key: Option<&LogKey>) -> Vec<LoggedDecision> {
    pages(folder, &Query::new().show_recipients().limit(MAX_PAGE).unwrap(), key)
}

type Passes = fn(&LoggedDecision) -> bool;

/// Queries, with what each must find.
fn queries() -> Vec<(&'static str, Query, Passes)> {
    let new = Query::new;
    vec![
        ("message id", new().message_id("m-1234"), |found| found.message_id.as_deref() == Some("m-1234")),
        ("no such message", new().message_id("m-123456"), |_| false),
        ("number", new().to("+1 (415) 555-0007"), |found| found.to.as_deref() == Some("+14155550007")),
        ("sender", new().sender("N3"), |found| found.sender_id.as_deref() == Some("N3")),
        ("refusal", new().refusal("OWN_REASON"), |found| {
            found.refusal.as_ref().is_some_and(|refusal| refusal.code == "OWN_REASON")
        }),
        ("application", new().application("shop"), |found| found.application_id.as_deref() == Some("shop")),
        ("default application", new().application("default"), |found| {
            found.application_id.as_deref().is_none_or(|id| id == "default")
        }),
        ("entity", new().entity("entity-4"), |found| found.entity_id.as_deref() == Some("entity-4")),
        ("sender and entity", new().sender("N3").entity("entity-4"), |found| {
            found.sender_id.as_deref() == Some("N3") && found.entity_id.as_deref() == Some("entity-4")
        }),
        ("time", new().between(Some(START + 700 * STEP), Some(START + 2_100 * STEP)).unwrap(), |found| {
            (START + 700 * STEP..START + 2_100 * STEP).contains(&found.time)
        }),
        ("number in a time", new().to("+14155550007").between(Some(START + 2_000 * STEP), None).unwrap(), |found| {
            found.to.as_deref() == Some("+14155550007") && found.time >= START + 2_000 * STEP
        }),
    ]
}

fn check_queries(folder: &Path, key: Option<&LogKey>) {
    let all = all(folder, key);
    assert_eq!(all.len() as u64, COUNT);
    assert!(all.is_sorted_by(|one, next| one.position > next.position));
    for (name, query, passes) in queries() {
        let expected: Vec<&LoggedDecision> = all.iter().filter(|found| passes(found)).collect();
        for limit in [7, MAX_PAGE] {
            let found = pages(folder, &query.clone().show_recipients().limit(limit).unwrap(), key);
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{name}, {limit} a page");
        }
    }
    let found = |name: &str| {
        let (_, query, _) = queries().into_iter().find(|(known, ..)| *known == name).unwrap();
        pages(folder, &query, key).len()
    };
    assert_eq!((found("message id"), found("no such message")), (1, 0));
    assert!(found("number") > 10);
}

#[test]
fn decisions_that_pass_every_filter_are_found_newest_first_in_pages() {
    for recipients in [Recipients::Sealed, Recipients::Plain] {
        let folder = Folder::new();
        let mut options = without_parquet();
        options.recipients = recipients;
        varied_log(&folder, options, COUNT);
        let key = LogKey::of_log(folder.path()).unwrap();
        assert_eq!(key.is_some(), recipients == Recipients::Sealed);
        check_queries(folder.path(), key.as_ref());
        let before = all(folder.path(), key.as_ref());
        // One half of them, then all.
        let middle = folder.segments()[0].clone();
        let aside = middle.with_extension("aside");
        fs::rename(&middle, &aside).unwrap();
        convert_log(folder.path(), &|_| {}).unwrap();
        fs::rename(&aside, &middle).unwrap();
        check_queries(folder.path(), key.as_ref());
        convert_log(folder.path(), &|_| {}).unwrap();
        check_queries(folder.path(), key.as_ref());
        // A position stays what it was.
        assert_eq!(all(folder.path(), key.as_ref()), before);
    }
}

#[test]
fn a_sealed_recipient_is_found_by_its_number_with_the_key_or_by_what_is_shown_of_it() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), 500);
    let key = LogKey::of_log(folder.path()).unwrap().unwrap();
    for _ in ["segments", "Parquet files"] {
        let shown = find(folder.path(), &Query::new().to("+14155550007"), Some(&key)).unwrap().decisions;
        assert!(!shown.is_empty() && shown.iter().all(|found| found.to.is_none()));
        let hash = shown[0].recipient_hash.clone().unwrap();
        assert_eq!(
            hash,
            key.seal(Number::from_digits(14_155_550_007).unwrap()).map(|byte| format!("{byte:02x}")).concat()
        );
        let by_hash = find(folder.path(), &Query::new().to(&hash), None).unwrap();
        assert!(by_hash.faults.is_empty());
        assert_eq!(by_hash.decisions, shown);
        let by_text = find(folder.path(), &Query::new().to("no number 9"), Some(&key)).unwrap().decisions;
        assert_eq!(by_text.len(), 1);
        assert_eq!(
            by_text[0].recipient_hash,
            Some(key.seal_text("no number 9").map(|byte| format!("{byte:02x}")).concat())
        );
        let opened = find(folder.path(), &Query::new().to("+14155550007").show_recipients(), Some(&key)).unwrap();
        assert!(opened.decisions.iter().all(|found| found.to.as_deref() == Some("+14155550007")));
        for wrong in [None, Some(LogKey::new([9; 32]))] {
            let page = find(folder.path(), &Query::new().to("+14155550007"), wrong.as_ref()).unwrap();
            let [LogError::Sealed { path }] = &*page.faults else { panic!("{:?}", page.faults) };
            assert!(page.decisions.is_empty() && path.starts_with(folder.path()));
        }
        convert_log(folder.path(), &|_| {}).unwrap();
    }
}

#[test]
fn a_number_is_found_in_each_form_that_networks_take() {
    let folder = Folder::new();
    let mut options = without_parquet();
    options.recipients = Recipients::Plain;
    let recorder = open(&folder, options);
    for digits in [5_215_512_345_678_u64, 525_512_345_678] {
        let record = callsign_log::Record {
            recipient: Recipient::Number(Number::from_digits(digits).unwrap()),
            ..record(1, "m")
        };
        assert!(matches!(recorder.record(&record), Recorded::Taken(_)));
    }
    recorder.close();
    for form in ["+52 1 55 1234 5678", "+52 55 1234 5678"] {
        assert_eq!(find(folder.path(), &Query::new().to(form), None).unwrap().decisions.len(), 2, "{form}");
    }
}

#[test]
fn a_log_that_is_written_is_looked_through_up_to_its_last_whole_frame() {
    let folder = Folder::new();
    let recorder = open(&folder, without_parquet());
    record_all(&recorder, 0..2_000);
    recorder.flush().unwrap();
    let page = find(folder.path(), &Query::new().message_id("1999"), None).unwrap();
    assert_eq!(page.decisions.len(), 1);
    // As if a frame were being written at this moment.
    let segment = folder.segments()[0].clone();
    let length = fs::metadata(&segment).unwrap().len();
    fs::File::options().write(true).open(&segment).unwrap().set_len(length - 1).unwrap();
    let page = find(folder.path(), &Query::new(), None).unwrap();
    assert!(page.faults.is_empty() && page.decisions.len() <= 100);
}

#[test]
fn a_search_gives_up_at_its_time_and_goes_on_from_there() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), COUNT);
    let query = Query::new().sender("N3").limit(MAX_PAGE).unwrap();
    for _ in ["segments", "Parquet files"] {
        let expected = find(folder.path(), &query, None).unwrap().decisions;
        let page = find(folder.path(), &query.clone().give_up_at(Instant::now()), None).unwrap();
        assert!(page.decisions.is_empty() && page.faults.is_empty());
        let rest = find(folder.path(), &query.clone().after(page.next.unwrap()), None).unwrap();
        assert_eq!((rest.decisions, rest.next), (expected, None));
        convert_log(folder.path(), &|_| {}).unwrap();
    }
}

#[test]
fn a_limit_a_time_and_a_position_that_cannot_be_are_refused() {
    for limit in [0, MAX_PAGE + 1] {
        assert_eq!(Query::new().limit(limit).unwrap_err(), QueryError::Limit { limit });
    }
    assert!(Query::new().limit(1).is_ok() && Query::new().limit(MAX_PAGE).is_ok());
    assert_eq!(Query::new().between(Some(5), Some(5)).unwrap_err(), QueryError::NoTime);
    assert!(Query::new().between(Some(5), Some(6)).is_ok());
    assert_eq!("42-1234".parse(), Ok(Position { segment: 42, record: 1234 }));
    assert_eq!(Position { segment: 42, record: 1234 }.to_string(), "42-1234");
    for wrong in ["", "42", "-", "42-", "-1", "+4-2", "4-2-1", "4 -2", "18446744073709551616-1"] {
        assert!(wrong.parse::<Position>().is_err(), "{wrong}");
    }
    let folder = Folder::new();
    assert!(matches!(find(folder.path(), &Query::new(), None).unwrap_err(), LogError::Io { .. }));
    fs::create_dir(folder.path()).unwrap();
    assert!(matches!(find(folder.path(), &Query::new(), None).unwrap_err(), LogError::NoLog { .. }));
}

#[test]
fn decisions_are_counted_by_step_refusal_sender_and_policy() {
    let folder = Folder::new();
    varied_log(&folder, without_parquet(), COUNT);
    let tally = |passes: Passes, word: fn(&LoggedDecision) -> Option<&str>| {
        let mut counts = BTreeMap::<Box<str>, u64>::new();
        for found in all(folder.path(), None).iter().filter(|found| passes(found)) {
            if let Some(word) = word(found) {
                *counts.entry(word.into()).or_default() += 1;
            }
        }
        counts
    };
    let time = (START + 700 * STEP, START + 2_100 * STEP);
    let queries: [(Query, Passes); 3] = [
        (Query::new(), |_| true),
        (Query::new().application("default"), |found| found.application_id.as_deref().is_none_or(|id| id == "default")),
        (Query::new().between(Some(time.0), Some(time.1)).unwrap(), |found| {
            (START + 700 * STEP..START + 2_100 * STEP).contains(&found.time)
        }),
    ];
    for form in ["segments", "Parquet files"] {
        for (query, passes) in &queries {
            let found = count(folder.path(), query).unwrap();
            let matching: Vec<_> = all(folder.path(), None).into_iter().filter(passes).collect();
            assert_eq!(found.decisions, matching.len() as u64, "{form}");
            assert_eq!(found.times, Some((matching.last().unwrap().time, matching[0].time)), "{form}");
            assert_eq!(found.steps, tally(*passes, |found| found.step.as_deref()), "{form}");
            assert_eq!(found.senders, tally(*passes, |found| found.sender_id.as_deref()), "{form}");
            assert_eq!(found.refusals, tally(*passes, |found| found.refusal.as_ref().map(|refusal| &*refusal.code)));
            assert_eq!(found.policies, tally(*passes, |found| found.policy.as_ref().map(|policy| &*policy.label)));
            assert_eq!((found.missing(), found.faults.len()), (0, 0));
            let bytes: u64 = folder.segments().iter().map(|path| fs::metadata(path).unwrap().len()).sum();
            assert_eq!(found.bytes, bytes);
            let parquet = if form == "segments" { 0 } else { folder.segments().len() };
            assert_eq!((found.segments + found.parquet_files, found.parquet_files), (folder.segments().len(), parquet));
        }
        convert_log(folder.path(), &|_| {}).unwrap();
    }
}

#[test]
fn a_folder_that_another_process_writes_to_is_not_converted() {
    let folder = Folder::new();
    let recorder: std::sync::Arc<Recorder> = open(&folder, without_parquet());
    record_all(&recorder, 0..10);
    recorder.flush().unwrap();
    assert!(matches!(convert_log(folder.path(), &|_| {}).unwrap_err(), LogError::Locked { .. }));
}
