//! The slow way through a value that has a fault: field by field, each fault with its place.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{
    fault::FaultLog,
    ids::Ids,
    json_path::{self, Path, Spot},
    kind::Word,
    rule::{self, quoted},
};

mod element;
mod named;

pub(super) use element::*;

/// Notes the faults of values.
///
/// Its readers take a value that may be absent and give what could be read of it. They give a value also when a rule
/// of its content is broken, so that what depends on it is not reported as well.
pub(super) struct Walker<'w, 'a> {
    log: &'w mut FaultLog<'a>,
}

/// A field that an object may have.
pub(super) struct Field {
    name: &'static str,
    need: Need,
}

enum Need {
    Optional,
    /// It must be there and not null; with what would be right.
    Value(&'static str),
    /// It must be there, and null has a meaning; with what would be right.
    Key(&'static str),
}

/// The known fields of an object.
pub(super) struct Object<'a, 'p> {
    path: &'p Path<'p>,
    slots: Vec<Slot<'a>>,
    /// Whether it has a field of which nobody can tell what was meant.
    has_unknown: bool,
}

struct Slot<'a> {
    field: &'static Field,
    /// As the file writes it, which may be misspelled.
    key: Cow<'a, str>,
    value: Option<&'a RawValue>,
    /// It is given twice, with different values.
    ambiguous: bool,
}

// === impl Field ===

impl Field {
    pub(super) const fn optional(name: &'static str) -> Field {
        Field { name, need: Need::Optional }
    }

    pub(super) const fn required(name: &'static str, right: &'static str) -> Field {
        Field { name, need: Need::Value(right) }
    }

    pub(super) const fn nullable(name: &'static str, right: &'static str) -> Field {
        Field { name, need: Need::Key(right) }
    }
}

// === impl Object ===

impl<'a, 'p> Object<'a, 'p> {
    /// The value of a field, unless it is absent or null.
    pub(super) fn get(&self, name: &str) -> Option<Spot<'a, '_>> {
        let slot = self.slots.iter().find(|slot| slot.field.name == name)?;
        let raw = slot.value.filter(|value| !json_path::is_null(value))?;
        Some(Spot { raw, path: Path::Key { of: self.path, key: &slot.key } })
    }

    /// Whether a field is there, null or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.slots.iter().any(|slot| slot.field.name == name && slot.value.is_some())
    }

    /// Whether it is clear which value a field has: what depends on one that is not clear is not reported as well.
    pub(super) fn is_clear(&self, name: &str) -> bool {
        let mut slots = self.slots.iter();
        !slots.any(|slot| slot.field.name == name && slot.ambiguous)
    }

    /// Whether it is clear which value every field has, and that absent ones are absent by intention.
    pub(super) fn is_all_clear(&self) -> bool {
        !self.has_unknown && !self.slots.iter().any(|slot| slot.ambiguous)
    }
}

// === impl Walker ===

impl<'w, 'a> Walker<'w, 'a> {
    pub(super) fn new(log: &'w mut FaultLog<'a>) -> Self {
        Walker { log }
    }

    pub(super) fn fault(&mut self, spot: &Spot<'a, '_>, message: impl FnOnce() -> String) {
        self.log.add(spot.raw, &spot.path, message);
    }

