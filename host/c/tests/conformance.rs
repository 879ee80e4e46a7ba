//! The conformance table through the C library.

use std::fs;

use callsign::{Channel, SenderType, Step, parse_time};
use callsign_tests::conformance::table;
use serde_json::{Value, json};

use crate::program::{folder, program, run};

/// What stands between the fields of a line.
const FIELD: char = '\u{1f}';

/// Between names and values, and between the parts of a list.
const PART: char = '\u{1e}';

/// A text that is there, or is not.
fn optional(value: Option<&str>) -> String {
    value.map_or_else(|| "-".into(), |text| format!("+{text}"))
}

/// A message as a line for the program.
fn line(message: &Value) -> String {
    let number = |word: &Value| {
        let word = word.as_str().unwrap();
        // A caller has no words, so a word that does not exist is a number that does not.
        Channel::ALL.iter().position(|channel| channel.as_str() == word).map_or(99, |place| place + 1).to_string()
    };
    let channels = match &message["channels"] {
        Value::Null => number(&message["channel"]),
        list => list.as_array().unwrap().iter().map(number).collect::<Vec<_>>().join(","),
    };
    let pairs = message["attributes"].as_object().into_iter().flatten();
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}{PART}{}", value.as_str().unwrap())).collect();
    let mut fields: Vec<String> = ["to", "applicationId", "entityId", "from", "messageType", "messageId"]
        .map(|name| optional(message[name].as_str()))
        .into();
    fields.push(message["sentAt"].as_str().map_or(0, |time| parse_time(time).unwrap()).to_string());
    fields.push(channels);
    fields.push(pairs.join(&PART.to_string()));
    fields.join(&FIELD.to_string()) + "\n"
}

/// A decision as JSON, from the fields that the program has printed.
fn decision<'f>(fields: &mut impl Iterator<Item = &'f str>) -> Value {
    let mut number = || fields.next().unwrap().parse::<usize>().unwrap();
    let (channel, sender_type, step, refusal) = (number(), number(), number(), number());
    let mut text = || {
        let text = fields.next().unwrap();
        text.strip_prefix('+').map(str::to_owned)
    };
    let mut json = json!({ "channel": Channel::ALL[channel - 1].as_str() });
    let texts =
        ["senderId", "sender", "strategyId", "policy", "code", "message", "unpinned"].map(|name| (name, text()));
    for (name, value) in texts {
        match (name, value) {
            (_, None) => {}
            ("code" | "message", Some(value)) => json["refusal"][name] = value.into(),
            (name, Some(value)) => json[name] = value.into(),
        }
    }
    assert_eq!(refusal == 0, json.get("refusal").is_none(), "{json}");
    if sender_type > 0 {
        json["senderType"] = SenderType::ALL[sender_type - 1].as_str().into();
        let steps = [
            Step::Explicit,
            Step::DefaultSender,
            Step::Sticky,
            Step::AreaCode,
            Step::Overlay,
            Step::Region,
            Step::Pool,
        ];
        json["step"] = steps[step - 1].as_str().into();
    }
    json
}

/// The decision of a message, from the line that the program has printed for it.
fn decided(line: &str, message: &Value) -> Value {
    let mut fields = line.split(FIELD);
    assert_eq!(fields.next(), Some("decided"), "{line:?}");
    let mut json = decision(&mut fields);
    let count: usize = fields.next().unwrap().parse().unwrap();
    if message["channels"].is_array() {
        json["fallbacks"] = (0..count).map(|_| decision(&mut fields)).collect();
    } else {
        assert_eq!(count, 0);
    }
    if let Some(id) = message.get("messageId") {
        json["messageId"] = id.clone();
    }
    json
}

#[test]
fn every_decision_of_the_conformance_table_is_made_through_c() {
    let table = table();
    let catalog = folder("conformance").join("catalog.json");
    fs::write(&catalog, &table.catalog).unwrap();
    let all: Vec<_> = table.decisions.iter().collect();
    let batch: Vec<_> = table.decisions.iter().filter(|case| !case.is_pinned).collect();
    for (way, cases) in [("single", all), ("batch", batch)] {
        let lines: String = cases.iter().map(|case| line(&case.message)).collect();
        let printed = run(program("conformance").arg(way).arg(&catalog), &lines);
        assert_eq!(printed.lines().count(), cases.len(), "{printed}");
        for (case, line) in cases.iter().zip(printed.lines()) {
            case.check(&decided(line, &case.message));
        }
    }
}

#[test]
fn every_wrong_message_of_the_conformance_table_is_refused_through_c() {
    let table = table();
    let catalog = folder("wrong-messages").join("catalog.json");
    fs::write(&catalog, &table.catalog).unwrap();
    let lines: String = table.wrong_messages.iter().map(|wrong| line(&wrong.message)).collect();
    let printed = run(program("conformance").arg("single").arg(&catalog), &lines);
    let expected: Vec<String> =
        table.wrong_messages.iter().map(|wrong| ["refused", "23", &wrong.at].join(&FIELD.to_string())).collect();
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn every_wrong_catalog_of_the_conformance_table_is_refused_through_c() {
    let folder = folder("wrong-catalogs");
    for (index, wrong) in table().wrong_catalogs.iter().enumerate() {
        let file = folder.join(index.to_string());
        fs::write(&file, &wrong.text).unwrap();
        let printed = run(program("conformance").arg("catalog").arg(&file), "");
        let faults: Vec<(usize, usize, String)> = printed
            .lines()
            .map(|line| {
                let mut fields = line.split(FIELD);
                let mut next = || fields.next().unwrap();
                (next().parse().unwrap(), next().parse().unwrap(), next().into())
            })
            .collect();
        assert_eq!(faults, wrong.faults, "{}", wrong.name);
    }
}
