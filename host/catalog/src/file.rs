//! The six lists of a catalog file, as the texts of their elements.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    diagnose::{Field, Object, Walker},
    fault::{CatalogError, FaultLog},
    json_path::{Path, Spot},
};

/// The elements of one list.
pub(super) struct List<'a> {
    /// The list's field in the file.
    pub(super) name: &'static str,
    pub(super) elements: Vec<&'a RawValue>,
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

/// The file's object, read in one go when it is as it should be.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File<'a> {
    #[serde(borrow)]
    applications: Option<Vec<&'a RawValue>>,
    entities: Option<Vec<&'a RawValue>>,
    senders: Option<Vec<&'a RawValue>>,
    associations: Option<Vec<&'a RawValue>>,
    sending_strategies: Option<Vec<&'a RawValue>>,
    default_senders: Option<Vec<&'a RawValue>>,
}

const APPLICATIONS: &str = "applications";
const ENTITIES: &str = "entities";
const SENDERS: &str = "senders";
const ASSOCIATIONS: &str = "associations";
const STRATEGIES: &str = "sendingStrategies";
const DEFAULT_SENDERS: &str = "defaultSenders";

const FIELDS: &[Field] = &[
    Field::optional(APPLICATIONS),
    Field::optional(ENTITIES),
    Field::optional(SENDERS),
    Field::optional(ASSOCIATIONS),
    Field::optional(STRATEGIES),
    Field::optional(DEFAULT_SENDERS),
];

/// Splits the text into its lists. Faults of the object around them are noted; text that is no JSON is an error.
pub(super) fn split<'a>(text: &'a str, log: &mut FaultLog<'a>) -> Result<Lists<'a>, CatalogError> {
    // A list of the six values would pass for the object too, so what is not an object takes the other way.
    if text.trim_start().starts_with('{')
        && let Ok(file) = serde_json::from_str::<File<'a>>(text)
    {
        return Ok(Lists::of(file));
    }
    // Only now, when it is known that something is wrong, the question whether it is JSON at all: a wrong value is met
    // before a wrong character behind it.
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| CatalogError::not_json(text, &error))?;
    let root = Spot { raw, path: Path::Root };
    let mut walker = Walker::new(log);
    let object = walker.object(&root, FIELDS);
    Ok(Lists {
        applications: List::walk(&mut walker, object.as_ref(), APPLICATIONS),
        entities: List::walk(&mut walker, object.as_ref(), ENTITIES),
        senders: List::walk(&mut walker, object.as_ref(), SENDERS),
        associations: List::walk(&mut walker, object.as_ref(), ASSOCIATIONS),
        strategies: List::walk(&mut walker, object.as_ref(), STRATEGIES),
        default_senders: List::walk(&mut walker, object.as_ref(), DEFAULT_SENDERS),
    })
}

// === impl Lists ===

impl<'a> Lists<'a> {
    fn of(file: File<'a>) -> Self {
        Lists {
            applications: List::of(APPLICATIONS, file.applications),
            entities: List::of(ENTITIES, file.entities),
            senders: List::of(SENDERS, file.senders),
            associations: List::of(ASSOCIATIONS, file.associations),
            strategies: List::of(STRATEGIES, file.sending_strategies),
            default_senders: List::of(DEFAULT_SENDERS, file.default_senders),
        }
    }
}

// === impl List ===

impl<'a> List<'a> {
    fn of(name: &'static str, elements: Option<Vec<&'a RawValue>>) -> Self {
        List { name, elements: elements.unwrap_or_default(), complete: true }
    }

    fn walk(walker: &mut Walker<'_, 'a>, object: Option<&Object<'a, '_>>, name: &'static str) -> Self {
        let Some(object) = object else {
            return List { name, elements: Vec::new(), complete: false };
        };
        let value = object.get(name);
        let elements = value.and_then(|value| walker.items(&value));
        let complete = elements.is_some() || value.is_none();
        List { name, elements: elements.unwrap_or_default(), complete: complete && object.is_clear(name) }
    }

    /// The element with this index, and what index it is.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &'a RawValue)> {
        // A text within the size limit has fewer elements than 32-bit indexes.
        (0..).zip(self.elements.iter().copied())
    }
}
