//! The six lists of a catalog file, as the texts of their elements.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    edit,
    fault::{CatalogError, FaultLog},
    json_path::{Json, Path, ValueAt},
    reader::{Field, Reader},
    schema::LISTS,
};

/// The elements of one list.
pub(super) struct List<'a> {
    /// The list's field in the file.
    pub(super) name: &'static str,
    pub(super) elements: Vec<Json<'a>>,
    /// Whether these are all the elements that the file has for the list.
    pub(super) complete: bool,
}

/// The lists of a file; empty where the file has none.
pub(super) struct Lists<'a> {
    pub(super) applications: List<'a>,
    pub(super) entities: List<'a>,
    pub(super) senders: List<'a>,
    pub(super) associations: List<'a>,
    pub(super) strategies: List<'a>,
    pub(super) default_senders: List<'a>,
}

/// Splits the text into its lists. Faults of the object around them are noted; text that is not JSON is an error.
pub(super) fn split<'a>(text: &'a str, log: &mut FaultLog<'a>) -> Result<Lists<'a>, CatalogError> {
    if let Some(lists) = parse(text) {
        return Ok(Lists::of(lists.map(|elements| (elements, true))));
    }
    // Something is wrong. Whether the text is JSON at all is asked only now: a wrong value may come before a wrong
    // character.
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| CatalogError::not_json(text, &error))?;
    let root = ValueAt { json: raw.into(), path: Path::Root };
    let mut reader = Reader::new(log);
    let Some(object) = reader.object(&root, LISTS) else {
        return Ok(Lists::of(Default::default()));
    };
    Ok(Lists::of(object.fields().map(|list| {
        let elements = match list.value() {
            Some(value) => reader.items(&value),
            None => Some(Vec::new()),
        };
        let complete = elements.is_some() && list.is_clear();
        (elements.unwrap_or_default(), complete)
    })))
}

/// The elements of the lists, in the order of [`LISTS`], in one pass over the text; nothing if the text is not JSON, or is
/// not an object of these lists.
fn parse(text: &str) -> Option<[Vec<Json<'_>>; LISTS.len()]> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let lists = deserializer.deserialize_map(ListsVisitor).ok()?;
    deserializer.end().ok()?;
    Some(lists)
}

struct ListsVisitor;

/// Reads a key as the index of its list.
struct ListName;

// === impl ListsVisitor ===

impl<'de> Visitor<'de> for ListsVisitor {
    type Value = [Vec<Json<'de>>; LISTS.len()];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of lists")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut lists = [const { None }; LISTS.len()];
        while let Some(index) = map.next_key_seed(ListName)? {
            let elements: Option<Vec<Json<'de>>> = map.next_value()?;
            if lists[index].replace(elements.unwrap_or_default()).is_some() {
                return Err(A::Error::duplicate_field(LISTS[index].name()));
            }
        }
        Ok(lists.map(Option::unwrap_or_default))
    }
}

// === impl ListName ===

impl<'de> DeserializeSeed<'de> for ListName {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for ListName {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a list")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        Field::position(LISTS, name).ok_or_else(|| E::unknown_field(name, &[]))
    }
}

// === impl Lists ===

impl<'a> Lists<'a> {
    /// The lists of these elements, in the order of [`LISTS`], and whether each is complete.
    fn of(lists: [(Vec<Json<'a>>, bool); LISTS.len()]) -> Self {
        let [applications, entities, senders, associations, strategies, default_senders] = lists;
        let list = |list: edit::List, (elements, complete)| List { name: list.as_str(), elements, complete };
        Lists {
            applications: list(edit::List::Applications, applications),
            entities: list(edit::List::Entities, entities),
            senders: list(edit::List::Senders, senders),
            associations: list(edit::List::Associations, associations),
            strategies: list(edit::List::Strategies, strategies),
            default_senders: list(edit::List::DefaultSenders, default_senders),
        }
    }
}

// === impl List ===

impl<'a> List<'a> {
    /// The elements, each with its index.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Json<'a>)> {
        // A text within the size limit has fewer elements than there are 32-bit numbers.
        (0..).zip(self.elements.iter().copied())
    }
}
