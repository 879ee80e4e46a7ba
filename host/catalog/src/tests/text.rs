//! The text itself: encoding, syntax, and the object that it is.

use super::{SOUND, assert_faults, faults, load};
use crate::{Catalog, CatalogError, MAX_FAULTS};

#[track_caller]
fn assert_syntax(bytes: &[u8], expected: (usize, usize, usize), part: &str) {
    match Catalog::from_slice(bytes) {
        Err(CatalogError::Syntax { line, column, offset, message }) => {
            assert_eq!((line, column, offset), expected, "{message}");
            assert!(message.contains(part), "{message}");
        }
        other => panic!("expected a syntax error, not {other:?}"),
    }
}

#[test]
fn text_that_is_not_json_is_reported_at_its_character() {
    assert_syntax(b"", (1, 1, 0), "EOF");
    assert_syntax(b"{\"a\":x}", (1, 6, 5), "expected value");
    assert_syntax(b"{\n \"senders\": [1 2]}", (2, 16, 17), "expected `,` or `]`");
    assert_syntax(b"{} {}", (1, 4, 3), "trailing characters");
}

#[test]
fn a_syntax_error_comes_before_faults() {
    assert_syntax(br#"{"what":1,"senders":[}"#, (1, 22, 21), "expected value");
}

#[test]
fn columns_are_characters_and_offsets_are_bytes() {
    assert_syntax("{\"é\": ü}".as_bytes(), (1, 7, 7), "expected value");
}

#[test]
fn bytes_that_are_not_utf8_are_reported_at_the_first() {
    assert_syntax(b"{\n\"a\": \"\xff\"}", (2, 7, 8), "byte 8 is not UTF-8");
    assert_syntax(b"{\"a\": \"\xe2\x82", (1, 8, 7), "cuts off");
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_eq!(load(&format!("\u{feff}{SOUND}")), load(SOUND));
    assert_syntax(b"\xef\xbb\xbf{x", (1, 2, 1), "key must be a string");
    assert_syntax(b"\xef\xbb\xbf{\xff", (1, 2, 1), "byte 1 is not UTF-8");
}

#[test]
fn the_file_must_be_an_object() {
    assert_faults("¦[]", &["$: must be an object, not a list"]);
    assert_faults("¦[[],[],[],[],[],[]]", &["$: must be an object, not a list"]);
    assert_faults(" ¦null", &["$: must be an object, not null"]);
    assert_faults("¦1e999", &["$: must be an object, not a number"]);
}

#[test]
fn the_lists_must_be_lists() {
    assert_faults(
        r#"{"senders": ¦{}, "entities": ¦1e999}"#,
        &["$.senders: must be a list, not an object", "$.entities: must be a list, not a number"],
    );
}

#[test]
fn a_list_given_twice_is_a_fault() {
    assert_faults(
        r#"{"senders": [], "entities": [], ¦"senders": []}"#,
        &["$.senders: is given twice; keep one of them"],
    );
}

#[test]
fn an_unknown_list_is_a_fault() {
    assert_faults(
        r#"{¦"numbers": []}"#,
        &["$.numbers: is not a field here; the fields are applications, entities, senders, associations, \
           sendingStrategies, defaultSenders"],
    );
}

#[test]
fn a_misspelled_list_is_checked_as_what_was_meant() {
    assert_faults(
        r#"{¦"sending_strategies": [¦7]}"#,
        &[
            "$.sending_strategies: is not a field here; did you mean \"sendingStrategies\"?",
            "$.sendingStrategies[0]: must be an object, not a number",
        ],
    );
}

#[test]
fn elements_must_be_objects() {
    assert_faults(
        r#"{"applications":[¦"shop"],"entities":[¦null],"defaultSenders":[¦[{"applicationId":"default"},"s1"]]}"#,
        &[
            "$.applications[0]: must be an object, not a string",
            "$.entities[0]: must be an object, not null",
            "$.defaultSenders[0]: must be an object, not a list",
        ],
    );
}

#[test]
fn an_escape_of_half_a_character_is_a_fault() {
    assert_faults(
        r#"{"applications":[{"applicationId":¦"\ud800"}]}"#,
        &["$.applications[0].applicationId: has a \\u escape of half a character; write the character itself, \
           or both its halves"],
    );
    assert_faults(
        r#"{¦"\ud800": 1}"#,
        &["$[\"\\\"\\\\ud800\\\"\"]: is not a field here; the fields are applications, entities, senders, \
           associations, sendingStrategies, defaultSenders"],
    );
}

#[test]
fn nesting_costs_no_stack() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    assert_faults(
        &format!(r#"{{"entities":[{{"entityId":¦{deep}}}]}}"#),
        &["$.entities[0].entityId: must be a string, not a list"],
    );
}

#[test]
fn faults_over_the_limit_are_counted() {
    let elements = vec!["1"; MAX_FAULTS + 234].join(",\n");
    let faults = faults(&format!("{{\"entities\":[\n{elements}]}}"));
    assert_eq!(faults.as_slice().len(), MAX_FAULTS);
    assert_eq!((faults.omitted(), faults.total()), (234, MAX_FAULTS + 234));
    let last = &faults.as_slice()[MAX_FAULTS - 1];
    assert_eq!((last.line, last.column), (MAX_FAULTS + 1, 1));
    let text = faults.to_string();
    assert!(text.starts_with("the catalog has 1234 faults:\n2:1: $.entities[0]: must be an object"), "{text}");
    assert!(text.ends_with("\nand 234 more"), "{text}");
}

#[test]
fn long_values_are_cut_in_messages() {
    let long = "x".repeat(10_000);
    let faults = faults(&format!(r#"{{"{long}":1,"sendingStrategies":[{{"channel":"{long}"}}]}}"#));
    assert!(faults.iter().all(|fault| fault.message.len() < 300 && fault.path.len() < 300));
}
