//! Messages as JSON lines.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::batch::{Batch, too_long};
use super::chunks::MAX_LINE;
use super::fields::shorten;

/// The longest message of the parser to pass on, in characters: it quotes unknown names of any length.
const MAX_FAULT: usize = 300;

/// Reads the lines of a chunk into an empty batch.
pub(super) fn read<'a>(mut batch: Batch<'a>, bytes: &'a [u8], first_line: u64) -> Batch<'a> {
    for (line, bytes) in (first_line..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if bytes.len() > MAX_LINE {
            batch.fault(line, None, too_long());
            continue;
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let fault = format!("byte {} is not UTF-8", error.valid_up_to() + 1);
                batch.fault(line, message_id(bytes), fault);
                continue;
            }
        };
        if !text.starts_with('{') {
            match text.bytes().find(|byte| !byte.is_ascii_whitespace()) {
                None => continue,
                // The parser would accept an array as the fields in their order.
                Some(b'[') => {
                    batch.fault(line, message_id(bytes), "an array; a message is a JSON object".into());
                    continue;
                }
                Some(_) => {}
            }
        }
        match serde_json::from_str(text) {
            Ok(fields) => batch.add(line, fields),
            Err(error) => batch.fault(line, message_id(bytes), error_text(&error)),
        }
    }
    batch
}

fn error_text(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    // The parser got one line, so its line number says nothing.
    if let Some(at) = text.rfind(" at line ") {
        text.truncate(at);
    }
    let text = text.replace("struct Fields", "a JSON object");
    format!("{}, at byte {}", shorten(&text, MAX_FAULT), error.column())
}

/// The `messageId` of a line that is not a message, if it can be read.
fn message_id(bytes: &[u8]) -> Option<String> {
    struct IdVisitor<'i>(&'i mut Option<String>);

    impl<'de> Visitor<'de> for IdVisitor<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(name) = map.next_key::<String>()? {
                if name == "messageId" {
                    *self.0 = map.next_value()?;
                    return Ok(());
                }
                map.next_value::<IgnoredAny>()?;
            }
            Ok(())
        }
    }

    let mut id = None;
    // Only the id matters: an error after it is ignored.
    let _ = serde_json::Deserializer::from_slice(bytes).deserialize_map(IdVisitor(&mut id));
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::fields::Fields;

    #[test]
    fn texts_without_escapes_are_borrowed() {
        let batch = read(Batch::default(), br#"{"messageId":"a","channel":"SMS","to":"\u002b1"}"#, 1);
        let message = batch.messages[0].message(None, &[]);
        assert_eq!((message.id, message.to), (Some("a"), "+1"));
        let fields: Fields<'_> = serde_json::from_str(r#"{"messageId":"a","to":"\u002b1"}"#).expect("JSON");
        assert!(matches!(fields.message_id.expect("given").0, std::borrow::Cow::Borrowed("a")));
        assert!(matches!(fields.to.expect("given").0, std::borrow::Cow::Owned(_)));
    }

    #[test]
    fn an_id_is_found_in_front_of_what_is_wrong() {
        assert_eq!(message_id(br#"{"x": [1, {}], "messageId": "a", "to"#).as_deref(), Some("a"));
        assert_eq!(message_id(b"{\"messageId\": \"a\", \"to\": \"\xff\"}").as_deref(), Some("a"));
        assert_eq!(message_id(br#"{"messageId": 7}"#), None);
        assert_eq!(message_id(br#"{"messageId": null}"#), None);
        assert_eq!(message_id(br#"["messageId", "a"]"#), None);
        assert_eq!(message_id(br#"{"to": "messageId"#), None);
    }

    #[test]
    fn blank_lines_count_as_lines() {
        let batch = read(Batch::default(), b"\n \t\r\n{}\n\n7\n", 41);
        let lines: Vec<_> = batch.faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [43, 45]);
    }
}
