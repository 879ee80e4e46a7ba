//! The JSON text as a tree that keeps the place of every value, read one level at a time.
//!
//! Nothing here goes deeper than the field it is asked for, so nesting in the file costs no stack.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{element::Text, rule::quoted};

/// Where a value is, as a chain of steps up to the root; only written out for a fault.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    Key { of: &'p Path<'p>, key: &'p str },
    Index { of: &'p Path<'p>, index: usize },
}

/// A value and where it is.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a, 'p> {
    pub(super) raw: &'a RawValue,
    pub(super) path: Path<'p>,
}

/// The keys and values of an object, in order, keys that are given twice included.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

/// The keys and values of a value that is an object; none for any other.
pub(super) fn members(raw: &RawValue) -> Vec<(&RawValue, &RawValue)> {
    serde_json::from_str(raw.get()).map_or_else(|_| Vec::new(), |Members(members)| members)
}

/// The elements of a value that is a list; none for any other.
pub(super) fn items(raw: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// The text of a string or a key; nothing when it is no string, or its escapes are no characters.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let Text(text) = serde_json::from_str(raw.get()).ok()?;
    Some(text)
}

/// The value of the first member with this key.
pub(super) fn member<'a>(raw: &'a RawValue, key: &str) -> Option<&'a RawValue> {
    let mut members = members(raw).into_iter();
    let found = members.find(|(name, _)| text(name).as_deref() == Some(key));
    found.map(|(_, value)| value)
}

pub(super) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

pub(super) fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

pub(super) fn is_list(raw: &RawValue) -> bool {
    raw.get().starts_with('[')
}

pub(super) fn is_string(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}

pub(super) fn is_number(raw: &RawValue) -> bool {
    raw.get().starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
}

/// What a value is, in words, for messages.
pub(super) fn type_name(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

// === impl Path ===

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => f.write_str("$"),
            Path::Index { of, index } => write!(f, "{of}[{index}]"),
            Path::Key { of, key } => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                if (1..=64).contains(&key.len()) && key.bytes().all(plain) {
                    write!(f, "{of}.{key}")
                } else {
                    write!(f, "{of}[{}]", quoted(key))
                }
            }
        }
    }
}

// === impl Members ===

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