    /// The fields of an object; nothing when it is none.
    pub(super) fn object<'p>(&mut self, spot: &'p Spot<'a, 'p>, fields: &'static [Field]) -> Option<Object<'a, 'p>> {
        self.object_with(spot, fields, |_| true)
    }

    /// The same of an object that is only named by one of its fields: the others need not be there.
    pub(super) fn object_named<'p>(
        &mut self,
        spot: &'p Spot<'a, 'p>,
        fields: &'static [Field],
        name: &str,
    ) -> Option<Object<'a, 'p>> {
        self.object_with(spot, fields, |field| field == name)
    }

    fn object_with<'p>(
        &mut self,
        spot: &'p Spot<'a, 'p>,
        fields: &'static [Field],
        is_needed: impl Fn(&str) -> bool,
    ) -> Option<Object<'a, 'p>> {
        if !json_path::is_object(spot.raw) {
            self.wrong_type(spot, "an object");
            return None;
        }
        let path = &spot.path;
        let mut slots: Vec<Slot<'a>> = Vec::with_capacity(fields.len());
        slots.extend(fields.iter().map(|field| Slot {
            field,
            key: Cow::Borrowed(field.name),
            value: None,
            ambiguous: false,
        }));
        let mut unknown = Vec::new();
        for (key_raw, value) in json_path::members(spot.raw) {
            let key = json_path::text(key_raw).unwrap_or(Cow::Borrowed(key_raw.get()));
            match slots.iter_mut().find(|slot| slot.field.name == key) {
                None => unknown.push((key_raw, key, value)),
                Some(slot) if slot.value.is_none() => slot.value = Some(value),
                Some(slot) => {
                    slot.ambiguous |= slot.value.map(RawValue::get) != Some(value.get());
                    let key = Path::Key { of: path, key: &key };
                    self.log.add(key_raw, &key, || "is given twice; keep one of them".to_owned());
                }
            }
        }
        let mut has_unknown = false;
        for (key_raw, key, value) in unknown {
            let meant = rule::nearest(&key, fields.iter().map(|field| field.name));
            self.log.add(key_raw, &Path::Key { of: path, key: &key }, || match meant {
                Some(meant) => format!("is not a field here; did you mean \"{meant}\"?"),
                None => format!("is not a field here; the fields are {}", list(fields.iter().map(|f| f.name))),
            });
            // What was meant is not missing, and its value is checked under the name it has.
            let mut empty = slots.iter_mut().filter(|slot| slot.value.is_none());
            match empty.find(|slot| Some(slot.field.name) == meant) {
                Some(slot) => {
                    slot.value = Some(value);
                    slot.key = key;
                }
                None => has_unknown = true,
            }
        }
        for slot in slots.iter().filter(|slot| is_needed(slot.field.name)) {
            self.needed(spot, slot);
        }
        Some(Object { path, slots, has_unknown })
    }

    /// Notes a field that should be there and is not.
    fn needed(&mut self, spot: &Spot<'a, '_>, slot: &Slot<'a>) {
        let name = slot.field.name;
        match (&slot.field.need, slot.value) {
            (Need::Value(right) | Need::Key(right), None) => {
                self.log.add_missing(spot.raw, &spot.path, name, || format!("\"{name}\" is missing; it is {right}"));
            }
            (Need::Value(right), Some(value)) if json_path::is_null(value) => {
                let key = Path::Key { of: &spot.path, key: &slot.key };
                self.log.add(value, &key, || format!("must not be null; it is {right}"));
            }
            _ => {}
        }
    }

    /// The elements of a list; nothing when it is none.
    pub(super) fn items(&mut self, spot: &Spot<'a, '_>) -> Option<Vec<&'a RawValue>> {
        if !json_path::is_list(spot.raw) {
            self.wrong_type(spot, "a list");
            return None;
        }
        Some(json_path::items(spot.raw))
    }

    /// A string.
    pub(super) fn text(&mut self, spot: Option<Spot<'a, '_>>) -> Option<Cow<'a, str>> {
        let spot = spot?;
        if !json_path::is_string(spot.raw) {
            self.wrong_type(&spot, "a string");
            return None;
        }
        let text = json_path::text(spot.raw);
        if text.is_none() {
            self.fault(&spot, || {
                "has a \\u escape of half a character; write the character itself, or both its halves".to_owned()
            });
        }
        text
    }

    /// A string that keeps a rule.
    pub(super) fn ruled(
        &mut self,
        spot: Option<Spot<'a, '_>>,
        rule: fn(&str) -> Result<(), String>,
    ) -> Option<Cow<'a, str>> {
        let text = self.text(spot)?;
        if let (Some(spot), Err(message)) = (spot, rule(&text)) {
            self.fault(&spot, || message);
        }
        Some(text)
    }

    /// The id of an element that another list has.
    pub(super) fn reference(
        &mut self,
        spot: Option<Spot<'a, '_>>,
        ids: &Ids<'a>,
        (what, list): (&str, &str),
    ) -> Option<Cow<'a, str>> {
        let text = self.text(spot)?;
        if let Some(spot) = spot
            && ids.lacks(&text)
        {
            self.fault(&spot, || {
                format!("{what} {} is not in \"{list}\"; add it there, or name one that is", quoted(&text))
            });
        }
        Some(text)
    }

    /// One of a fixed choice of words.
    pub(super) fn choice<T: Word>(&mut self, spot: Option<Spot<'a, '_>>) -> Option<T> {
        let text = self.text(spot)?;
        let choice = T::from_word(&text);
        if let (Some(spot), None) = (spot, choice) {
            let words = || T::WORDS.iter().map(|(word, _)| *word);
            self.fault(&spot, || match rule::nearest(&text, words()) {
                Some(meant) => format!("{} is not one of {}; did you mean \"{meant}\"?", quoted(&text), list(words())),
                None => format!("{} is not one of {}", quoted(&text), list(words())),
            });
        }
        choice
    }

    /// True or false.
    pub(super) fn boolean(&mut self, spot: Option<Spot<'a, '_>>) {
        if let Some(spot) = spot
            && !matches!(spot.raw.get(), "true" | "false")
        {
            self.wrong_type(&spot, "true or false");
        }
    }

    pub(super) fn wrong_type(&mut self, spot: &Spot<'a, '_>, right: &str) {
        self.fault(spot, || format!("must be {right}, not {}", json_path::type_name(spot.raw)));
    }
}

/// Words as a sentence lists them.
fn list(words: impl Iterator<Item = &'static str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}
