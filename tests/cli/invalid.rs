//! A line that is no message is refused in its place, and named; the run goes on.

use super::run::{Folder, Ran, feed};

const GOOD: &str = r#"{"messageId":"good","applicationId":"shop","channel":"SMS","to":"+14155550123"}"#;

/// The lines, each in front of a good one, in one run: the id and the message of the refusal of each, in their order.
fn refusals_of(folder: &Folder, lines: &[&[u8]]) -> Vec<(Option<String>, String)> {
    let mut input = Vec::new();
    for line in lines {
        for part in [line, &b"\n"[..], GOOD.as_bytes(), b"\n"] {
            input.extend_from_slice(part);
        }
    }
    let ran = feed(&mut folder.resolve(&[]), &input);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(ran.codes(), ["INVALID_MESSAGE", ""].repeat(lines.len()));
    let refused = ran.lines().into_iter().step_by(2).enumerate();
    refused
        .map(|(index, line)| {
            let id = line.get("messageId").map(|id| id.as_str().expect("a text").to_owned());
            let message = line["refusal"]["message"].as_str().expect("a text");
            let place = format!("line {}: ", 2 * index + 1);
            (id, message.strip_prefix(&place).unwrap_or_else(|| panic!("not {place}{line}")).to_owned())
        })
        .collect()
}

