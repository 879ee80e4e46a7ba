//! The two forms of faults, to the letter.

use serde_json::{Map, Value, json};

use callsign_tests::service::Reply;

/// The properties of a fault that are wrong, once it is known to have the form of its path and nothing else.
#[track_caller]
pub(crate) fn check(path: &str, reply: &Reply, status: u16) -> Vec<(String, String)> {
    assert_eq!(reply.status, status, "{path}: {reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"), "{path}: {reply:?}");
    let body = reply.json();
    if path.starts_with("/provisioning/2") { five_keys(&body, status) } else { request_error(&body, status) }
}

/// Whether a property is named by a fault.
#[track_caller]
pub(crate) fn names(path: &str, reply: &Reply, status: u16, property: &str) {
    let violations = check(path, reply, status);
    assert!(violations.iter().any(|(name, _)| name == property), "{path}: {property} is not in {reply:?}");
}

#[track_caller]
fn request_error(body: &Value, status: u16) -> Vec<(String, String)> {
    assert_eq!(keys(body), ["requestError"], "{body}");
    assert_eq!(keys(&body["requestError"]), ["serviceException"], "{body}");
    let exception = &body["requestError"]["serviceException"];
    let id = match status {
        400 => "BAD_REQUEST",
        401 => "UNAUTHORIZED",
        403 => "FORBIDDEN",
        404 => "NOT_FOUND",
        409 => "CONFLICT",
        429 => "TOO_MANY_REQUESTS",
        // The contract has 500; a store that is away and a load that is too much are told apart from that.
        500 | 503 => "GENERAL_ERROR",
        _ => panic!("{status} is not in the contract"),
    };
    assert_eq!(exception["messageId"], id, "{body}");
    assert!(exception["text"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    let Some(errors) = exception.get("validationErrors") else {
        assert_eq!(keys(exception), ["messageId", "text"], "{body}");
        return Vec::new();
    };
    assert_eq!(keys(exception), ["messageId", "text", "validationErrors"], "{body}");
    let errors = errors.as_object().unwrap();
    assert!(!errors.is_empty(), "{body}");
    let each = |(property, list): (&String, &Value)| {
        let list = list.as_array().unwrap();
        assert!(!list.is_empty() && !property.is_empty(), "{body}");
        list.iter().map(|text| (property.clone(), text.as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    errors.iter().flat_map(each).collect()
}

#[track_caller]
fn five_keys(body: &Value, status: u16) -> Vec<(String, String)> {
    assert_eq!(keys(body), ["action", "description", "errorCode", "resources", "violations"], "{body}");
    assert!([400, 401, 403, 404, 429, 500, 503].contains(&status), "{status} is not in the contract");
    assert_eq!(body["errorCode"], format!("E{status}"), "{body}");
    for text in [&body["description"], &body["action"]] {
        assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{body}");
    }
    assert_eq!(body["resources"], json!([]), "{body}");
    let violations = body["violations"].as_array().unwrap().iter();
    let each = |violation: &Value| {
        assert_eq!(keys(violation), ["property", "violation"], "{body}");
        let text = |name: &str| violation[name].as_str().unwrap().to_owned();
        (text("property"), text("violation"))
    };
    violations.map(each).collect()
}

/// The keys of an object, in order of the alphabet.
#[track_caller]
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    let object: &Map<String, Value> = object.as_object().unwrap_or_else(|| panic!("no object: {object}"));
    let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
