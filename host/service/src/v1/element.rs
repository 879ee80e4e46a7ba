//! Bodies that are elements of a catalog: they stay the text that came, so that whoever checks them sees all of it, unknown
//! fields and fields that are given twice too.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::change::{new_id, raw};
use crate::fault::Fault;
use crate::http::quoted;

/// An element, and the id that it has. What is wrong with an id is found with all else that is wrong.
#[derive(Debug, Clone)]
pub(super) struct Identified {
    pub(super) id: String,
    pub(super) body: Box<RawValue>,
}

/// The members of an object. None where their names cannot be read, which whoever checks it tells.
pub(super) fn members(body: &RawValue) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(body.get()).unwrap_or_default()
}

/// An object with further members.
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

/// An element under the id of its path, which it may leave out.
///
/// # Errors
/// 400: it has another one.
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

/// A new element, with an id that is made here where it has none.
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

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// The bytes of an element's JSON: what is answered, and what its tag is of.
pub(super) fn bytes(element: &impl Serialize) -> Vec<u8> {
    raw(element).get().as_bytes().to_vec()
}
