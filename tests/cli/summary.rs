//! What is said about a run at its end.

use serde_json::Value;

use super::run::{Folder, feed};

const MESSAGES: &str = r#"{"applicationId":"shop","channel":"SMS","to":"+14155550123"}
{"applicationId":"shop","channel":"SMS","to":"+14155550123"}
{"applicationId":"shop","channel":"SMS","to":"+14155550124"}
{"channel":"SMS","to":"junk"}
{"channel":"sms","to":"+14155550123"}
"#;

#[test]
fn people_get_a_table() {
    let folder = Folder::with_catalog();
    let ran = feed(&mut folder.resolve(&[]), MESSAGES.as_bytes());
    let words: Vec<Vec<&str>> = ran.err.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0][..3], ["5", "messages", "in"], "{}", ran.err);
    assert!(ran.err.lines().next().is_some_and(|line| line.ends_with(" a second")));
    let rows: Vec<_> = words[1..].iter().map(|words| (words[0], words[1])).collect();
    assert_eq!(
        rows,
        [
            ("decided", "3"),
            ("STICKY", "1"),
            ("POOL", "2"),
            ("refused", "2"),
            ("INVALID_DESTINATION", "1"),
            ("INVALID_MESSAGE", "1")
        ]
    );
    assert!(!ran.err.contains('\x1b'), "colours are for terminals");
}

#[test]
fn programs_get_an_object() {
    let folder = Folder::with_catalog();
    let ran = feed(&mut folder.resolve(&["--summary", "json"]), MESSAGES.as_bytes());
    assert_eq!((ran.code, ran.err.lines().count()), (1, 1), "{}", ran.err);
    let summary: Value = serde_json::from_str(&ran.err).expect("JSON");
    assert_eq!((&summary["messages"], &summary["decided"], &summary["refused"]), (&5.into(), &3.into(), &2.into()));
    assert_eq!(summary["steps"], serde_json::json!({"STICKY": 1, "POOL": 2}));
    assert_eq!(summary["refusals"], serde_json::json!({"INVALID_DESTINATION": 1, "INVALID_MESSAGE": 1}));
    assert!(summary["messagesPerSecond"].as_u64().is_some_and(|rate| rate > 0));
}
