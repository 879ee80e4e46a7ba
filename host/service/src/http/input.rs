//! Parameters and bodies of requests. Whatever is invalid is reported with its property.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use callsign::escape::quoted;
use callsign_catalog::Id;
use http::request::Parts;
use http::{HeaderValue, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::IntoParams;

use super::error_format::Page;
use super::unique_keys::UniqueKeys;
use crate::fault::{Fault, Violation};

/// The largest size of a page.
const LARGEST_PAGE: usize = 1_000;

/// The most characters of a parameter.
const LONGEST_PARAMETER: usize = 1_024;

/// The query parameters of a list in pages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes parameters")]
pub(crate) struct PageQuery {
    /// From 0
    #[param(minimum = 0)]
    page: Option<u32>,
    /// 1 to 1000, default 100
    #[param(minimum = 1, maximum = 1000)]
    size: Option<u32>,
}

/// The same with shorter pages by default.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes parameters")]
pub(crate) struct ShortPageQuery {
    /// From 0
    #[param(minimum = 0)]
    page: Option<u32>,
    /// 1 to 1000, default 20
    #[param(minimum = 1, maximum = 1000)]
    size: Option<u32>,
}

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

/// The query parameters of a request. Under `/v1` the guard has refused unknown ones; on the compatible paths they are
/// ignored, since clients of other versions may send them.
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
    /// A parameter; `None` if it is missing or empty. The first counts if there are several with this name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| &**value).filter(|value| !value.is_empty())
    }

    /// Whether a parameter is given without a value.
    pub(crate) fn is_empty(&self, name: &str) -> bool {
        self.0.iter().any(|(key, value)| key == name && value.is_empty())
    }

    /// # Errors
    /// 400: the parameter is missing.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Fault> {
        self.text(name).ok_or_else(|| Fault::property(name, "is required"))
    }

    /// # Errors
    /// 400: the value is invalid; `right` says what would be valid.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str, right: &str) -> Result<Option<T>, Fault> {
        let parsed = self.text(name).map(|value| value.parse().map_err(|_| value));
        parsed.transpose().map_err(|value| Fault::property(name, format!("{} is not {right}", quoted(value))))
    }

    /// # Errors
    /// 400: the value is none of the words.
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
    /// 400: a value is out of its range.
    pub(crate) fn page(&self, default_size: usize) -> Result<Page, Fault> {
        self.page_of("size", default_size)
    }

    /// The same if the size has another name.
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

/// A body as a value of a type.
///
/// # Errors
/// 400, with the property that is wrong.
pub(crate) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    serde_path_to_error::deserialize(Value::Object(object(bytes)?))
        .map_err(|error| Fault::property(property(&error), plain(error.inner())))
}

/// The property that an error is about.
fn property(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let path = if error.path().iter().len() == 0 { String::new() } else { error.path().to_string() };
    // A missing field is reported at the object that lacks it, and serde names the field in its message only.
    let text = error.inner().to_string();
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    match missing {
        None => path,
        Some((name, _)) if path.is_empty() => name.to_owned(),
        Some((name, _)) => format!("{path}.{name}"),
    }
}

/// The fields of a body that `names` lists; others are ignored.
///
/// # Errors
/// 400: the body is not a JSON object.
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

/// The message of a parser, without its position.
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

/// A parameter or a property as an id.
///
/// # Errors
/// 400: it is no id.
pub(crate) fn id(property: &str, text: &str) -> Result<String, Fault> {
    let id = Id::parse(text).map_err(|error| Fault::property(property, error.to_string()))?;
    Ok(id.as_str().to_owned())
}

/// The JSON text of a body, unchanged: the catalog checks it and reports positions.
///
/// # Errors
/// 400: it is not a JSON object.
pub(crate) fn raw_object(bytes: &[u8]) -> Result<&RawValue, Fault> {
    let raw: &RawValue = serde_json::from_slice(bytes).map_err(|error| not_json(&error))?;
    if raw.get().starts_with('{') {
        return Ok(raw);
    }
    let value: Value = serde_json::from_str(raw.get()).map_err(|error| not_json(&error))?;
    Err(not_an_object(&value))
}
