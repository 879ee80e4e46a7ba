//! What is wrong with a body that could not be read, property by property.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::message::{LONGEST, Several, Single};
use crate::fault::{Fault, Violation};
use crate::http::not_json;

/// What is wrong with a body, field by field. Slow, so only for bodies that could not be read.
#[cold]
pub(super) fn why(bytes: &[u8], most: usize) -> Fault {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return not_json(&error),
    };
    let Value::Object(object) = value else {
        return Fault::property("", "the body must be a JSON object: a message, or {\"messages\": [...]}");
    };
    let mut violations = Vec::new();
    let wants = ["dryRun", "explain"];
    for name in wants {
        if let Some(value) = object.get(name).filter(|value| !value.is_boolean() && !value.is_null()) {
            violations.push(Violation::new(name, format!("must be true or false, not {}", kind_of(value))));
        }
    }
    match object.get("messages") {
        None => fields(&object, "", &wants, &mut violations),
        Some(Value::Array(list)) => {
            if list.is_empty() || list.len() > most {
                let text = format!("has {} messages; a request has 1 to {most}", list.len());
                violations.push(Violation::new("messages", text));
            }
            for (index, message) in list.iter().take(most).enumerate() {
                let place = format!("messages[{index}]");
                match message {
                    Value::Object(message) => fields(message, &format!("{place}."), &[], &mut violations),
                    other => {
                        violations.push(Violation::new(place, format!("must be an object, not {}", kind_of(other))))
                    }
                }
                if violations.len() >= 100 {
                    break;
                }
            }
            let unknown = object.keys().filter(|name| *name != "messages" && !wants.contains(&&***name));
            violations.extend(unknown.map(|name| Violation::new(name, "is not a property here")));
        }
        Some(other) => violations.push(Violation::new("messages", format!("must be a list, not {}", kind_of(other)))),
    }
    if violations.is_empty() {
        // A property is given twice, or this check misses what the parser found.
        let text = match serde_json::from_slice::<Several<'_>>(bytes).map(|_| IgnoredAny) {
            Err(error) if object.contains_key("messages") => error.to_string(),
            _ => serde_json::from_slice::<Single<'_>>(bytes).err().map_or_else(String::new, |error| error.to_string()),
        };
        violations.push(Violation::new("", format!("the body is not as it should be: {text}")));
    }
    Fault::invalid(violations)
}

fn fields(object: &serde_json::Map<String, Value>, prefix: &str, also: &[&str], violations: &mut Vec<Violation>) {
    let texts = ["messageId", "applicationId", "entityId", "channel", "to", "from", "messageType", "sentAt"];
    let lacks = |name: &str| object.get(name).is_none_or(Value::is_null);
    for (name, is_missing) in [("channel", lacks("channel") && lacks("channels")), ("to", lacks("to"))] {
        if is_missing {
            violations.push(Violation::new(format!("{prefix}{name}"), "is required"));
        }
    }
    let mut must_be = |place: String, what: &str, value: &Value| {
        violations.push(Violation::new(place, format!("must be {what}, not {}", kind_of(value))));
    };
    for (name, value) in object {
        let place = || format!("{prefix}{name}");
        match (&**name, value) {
            (name, _) if also.contains(&name) => {}
            (_, Value::Null) if texts.contains(&&**name) || matches!(&**name, "channels" | "attributes") => {}
            (name, Value::String(_)) if texts.contains(&name) => {}
            ("sentAt", value) => must_be(place(), "a time such as \"2026-03-01T21:30:00Z\"", value),
            (name, value) if texts.contains(&name) => must_be(place(), "a string", value),
            ("channels", Value::Array(list)) => {
                for (index, value) in list.iter().enumerate().filter(|(_, value)| !value.is_string()) {
                    must_be(format!("{}[{index}]", place()), "a string", value);
                }
            }
            ("channels", value) => must_be(place(), "a list", value),
            ("attributes", Value::Object(pairs)) => {
                for (name, value) in pairs.iter().filter(|(_, value)| !value.is_string()) {
                    must_be(format!("{}.{}", place(), callsign::escape::line(name, LONGEST)), "a string", value);
                }
            }
            ("attributes", value) => must_be(place(), "an object of names and texts", value),
            (_, _) => {}
        }
    }
    let known = |name: &str| texts.contains(&name) || matches!(name, "channels" | "attributes") || also.contains(&name);
    let unknown = object.keys().filter(|name| !known(name));
    violations.extend(unknown.map(|name| Violation::new(format!("{prefix}{name}"), "is not a property here")));
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
