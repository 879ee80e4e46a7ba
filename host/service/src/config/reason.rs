//! What is wrong with a configuration, without its values: any of them may be a password in the wrong place.

use serde_path_to_error::Path;

/// `line L, column C: KEY: REASON`.
pub(super) fn of_text(text: &str, error: &toml::de::Error, key: Option<&Path>) -> String {
    let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
    format!("{place}{}", of(error, key))
}

/// `KEY: REASON`.
pub(super) fn of(error: &toml::de::Error, key: Option<&Path>) -> String {
    let reason = without_values(error.message());
    // A key that is none may be a text that was put there by mistake.
    match key.map(ToString::to_string).filter(|key| is_name(key)) {
        Some(key) => format!("{key}: {reason}"),
        None => reason,
    }
}

fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: ")
}

/// A message of the parser without the value that it is about.
fn without_values(message: &str) -> String {
    let has_value = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "];
    let has_value = has_value.iter().any(|start| message.starts_with(start));
    let named = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    // The value may have these words too; what is expected is at the end.
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
    match (expected, named) {
        (Some(expected), _) if has_value => format!("expected {expected}"),
        (None, _) if has_value => "a value of another type is expected".to_owned(),
        (Some(expected), Some((name, _))) if !is_name(name) => format!("there is no such key, expected {expected}"),
        (None, Some((name, _))) if !is_name(name) => "there is no such key".to_owned(),
        _ => message.to_owned(),
    }
}

/// Whether it looks like a key of a configuration.
fn is_name(text: &str) -> bool {
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(sound)
}
