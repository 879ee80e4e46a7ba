//! What comes in a request: parameters and bodies, checked, with the property of whatever is wrong.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::error_format::Page;
use super::unique_keys::UniqueKeys;
use crate::fault::{Fault, Violation};

/// The largest size of a page.
const LARGEST_PAGE: usize = 1_000;

/// The most characters of a parameter.
const LONGEST_PARAMETER: usize = 1_024;

/// A body of JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => {
                let mut response = Bytes::from(bytes).into_response();
                let kind = HeaderValue::from_static("application/json");
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
                response
            }
            Err(error) => Fault::internal(error).into_response(),
        }
    }
}

/// The parameters of a request. Unknown ones are passed over, as clients of other versions may send some.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs: Vec<(String, String)> = serde_html_form::from_str(query)
            .map_err(|error| Fault::property("query", format!("cannot be read: {error}")))?;
        if let Some((name, _)) = pairs.iter().find(|(_, value)| value.chars().count() > LONGEST_PARAMETER) {
            return Err(Fault::property(name, format!("has more than {LONGEST_PARAMETER} characters")));
        }
        Ok(Self(pairs))
    }
}

impl Parameters {
    /// A parameter, unless it is not there or empty. Of several with one name the first counts.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| &**value).filter(|value| !value.is_empty())
    }

    /// Whether a parameter is there, but without a value.
    pub(crate) fn is_empty(&self, name: &str) -> bool {
        self.0.iter().any(|(key, value)| key == name && value.is_empty())
    }

    /// # Errors
    /// 400: it is not there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Fault> {
        self.text(name).ok_or_else(|| Fault::property(name, "is required"))
    }

    /// # Errors
    /// 400: it is not what it should be.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str, right: &str) -> Result<Option<T>, Fault> {
        let parsed = self.text(name).map(|value| value.parse().map_err(|_| value));
        parsed.transpose().map_err(|value| Fault::property(name, format!("{} is not {right}", quoted(value))))
    }

    /// # Errors
    /// 400: it is there and none of the words.
    pub(crate) fn word<'w>(&self, name: &str, words: &[&'w str]) -> Result<Option<&'w str>, Fault> {
        let Some(value) = self.text(name) else { return Ok(None) };
        let found = words.iter().copied().find(|word| *word == value);
        found
            .map(Some)
            .ok_or_else(|| Fault::property(name, format!("{} is not one of {}", quoted(value), words.join(", "))))
    }

    /// `page` from 0, and `size` from 1 to 1,000.
    ///
    /// # Errors
    /// 400: they are not.
    pub(crate) fn page(&self, default_size: usize) -> Result<Page, Fault> {
        self.page_of("size", default_size)
    }

    /// The same, where the size has another name.
    pub(crate) fn page_of(&self, size: &str, default_size: usize) -> Result<Page, Fault> {
        let page = self.parsed::<u32>("page", "a page, from 0")?.unwrap_or(0) as usize;
        let right = "a number from 1 to 1000";
        let given = self.parsed::<usize>(size, right)?.unwrap_or(default_size);
        if !(1..=LARGEST_PAGE).contains(&given) {
            return Err(Fault::property(size, format!("{given} is not {right}")));
        }
        Ok(Page { page, size: given })
    }
}

/// A body as a value of a type. What is not of the type is told with its property.
///
/// # Errors
/// 400.
pub(crate) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let object = object(bytes)?;
    typed(Value::Object(object))
}

/// A value as one of a type.
fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Fault> {
    let Value::Object(fields) = &value else { return Err(not_an_object(&value)) };
    match serde_json::from_value(value.clone()) {
        Ok(typed) => Ok(typed),
        Err(error) => Err(Fault::property(culprit::<T>(fields, &error), plain(&error))),
    }
}

/// The property that an error is about: the one without which the error is another, or the one that the error names.
fn culprit<T: DeserializeOwned>(fields: &Map<String, Value>, error: &serde_json::Error) -> String {
    let text = error.to_string();
    if let Some(name) = text.split('`').nth(1).filter(|_| text.contains("field `")) {
        return name.to_owned();
    }
    for name in fields.keys() {
        let mut without = fields.clone();
        without.insert(name.clone(), Value::Null);
        let other = serde_json::from_value::<T>(Value::Object(without.clone()));
        let mut gone = without;
        gone.remove(name);
        let gone = serde_json::from_value::<T>(Value::Object(gone));
        if other.is_ok() || gone.is_ok() || gone.is_err_and(|other| other.to_string() != text) {
            return name.clone();
        }
    }
    String::new()
}

/// The fields of a body that a list of them names; the rest is passed over. As an element of a catalog file.
///
/// # Errors
/// 400: the body is no JSON object.
pub(crate) fn element(bytes: &[u8], names: &[&str]) -> Result<Map<String, Value>, Fault> {
    let mut object = object(bytes)?;
    object.retain(|name, _| names.contains(&&**name));
    Ok(object)
}

/// A body as a JSON object.
fn object(bytes: &[u8]) -> Result<Map<String, Value>, Fault> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Fault::property("", "the body is empty; it is a JSON object"));
    }
    let UniqueKeys(value) = serde_json::from_slice(bytes).map_err(|error| match error.is_data() {
        true => Fault::property("", plain(&error)),
        false => not_json(&error),
    })?;
    match value {
        Value::Object(object) => Ok(object),
        other => Err(not_an_object(&other)),
    }
}

fn not_an_object(value: &Value) -> Fault {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object of another kind",
    };
    Fault::property("", format!("the body must be a JSON object, not {kind}"))
}

/// 400: the body is not JSON.
pub(crate) fn not_json(error: &serde_json::Error) -> Fault {
    Fault::invalid(vec![Violation::new(
        "",
        format!("the body is not JSON: {} at line {}, column {}", plain(error), error.line(), error.column()),
    )])
}

/// What a parser says, without the place.
pub(crate) fn plain(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    if let Some(at) = text.rfind(" at line ") {
        text.truncate(at);
    }
    if let Some((end, _)) = text.char_indices().nth(300) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A value as a message repeats it.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// JSON text of a body, as it is, for whoever checks it with its places.
///
/// # Errors
/// 400: it is no JSON object.
pub(crate) fn raw_object(bytes: &[u8]) -> Result<&RawValue, Fault> {
    let raw: &RawValue = serde_json::from_slice(bytes).map_err(|error| not_json(&error))?;
    if raw.get().starts_with('{') {
        return Ok(raw);
    }
    let value: Value = serde_json::from_str(raw.get()).map_err(|error| not_json(&error))?;
    Err(not_an_object(&value))
}
