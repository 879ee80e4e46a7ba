//! Decisions come in the order of the messages, and are what deciding one after another gives, with any threads.

use std::fmt::Write;

use super::run::{Folder, feed, run};

/// Messages, enough for many chunks: each recipient comes a second time right away, and a third time much later.
const RECIPIENTS: usize = 10_000;

fn recipients() -> impl Iterator<Item = usize> {
    (0..RECIPIENTS).flat_map(|recipient| [recipient, recipient]).chain(0..RECIPIENTS)
}

/// A recipient in one of several ways to write it.
fn written(number: usize, recipient: usize) -> String {
    let local = 2_000_000 + recipient;
    match number % 3 {
        0 => format!("+1415{local}"),
        1 => format!("1415{local}"),
        _ => format!("+1 (415) {}-{:04}", local / 10_000, local % 10_000),
    }
}

fn json_lines() -> String {
    let mut text = String::new();
    for (number, recipient) in recipients().enumerate() {
        let to = written(number, recipient);
        writeln!(text, r#"{{"messageId":"m{number}","applicationId":"shop","channel":"SMS","to":"{to}"}}"#).unwrap();
    }
    text
}

fn csv() -> String {
    let mut text = "to,messageId,channel,applicationId\n".to_owned();
    for (number, recipient) in recipients().enumerate() {
        writeln!(text, "{},m{number},SMS,shop", written(number, recipient)).unwrap();
    }
    text
}

#[test]
fn any_number_of_threads_gives_the_same_bytes_in_order() {
    let folder = Folder::with_catalog();
    folder.write("messages.jsonl", json_lines());
    folder.write("messages.csv", csv());
    let one = run(&mut folder.resolve(&["--threads", "1", "messages.jsonl"]));
    assert_eq!(one.code, 0, "{}", one.err);

    let lines = one.lines();
    assert_eq!(lines.len(), 3 * RECIPIENTS);
    for (number, (line, recipient)) in lines.iter().zip(recipients()).enumerate() {
        assert_eq!(line["messageId"], format!("m{number}"));
        let is_first = number < 2 * RECIPIENTS && number % 2 == 0;
        assert_eq!(line["step"], if is_first { "POOL" } else { "STICKY" }, "{line}");
        assert_eq!(line["senderId"], lines[2 * recipient]["senderId"], "{line}");
    }
    for threads in ["2", "3", "8", "40"] {
        let same = run(&mut folder.resolve(&["--threads", threads, "messages.jsonl"]));
        assert!(same.code == 0 && same.out == one.out, "{threads} threads: {}", same.err);
        let same = run(&mut folder.resolve(&["--threads", threads, "messages.csv"]));
        assert!(same.code == 0 && same.out == one.out, "{threads} threads, CSV: {}", same.err);
    }
    let same = run(&mut folder.resolve(&["messages.jsonl"]));
    assert!(same.code == 0 && same.out == one.out, "as many threads as cores");
    // A pipe gives smaller pieces than a file.
    let same = feed(&mut folder.resolve(&["--threads", "8", "-"]), json_lines().as_bytes());
    assert!(same.code == 0 && same.out == one.out, "through a pipe");
}

#[test]
fn lines_that_are_no_messages_keep_their_places_over_many_chunks() {
    let folder = Folder::with_catalog();
    let mut text = String::new();
    for number in 0..30_000 {
        match number % 7 {
            0 => writeln!(text, r#"{{"messageId":"m{number}"}}"#).unwrap(),
            // Blank, and no line of the output.
            1 => writeln!(text).unwrap(),
            _ => writeln!(text, r#"{{"messageId":"m{number}","channel":"SMS","to":"+1"}}"#).unwrap(),
        }
    }
    folder.write("messages.jsonl", text);
    for threads in ["1", "8"] {
        let ran = run(&mut folder.resolve(&["--threads", threads, "messages.jsonl"]));
        assert_eq!(ran.code, 1);
        let mut lines = ran.lines().into_iter();
        for number in (0..30_000).filter(|number| number % 7 != 1) {
            let line = lines.next().expect("a line for each message");
            assert_eq!(line["messageId"], format!("m{number}"));
            let refusal = &line["refusal"];
            if number % 7 == 0 {
                assert_eq!(refusal["code"], "INVALID_MESSAGE");
                let message = refusal["message"].as_str().expect("a text");
                assert!(message.starts_with(&format!("line {}: ", number + 1)), "{message}");
            } else {
                assert_eq!(refusal["code"], "INVALID_DESTINATION");
            }
        }
        assert!(lines.next().is_none());
    }
}

#[test]
fn no_messages_give_no_decisions() {
    let folder = Folder::with_catalog();
    for input in ["", "\n", "\r\n \n", "\u{feff}"] {
        let ran = feed(&mut folder.resolve(&[]), input.as_bytes());
        assert_eq!((ran.code, &*ran.out), (0, ""), "{input:?}: {}", ran.err);
    }
    let ran = feed(&mut folder.resolve(&["--format", "csv"]), b"channel,to\n");
    assert_eq!((ran.code, &*ran.out), (0, ""), "{}", ran.err);
}
