//! `callsign log`, as an operator uses it.

use callsign_log::{
    Answer, AttributesRead, CatalogContext, LogOptions, PinRead, PinWrite, PolicyContext, Recipient, Recipients,
    Record, Recorded, Recorder,
};
use serde_json::{Value, json};

use super::run::{Folder, Ran, run};

/// When the first decision is: 2026-11-24T10:40:00Z.
const START: u64 = 1_795_516_800;

/// A log `decisions` of 300 messages, one a second; every tenth has no sender.
fn log(recipients: Recipients) -> Folder {
    let folder = Folder::new();
    let mut options = LogOptions::default();
    options.recipients = recipients;
    options.parquet = false;
    let recorder = Recorder::open(folder.path("decisions"), options).expect("a log");
    let catalog = recorder.declare_catalog(CatalogContext { name: "revision:7".into() });
    let policy = recorder.declare_policy(PolicyContext {
        module: [1; 32],
        label: "standard@1.0.0".into(),
        settings_digest: [2; 32],
        settings: "{}".into(),
    });
    for number in 0..300_u64 {
        let (id, sender) = (format!("m{number}"), format!("L{}", number % 3));
        let destination = callsign::Destination::parse(&format!("+1415555{:04}", number % 100)).expect("a number");
        let attributes = [("campaign", "C1")];
        let answer = match number % 10 {
            0 => Answer::Refused { code: "NO_STRATEGY" },
            _ => Answer::Decided { sender: &sender, strategy: Some("GEO"), step: "AREA_CODE" },
        };
        let record = Record {
            time: (START + number) * 1_000_000,
            took: 1_234,
            message_id: Some(&id),
            trace_id: None,
            application: Some("shop"),
            entity: if number % 2 == 0 { Some("acme") } else { None },
            channel: callsign::Channel::Sms,
            is_fallback: false,
            told_unhealthy: false,
            recipient: Recipient::Number(destination.number),
            country: Some(destination.country),
            area_code: destination.area_code,
            from: None,
            message_type: None,
            sent_at: None,
            attributes: AttributesRead::All(if number == 42 { &attributes } else { &[] }),
            catalog,
            policy: Some(policy),
            signals: None,
            pin_read: PinRead::None,
            pin_write: PinWrite::Written,
            answer,
        };
        assert!(matches!(recorder.record(&record), Recorded::Taken(_)));
    }
    recorder.close();
    folder
}

/// `callsign log ...` in a folder.
fn callsign_log(folder: &Folder, arguments: &[&str]) -> Ran {
    run(folder.callsign(&["log"]).args(arguments))
}

