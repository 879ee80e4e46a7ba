//! Any text as an id: one rule says whether it is one, wherever it comes in, and what is refused does no harm where it is
//! told.

#![no_main]

use callsign_catalog::text::is_hidden;
use callsign_catalog::{Catalog, Edit, Id, List};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json, value::to_raw_value};

/// Whether a text shows as what it is.
fn is_harmless(text: &str) -> bool {
    !text.chars().any(|character| character.is_control() || is_hidden(character))
}

/// A catalog that has the text as the id of one of its elements.
fn catalogs(text: &str) -> [(List, &'static str, Value); 4] {
    let sender = json!({ "senderId": text, "sender": "ACME", "senderType": "ALPHANUMERIC", "coverage": [] });
    let strategy = json!({ "sendingStrategyId": text, "platform": { "applicationId": "default" } });
    [
        (List::Applications, "applications", json!({ "applicationId": text })),
        (List::Entities, "entities", json!({ "entityId": text })),
        (List::Senders, "senders", sender),
        (List::Strategies, "sendingStrategies", strategy),
    ]
}

fuzz_target!(|text: &str| {
    let id = Id::parse(text);
    match &id {
        Ok(id) => {
            assert_eq!(id.as_str(), text);
            assert!((1..=255).contains(&text.chars().count()) && is_harmless(text));
        }
        Err(error) => assert!(is_harmless(&error.to_string()), "{error}"),
    }
    let empty = Catalog::from_json("{}").expect("a catalog without anything");
    for (list, name, element) in catalogs(text) {
        let file = json!({ name: [element] }).to_string();
        let read = Catalog::from_json(&file);
        assert_eq!(read.is_ok(), id.is_ok(), "{name} of a file: {text:?}");
        let element = to_raw_value(&element).expect("JSON");
        let edited = empty.edit(&[Edit::put(list, &element)]);
        assert_eq!(edited.is_ok(), id.is_ok(), "{name} of an edit: {text:?}");
        match (read, edited) {
            (Ok(read), Ok(edited)) => assert_eq!(read, edited),
            (Err(file), Err(edit)) => assert!(is_harmless(&edit.to_string()) && !file.to_string().is_empty()),
            _ => {}
        }
    }
});