#[test]
fn every_kind_of_fault_is_named_with_its_line() {
    let folder = Folder::with_catalog();
    let long = "x".repeat(256);
    let long_id = format!(r#"{{"messageId":"{long}","channel":"SMS","to":"+1"}}"#);
    let long_application = format!(r#"{{"messageId":"a","applicationId":"{long}","channel":"SMS","to":"+1"}}"#);
    let long_channel = format!(r#"{{"messageId":"a","channel":"{long}","to":"+1"}}"#);
    let long_name = format!(r#"{{"messageId":"a","{}":1}}"#, "y".repeat(10_000));
    let cases = [
        ("junk", None, "expected value"),
        ("7", None, "expected a JSON object"),
        ("\"text\"", None, "expected a JSON object"),
        ("null", None, "expected a JSON object"),
        (r#"["a", "shop", null, "SMS", "+14155550123", null]"#, None, "an array"),
        ("{}", None, "`channel` is missing"),
        (r#"{"messageId":"a","channel":"SMS"}"#, Some("a"), "`to` is missing"),
        (r#"{"messageId":"a","channel":"SMS","to":null}"#, Some("a"), "`to` is missing"),
        (r#"{"messageId":"a","to":"+1"}"#, Some("a"), "`channel` is missing"),
        (r#"{"messageId":"a","channel":"sms","to":"+1"}"#, Some("a"), "unknown channel \"sms\": use SMS"),
        (r#"{"messageId":"a","channel":" rcs","to":"+1"}"#, Some("a"), "unknown channel \" rcs\": use RCS"),
        (r#"{"messageId":"a","channel":"FAX","to":"+1"}"#, Some("a"), "unknown channel \"FAX\": use SMS, MMS or RCS"),
        (r#"{"messageId":"a","channel":"","to":"+1"}"#, Some("a"), "unknown channel \"\": use SMS, MMS or RCS"),
        (&long_channel, Some("a"), "xxx...\": use SMS, MMS or RCS"),
        (
            r#"{"messageId":"a","channel":"SMS","to":"+1","text":"hi"}"#,
            Some("a"),
            "unknown field `text`, expected one of",
        ),
        (r#"{"channel":"SMS","to":"+1","text":{"messageId":"b"},"messageId":"a"}"#, Some("a"), "unknown field `text`"),
        (&long_name, Some("a"), "unknown field `yyy"),
        (
            r#"{"messageId":"a","channel":"SMS","to":14155550123}"#,
            Some("a"),
            "invalid type: integer `14155550123`, expected a string",
        ),
        (r#"{"messageId":"a","channel":["SMS"],"to":"+1"}"#, Some("a"), "invalid type: sequence, expected a string"),
        (r#"{"messageId":7,"channel":"SMS","to":"+1"}"#, None, "invalid type: integer `7`, expected a string"),
        (r#"{"messageId":"a","messageId":"b","channel":"SMS","to":"+1"}"#, Some("a"), "duplicate field `messageId`"),
        (r#"{"messageId":"a","channel":"SMS","to":"+1","to":"+2"}"#, Some("a"), "duplicate field `to`"),
        (r#"{"messageId":"","channel":"SMS","to":"+1"}"#, None, "`messageId`: empty"),
        (r#"{"messageId":"a","applicationId":"","channel":"SMS","to":"+1"}"#, Some("a"), "`applicationId`: empty"),
        (r#"{"messageId":"a","entityId":"","channel":"SMS","to":"+1"}"#, Some("a"), "`entityId`: empty"),
        (r#"{"messageId":"a","from":"","channel":"SMS","to":"+1"}"#, Some("a"), "`from`: empty"),
        (&long_id, None, "`messageId`: 256 characters"),
        (&long_application, Some("a"), "`applicationId`: 256 characters"),
        (
            r#"{"messageId":"a","entityId":"a\u009b","channel":"SMS","to":"+1"}"#,
            Some("a"),
            "`entityId`: \"a\\u{9b}\" has a control",
        ),
        (r#"{"messageId":"a","channel":"SMS","to":"+1""#, Some("a"), "EOF while parsing"),
        (r#"{"messageId":"a","channel":"SMS","to":"+1"} {}"#, Some("a"), "trailing characters, at byte 45"),
        (r#"{"messageId":"a","channel":"SMS","to":"\ud800"}"#, Some("a"), "end of hex escape"),
        ("{\"messageId\":\"a\",\"channel\":\"SMS\",\"to\":\"\u{1}\"}", Some("a"), "control character"),
    ];
    let lines: Vec<&[u8]> = cases.iter().map(|(line, _, _)| line.as_bytes()).collect();
    for ((line, id, words), (found, message)) in cases.into_iter().zip(refusals_of(&folder, &lines)) {
        assert_eq!(found.as_deref(), id, "{line}");
        assert!(message.contains(words), "{line}: {message}");
        assert!(message.len() < 500, "{message}");
    }
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let folder = Folder::with_catalog();
    let line: &[u8] = b"{\"messageId\":\"a\",\"channel\":\"SMS\",\"to\":\"\xff\"}";
    assert_eq!(refusals_of(&folder, &[line]), [(Some("a".to_owned()), "byte 40 is not UTF-8".to_owned())]);
}

#[test]
fn a_line_has_64_kib_at_most() {
    let folder = Folder::with_catalog();
    let padded = |length: usize| format!("{GOOD}{}", " ".repeat(length - GOOD.len()));
    let ran = feed(&mut folder.resolve(&[]), format!("{}\r\n{GOOD}", padded(65_536)).as_bytes());
    assert_eq!((ran.code, ran.codes()), (0, vec![String::new(); 2]), "{}", ran.err);
    // Just too long, longer than a chunk, and much longer.
    let long = [65_537, 262_144, 262_145, 5_000_000].map(padded);
    let refusals = refusals_of(&folder, &long.each_ref().map(|line| line.as_bytes()));
    assert_eq!(refusals, vec![(None, "longer than 65536 bytes".to_owned()); 4]);
}

#[test]
fn an_empty_destination_is_a_message_to_nowhere() {
    let folder = Folder::with_catalog();
    let ran = feed(&mut folder.resolve(&[]), br#"{"messageId":"a","channel":"SMS","to":""}"#);
    assert_eq!((ran.code, ran.codes()), (0, vec!["INVALID_DESTINATION".to_owned()]));
}

#[test]
fn the_longest_fields_are_accepted_in_characters() {
    let folder = Folder::with_catalog();
    let long = "\u{e9}".repeat(255);
    let line =
        format!(r#"{{"messageId":"{long}","entityId":"{long}","from":"{long}","channel":"SMS","to":"+14155550123"}}"#);
    let ran = feed(&mut folder.resolve(&[]), line.as_bytes());
    assert_eq!((ran.code, ran.codes()), (0, vec!["SENDER_NOT_REGISTERED".to_owned()]));
    assert_eq!(ran.lines()[0]["messageId"], long);
}

fn csv(folder: &Folder, text: &[u8]) -> Ran {
    feed(&mut folder.resolve(&["--format", "csv"]), text)
}

#[test]
fn a_csv_row_that_is_no_message_is_named_with_its_line() {
    let folder = Folder::with_catalog();
    let rows: &[&[u8]] = &[
        b"messageId,channel,to,from,entityId",
        b"a,SMS,+14155550123,,",
        b"b,SMS",
        b"c,SMS,+14155550123,,,,",
        b"",
        b"d,sms,+14155550123,,",
        b"e,SMS,,,",
        b"f,,+14155550123,,",
        b"\"g\ng\",SMS,+14155550123,\xff,",
        b"h,\"SMS\",\"+14155550123\",,",
        b"\xff,sms,+14155550123,,",
    ];
    let ran = csv(&folder, &rows.join(&b'\n'));
    assert_eq!(ran.code, 1, "{}", ran.err);
    let lines = ran.lines();
    let refusals: Vec<(Option<&str>, &str)> = lines
        .iter()
        .filter(|line| line["refusal"]["code"] == "INVALID_MESSAGE")
        .map(|line| {
            let id = line.get("messageId").map(|id| id.as_str().expect("a text"));
            (id, line["refusal"]["message"].as_str().expect("a text"))
        })
        .collect();
    assert_eq!(
        refusals,
        [
            (Some("b"), "line 3: 2 cells, but the header has 5 columns"),
            (Some("c"), "line 4: 7 cells, but the header has 5 columns"),
            (Some("d"), "line 6: unknown channel \"sms\": use SMS"),
            (Some("e"), "line 7: `to` is missing; a message has at least `channel` and `to`"),
            (Some("f"), "line 8: `channel` is missing; a message has at least `channel` and `to`"),
            (Some("g\ng"), "line 9: `from` is not UTF-8"),
            (None, "line 12: `messageId` is not UTF-8"),
        ]
    );
    let others: Vec<_> = lines.iter().filter(|line| line["refusal"]["code"] != "INVALID_MESSAGE").collect();
    assert_eq!(others.len(), 2);
}

#[test]
fn a_csv_row_has_64_kib_at_most_and_an_open_quote_does_not_eat_memory() {
    let folder = Folder::with_catalog();
    let text = format!("channel,to,from\nSMS,+14155550123,{}\nSMS,+14155550123,\n", "x".repeat(65_536));
    let ran = csv(&folder, text.as_bytes());
    assert_eq!(ran.codes(), ["INVALID_MESSAGE", "NO_STRATEGY"]);
    assert_eq!(ran.lines()[0]["refusal"]["message"], "line 2: longer than 65536 bytes");

    let text = format!("channel,to,from\nSMS,+14155550123,\nSMS,\"{}", "x,y\n".repeat(1_000_000));
    let ran = csv(&folder, text.as_bytes());
    assert_eq!((ran.code, ran.codes()), (1, vec!["NO_STRATEGY".to_owned(), "INVALID_MESSAGE".to_owned()]));
    assert_eq!(ran.lines()[1]["refusal"]["message"], "line 3: longer than 65536 bytes");
}