fn ids(ran: &Ran) -> Vec<String> {
    ran.lines().iter().map(|line| line["messageId"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_decision_is_found_and_shown_as_words_and_as_json() {
    let folder = log(Recipients::Plain);
    let ran = callsign_log(&folder, &["find", "decisions", "--message-id", "m42", "--json"]);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    let expected = json!({
        "position": "1-42", "time": "2026-11-24T10:40:42Z", "tookNanoseconds": 1234, "messageId": "m42",
        "applicationId": "shop", "entityId": "acme", "channel": "SMS", "to": "+14155550042", "country": "US",
        "areaCode": 415, "attributes": {"campaign": "C1"}, "catalog": "revision:7",
        "policy": {"label": "standard@1.0.0", "module": "01".repeat(32), "settings": "02".repeat(32)},
        "pinRead": "NONE", "pinWrite": "WRITTEN", "senderId": "L0", "sendingStrategyId": "GEO", "step": "AREA_CODE",
    });
    assert_eq!(ran.lines(), [expected]);
    let ran = callsign_log(&folder, &["find", "decisions", "--message-id", "m42"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 2, "{ran:?}");
    assert!(lines[0].starts_with("TIME"), "{ran:?}");
    for word in ["2026-11-24T10:40:42Z", "m42", "shop/acme", "SMS", "+14155550042", "L0", "AREA_CODE of GEO"] {
        assert!(lines[1].contains(word), "{word}: {ran:?}");
    }
    let ran = callsign_log(&folder, &["find", "decisions", "--message-id", "m300"]);
    assert_eq!((ran.code, &*ran.out), (1, "nothing found\n"));
}

#[test]
fn every_filter_narrows_what_is_found_before_and_after_it_is_parquet() {
    let folder = log(Recipients::Plain);
    for form in ["segment", "Parquet file"] {
        for (filters, expected) in [
            (&["--to", "+1 415 555 0007"][..], &["m207", "m107", "m7"][..]),
            (&["--refusal", "NO_STRATEGY", "--limit", "2"], &["m290", "m280"]),
            (&["--sender", "L1", "--entity", "acme", "--limit", "2"], &["m298", "m292"]),
            (&["--application", "shop", "--limit", "1"], &["m299"]),
            (&["--until", "2026-11-24T10:40:02Z"], &["m1", "m0"]),
            (&["--since", "2026-11-24T10:44:58Z"], &["m299", "m298"]),
            (&["--since", "2026-11-24", "--until", "2026-11-24T10:40:01Z"], &["m0"]),
        ] {
            let ran = callsign_log(&folder, &[&["find", "decisions", "--json"], filters].concat());
            assert_eq!(
                (ran.code, ids(&ran)),
                (0, expected.iter().map(|id| (*id).to_owned()).collect()),
                "{form}: {filters:?}"
            );
        }
        let ran = callsign_log(&folder, &["find", "decisions", "--application", "other"]);
        assert_eq!((ran.code, &*ran.out), (1, "nothing found\n"), "{form}");
        let ran = callsign_log(&folder, &["convert", "decisions"]);
        assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    }
    assert!(folder.path("decisions/decisions-0000000001.parquet").exists());
}

#[test]
fn pages_follow_one_another() {
    let folder = log(Recipients::Plain);
    let (mut found, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
    loop {
        let mut arguments = vec!["find", "decisions", "--json", "--limit", "70"];
        if let Some(after) = &after {
            arguments.extend(["--after", after]);
        }
        let ran = callsign_log(&folder, &arguments);
        found.extend(ids(&ran));
        match ran.err.strip_prefix("more with --after ") {
            Some(next) => after = Some(next.trim().to_owned()),
            None => break,
        }
    }
    assert_eq!(found, (0..300).rev().map(|number| format!("m{number}")).collect::<Vec<_>>());
}

#[test]
fn sealed_recipients_are_shown_to_who_asks_for_them_and_has_the_key() {
    let folder = log(Recipients::Sealed);
    let ran = callsign_log(&folder, &["find", "decisions", "--to", "+14155550007", "--json"]);
    let hash = ran.lines()[0]["recipientHash"].as_str().expect("a hash").to_owned();
    assert!(ran.lines().iter().all(|line| line.get("to").is_none()), "{ran:?}");
    let ran = callsign_log(&folder, &["find", "decisions", "--to", &hash, "--show-recipients", "--json"]);
    assert_eq!(ids(&ran), ["m207", "m107", "m7"]);
    assert!(ran.lines().iter().all(|line| line["to"] == "+14155550007"), "{ran:?}");
    std::fs::rename(folder.path("decisions/key"), folder.path("key")).expect("a key");
    let ran = callsign_log(&folder, &["find", "decisions", "--to", "+14155550007"]);
    assert_eq!((ran.code, &*ran.out), (3, "nothing found\n"));
    assert!(ran.err.contains("recipients are sealed") && ran.err.contains("key"), "{ran:?}");
    let ran = callsign_log(&folder, &["find", "decisions", "--to", "+14155550007", "--key", "key", "--json"]);
    assert_eq!((ran.code, ids(&ran).len()), (0, 3));
}

#[test]
fn decisions_are_counted() {
    let folder = log(Recipients::Sealed);
    let ran = callsign_log(&folder, &["stats", "decisions", "--json"]);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
    let stats: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(stats["decisions"], 300);
    assert_eq!((&stats["first"], &stats["last"]), (&"2026-11-24T10:40:00Z".into(), &"2026-11-24T10:44:59Z".into()));
    assert_eq!(stats["steps"], json!([{"step": "AREA_CODE", "decisions": 270}]));
    assert_eq!(stats["refusals"], json!([{"code": "NO_STRATEGY", "decisions": 30}]));
    assert_eq!(stats["senders"][0], json!({"senderId": "L0", "decisions": 90}));
    assert_eq!(stats["policies"], json!([{"policy": "standard@1.0.0", "decisions": 300}]));
    assert_eq!((&stats["segments"], &stats["parquetFiles"], &stats["holes"]), (&1.into(), &0.into(), &json!([])));
    assert!(stats["bytes"].as_u64().is_some_and(|bytes| bytes > 1_000), "{stats}");
    let ran = callsign_log(&folder, &["stats", "decisions", "--since", "2026-11-24T10:44:59Z", "--top", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in ["1 decisions from", "no holes", "AREA_CODE", "100.0 %", "standard@1.0.0"] {
        assert!(ran.out.contains(words), "{words}: {ran:?}");
    }
    let ran = callsign_log(&folder, &["stats", "decisions", "--since", "2027-01-01"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.starts_with("no decisions\n"), "{ran:?}");
}

#[test]
fn filters_that_cannot_be_parsed_and_folders_without_a_log_are_refused() {
    let folder = log(Recipients::Plain);
    for (filters, words) in [
        (&["--since", "yesterday"][..], "24h"),
        (&["--until", "2026-13-01"], "2026-11-26"),
        (&["--limit", "0"], "1 to 1000"),
        (&["--limit", "1001"], "1 to 1000"),
        (&["--after", "12"], "42-1234"),
        (&["--sender", ""], "--sender"),
        (&["--since", "2026-11-25", "--until", "2026-11-24"], "--until is not after --since"),
        (&["--nothing"], "--nothing"),
    ] {
        let ran = callsign_log(&folder, &[&["find", "decisions"], filters].concat());
        assert_eq!((ran.code, &*ran.out), (2, ""), "{filters:?}");
        assert!(ran.err.contains(words), "{filters:?}: {}", ran.err);
    }
    std::fs::create_dir(folder.path("empty")).expect("a folder");
    for command in ["find", "stats", "convert"] {
        let ran = callsign_log(&folder, &[command, "empty"]);
        assert_eq!(ran.code, 2, "{command}: {ran:?}");
        assert!(ran.err.contains("there is no decision log in it"), "{command}: {ran:?}");
        let ran = callsign_log(&folder, &[command, "missing"]);
        assert_eq!(ran.code, 2, "{command}: {ran:?}");
        assert!(ran.err.contains("missing"), "{command}: {ran:?}");
    }
    assert!(!folder.path("missing").exists());
}

#[test]
fn what_is_damaged_is_told_and_the_rest_is_shown() {
    let folder = log(Recipients::Plain);
    let mut options = LogOptions::default();
    options.parquet = false;
    let recorder = Recorder::open(folder.path("decisions"), options).expect("a log");
    recorder.close();
    folder.write("decisions/decisions-0000000009.log", "no segment at all");
    let ran = callsign_log(&folder, &["find", "decisions", "--message-id", "m42", "--json"]);
    assert_eq!((ran.code, ids(&ran)), (3, vec!["m42".to_owned()]));
    assert!(ran.err.contains("decisions-0000000009.log, byte 0: this is no segment"), "{ran:?}");
    let ran = callsign_log(&folder, &["stats", "decisions"]);
    assert!(ran.code == 3 && ran.out.starts_with("300 decisions"), "{ran:?}");
}

#[test]
fn help_has_examples_and_exit_codes() {
    for (command, words) in [
        (&["log"][..], &["find", "stats", "convert"][..]),
        (&["log", "find"], &["--message-id", "--to", "--sender", "--since", "--refusal", "--limit", "24h"]),
        (&["log", "stats"], &["--since", "--top", "--json"]),
        (&["log", "convert"], &["Parquet"]),
    ] {
        let ran = run(super::run::callsign().args(command).arg("--help"));
        assert_eq!((ran.code, &*ran.err), (0, ""), "{command:?}");
        for words in words.iter().chain(&["Examples:", "Exit codes:", "callsign log"]) {
            assert!(ran.out.contains(words), "{command:?} without {words}:\n{}", ran.out);
        }
    }
}
