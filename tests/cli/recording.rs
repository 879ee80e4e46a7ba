//! `callsign resolve --log`: what is in the log afterwards.

use std::fs;

use callsign::log::{Answer, DecisionLog, Part, Recipient, TimeRange};
use sha2::{Digest, Sha256};

use super::run::{Folder, feed};

const MESSAGES: &str = r#"{"messageId":"m0","applicationId":"shop","channel":"SMS","to":"+14155550123"}
{"messageId":"m1","applicationId":"shop","channel":"SMS","to":"+14155550123"}
{"messageId":"m2","channel":"SMS","to":"junk"}
{"messageId":"m3","channel":"sms","to":"+14155550123"}
"#;

/// The id, the recipient, and the answer of every record, and the names of their catalogs.
fn recorded(folder: &Folder) -> (Vec<[String; 3]>, Vec<String>) {
    let (mut records, mut catalogs, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for part in DecisionLog::open(&folder.path("log")).unwrap().read(TimeRange::ALL) {
        let Part::Block(block) = part.unwrap() else { panic!("records are missing") };
        for record in block.records(&mut bytes).unwrap().iter() {
            let recipient = match record.recipient {
                Recipient::Number(number) => number.to_string(),
                Recipient::Text(text) => text.to_owned(),
                Recipient::Sealed(_) => "sealed".to_owned(),
            };
            let answer = match record.answer {
                Answer::Decided { sender, step, .. } => format!("{sender} {step}"),
                Answer::Refused { code } => code.to_owned(),
            };
            records.push([record.message_id.unwrap().to_owned(), recipient, answer]);
            catalogs.push(block.catalog(record.catalog).unwrap().name.to_string());
        }
    }
    records.sort();
    (records, catalogs)
}

#[test]
fn every_message_that_is_decided_is_recorded_with_the_digest_of_its_catalog() {
    for (arguments, recipients) in [
        (&["--log", "log"][..], ["sealed", "sealed", "sealed"]),
        (
            &["--log", "log", "--log-recipients", "plain", "--log-promise", "keep"],
            ["+14155550123", "+14155550123", "junk"],
        ),
    ] {
        let folder = Folder::with_catalog();
        let ran = feed(&mut folder.resolve(arguments), MESSAGES.as_bytes());
        assert_eq!(ran.code, 1, "{}", ran.err);
        let (records, catalogs) = recorded(&folder);
        let senders: Vec<_> =
            ran.lines().iter().filter_map(|line| Some(line["senderId"].as_str()?.to_owned())).collect();
        let answers =
            [format!("{} POOL", senders[0]), format!("{} STICKY", senders[1]), "INVALID_DESTINATION".to_owned()];
        let ids = ["m0", "m1", "m2"].map(str::to_owned);
        let expected: Vec<_> = ids
            .into_iter()
            .zip(recipients.map(str::to_owned))
            .zip(answers)
            .map(|((id, recipient), answer)| [id, recipient, answer])
            .collect();
        assert_eq!(records, expected);
        let digest = Sha256::digest(fs::read(folder.path("catalog.json")).unwrap());
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(catalogs.iter().all(|name| *name == format!("sha256:{digits}")), "{catalogs:?}");
    }
}

#[test]
fn a_second_run_goes_on_with_the_log() {
    let folder = Folder::with_catalog();
    for runs in 1..3 {
        feed(&mut folder.resolve(&["--log", "log"]), MESSAGES.as_bytes());
        assert_eq!(recorded(&folder).0.len(), 3 * runs);
    }
}

#[test]
fn a_log_that_cannot_be_written_is_refused_before_anything_is_decided() {
    let folder = Folder::with_catalog();
    folder.write("file", "no folder");
    let ran = feed(&mut folder.resolve(&["--log", "file"]), MESSAGES.as_bytes());
    assert_eq!((ran.code, &*ran.out), (2, ""), "{}", ran.err);
    assert!(ran.err.contains("the decision log") && ran.err.contains("file"), "{}", ran.err);
    let ran = feed(&mut folder.resolve(&["--log-promise", "keep"]), MESSAGES.as_bytes());
    assert_eq!((ran.code, &*ran.out), (2, ""));
    assert!(ran.err.contains("--log <DIR>"), "{}", ran.err);
}
