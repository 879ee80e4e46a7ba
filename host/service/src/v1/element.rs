//! Bodies that are elements of a catalog. They stay text, so that the catalog can check all of it: unknown fields and
//! fields that are given twice too.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::change::{new_id, raw};
use crate::fault::Fault;
use crate::http::quoted;

/// An element and its id. An invalid id is reported when the catalog checks the element.
#[derive(Debug, Clone)]
pub(super) struct Identified {
    pub(super) id: String,
    pub(super) body: Box<RawValue>,
}

/// The members of an object; empty if they cannot be read, which the catalog reports.
pub(super) fn members(body: &RawValue) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(body.get()).unwrap_or_default()
}

/// An object with more members.
pub(super) fn with<'a>(body: &RawValue, further: impl IntoIterator<Item = (&'a str, &'a RawValue)>) -> Box<RawValue> {
    let own = body.get().trim().strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
    let mut text = format!("{{{own}");
    let mut is_first = own.trim().is_empty();
    for (name, value) in further {
        if !is_first {
            text.push(',');
        }
        is_first = false;
        text.push_str(raw(&name).get());
        text.push(':');
        text.push_str(value.get());
    }
    text.push('}');
    RawValue::from_string(text).unwrap_or_else(|_| body.to_owned())
}

/// An element with the id of the path. The body may leave the id out.
///
/// # Errors
/// 400: the body has another id.
pub(super) fn under(body: &RawValue, field: &str, id: &str) -> Result<Identified, Fault> {
    let body = match members(body).get(field).map(|given| text(given)) {
        None => with(body, [(field, &*raw(&id))]),
        Some(Some(given)) if given != id => {
            let text = format!("{} is not the id of the path, {}; leave it out", quoted(&given), quoted(id));
            return Err(Fault::property(field, text));
        }
        Some(_) => body.to_owned(),
    };
    Ok(Identified { id: id.to_owned(), body })
}

/// A new element, with a generated id if it has none.
///
/// # Errors
/// 500: the system has no random numbers.
pub(super) fn new(body: &RawValue, field: &str) -> Result<Identified, Fault> {
    match members(body).get(field) {
        Some(given) => Ok(Identified { id: text(given).unwrap_or_default(), body: body.to_owned() }),
        None => {
            let id = new_id().map_err(Fault::internal)?;
            Ok(Identified { body: with(body, [(field, &*raw(&id))]), id })
        }
    }
}

/// The fields that an element has and that a request left out which replaces it: they would be gone.
pub(super) fn left_out(before: &RawValue, after: &RawValue, sent: &RawValue) -> Vec<String> {
    let (after, sent) = (members(after), members(sent));
    let is_gone = |name: &str, value: &RawValue| {
        !sent.contains_key(name) && after.get(name).is_none_or(|after| after.get() != value.get())
    };
    members(before).into_iter().filter(|(name, value)| is_gone(name, value)).map(|(name, _)| name).collect()
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// The JSON of an element: the answer, and what its `ETag` is computed from.
pub(super) fn bytes(element: &impl Serialize) -> Vec<u8> {
    raw(element).get().as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_what_would_be_gone() {
        let json = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        let before = json(r#"{"id":"a","status":"SUSPENDED","weight":3}"#);
        for (sent, after, lost) in [
            (r#"{"id":"a"}"#, r#"{"id":"a","status":"ACTIVE"}"#, &["status", "weight"][..]),
            (r#"{"id":"a","status":"ACTIVE"}"#, r#"{"id":"a","status":"ACTIVE"}"#, &["weight"]),
            (r#"{"id":"a","weight":null}"#, r#"{"id":"a","status":"SUSPENDED"}"#, &[]),
            (r#"{"status":"ACTIVE","weight":1}"#, r#"{"id":"a","status":"ACTIVE"}"#, &[]),
        ] {
            assert_eq!(left_out(&before, &json(after), &json(sent)), lost, "{sent}");
        }
    }
}
