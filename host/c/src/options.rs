//! Options as JSON. A field that there is not is a fault, since an option that is misspelt would otherwise do nothing.

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::abi::{Status, Text};
use crate::failure::{Failure, Outcome, Place};
use crate::limits::CALLSIGN_MAX_OPTIONS;
use crate::memory::Memory;

/// Reads options; those that are left out have their defaults, and so have all of them if there is no text.
///
/// # Errors
/// The text is not JSON, or not these options: the place, and what would be right.
pub(crate) fn read<T: DeserializeOwned + Default>(memory: &Memory, text: Text, name: &str) -> Outcome<T> {
    match memory.text(text, CALLSIGN_MAX_OPTIONS, name)? {
        None => Ok(T::default()),
        Some(text) => parse(text, name),
    }
}

/// Reads what must be there.
///
/// # Errors
/// As [`read`].
pub(crate) fn needed<T: DeserializeOwned>(memory: &Memory, text: Text, name: &str) -> Outcome<T> {
    parse(memory.needed(text, CALLSIGN_MAX_OPTIONS, name)?, name)
}

fn parse<T: DeserializeOwned>(text: &str, name: &str) -> Outcome<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    let parsed = serde_path_to_error::deserialize(&mut json);
    let failed = |path: String, error: &serde_json::Error| {
        let (line, column) = (error.line() as u64, error.column() as u64);
        let mut message = error.to_string();
        if let Some(at) = message.rfind(" at line ") {
            message.truncate(at);
        }
        let path = if matches!(&*path, "." | "?") { name.to_owned() } else { format!("{name}.{path}") };
        let faults = vec![Place { line, column, path: path.clone(), message: message.clone() }];
        Box::new(Failure { status: Status::Options, message: format!("{line}:{column}: {path}: {message}"), faults })
    };
    let value = parsed.map_err(|error| failed(error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| failed(".".into(), &error))?;
    Ok(value)
}

/// A number of an option, in its bounds.
///
/// # Errors
/// It is out of them.
pub(crate) fn within(value: u64, least: u64, most: u64, path: &str) -> Outcome<u64> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(Failure::at(Status::Options, path, format!("is {value}; it may be {least} to {most}")))
}

/// A time of an option in milliseconds, 1 to a day.
///
/// # Errors
/// It is out of these bounds.
pub(crate) fn milliseconds(value: u64, path: &str) -> Outcome<Duration> {
    within(value, 1, 86_400_000, path).map(Duration::from_millis)
}

/// A time of an option in seconds, 1 to a day.
///
/// # Errors
/// It is out of these bounds.
pub(crate) fn seconds(value: u64, path: &str) -> Outcome<Duration> {
    within(value, 1, 86_400, path).map(Duration::from_secs)
}
