//! Objects: the fields that one may have, and which value each has.

use std::{borrow::Cow, fmt};

use super::{Reader, listed};
use crate::{
    json_path::{Json, Path, ValueAt},
    kind::Word,
    rule,
};

/// A field that an object may have.
pub(crate) struct Field {
    name: &'static str,
    need: Need,
}

enum Need {
    Optional,
    /// It must be there and not be null.
    Value(Expected),
    /// It must be there, and null has a meaning.
    Key(Expected),
}

/// What the value must be, as the message for a missing field says it.
enum Expected {
    Text(&'static str),
    /// Made of the values that the rule itself has.
    Rule(fn() -> String),
}

/// An object as the values of its known fields.
pub(crate) struct Object<'a, 'p, const N: usize> {
    path: &'p Path<'p>,
    fields: &'static [Field; N],
    values: [Option<Json<'a>>; N],
    /// Only of an object with unknown or repeated keys.
    irregular: Option<Box<Irregular<'a, N>>>,
}

/// What is unusual about the keys of an object.
struct Irregular<'a, const N: usize> {
    /// Each field's key as the file writes it, which may be misspelled.
    keys: [Cow<'a, str>; N],
    /// Fields that are given twice with different values.
    ambiguous: [bool; N],
    /// Whether there is a key that is like no field.
    has_unknown: bool,
}

/// A field of an object that was read.
pub(crate) struct FieldValue<'a, 'p> {
    json: Option<Json<'a>>,
    path: Path<'p>,
    ambiguous: bool,
}

/// The values of an object, in the order of `fields`; none if it has an unknown or a repeated key, or one with escapes.
///
/// An object that this gives nothing for is read again to say what is wrong.
fn values_of<'a, const N: usize>(json: Json<'a>, fields: &[Field; N]) -> Option<[Option<Json<'a>>; N]> {
    let mut values = [None; N];
    for (key, value) in json.members() {
        let index = Field::position(fields, key.plain_text()?)?;
        if values[index].replace(value).is_some() {
            return None;
        }
    }
    Some(values)
}

// === impl Field ===

impl Field {
    /// The index of the field with a name.
    pub(crate) fn position(fields: &[Field], name: &str) -> Option<usize> {
        fields.iter().position(|field| field.name == name)
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn optional(name: &'static str) -> Field {
        Field { name, need: Need::Optional }
    }

    /// A field that must be there and not be null; `expected` says what it is.
    pub(crate) const fn required(name: &'static str, expected: &'static str) -> Field {
        Field { name, need: Need::Value(Expected::Text(expected)) }
    }

    /// The same, where `expected` is made of the values of a rule.
    pub(crate) const fn required_by_rule(name: &'static str, expected: fn() -> String) -> Field {
        Field { name, need: Need::Value(Expected::Rule(expected)) }
    }

    /// A required field that is one of a fixed choice of words.
    pub(crate) const fn required_word<T: Word>(name: &'static str) -> Field {
        Field::required_by_rule(name, rule::one_of::<T>)
    }

    /// A field that must be there but may be null.
    pub(crate) const fn nullable(name: &'static str, expected: &'static str) -> Field {
        Field { name, need: Need::Key(Expected::Text(expected)) }
    }
}

// === impl Expected ===

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Text(text) => f.write_str(text),
            Expected::Rule(text) => f.write_str(&text()),
        }
    }
}

// === impl Object ===

impl<'a, const N: usize> Object<'a, '_, N> {
    /// The fields, in the order of their table.
    pub(crate) fn fields(&self) -> [FieldValue<'a, '_>; N] {
        std::array::from_fn(|index| {
            let irregular = self.irregular.as_ref();
            let key = irregular.map_or(self.fields[index].name, |irregular| &irregular.keys[index]);
            FieldValue {
                json: self.values[index],
                path: Path::Key { of: self.path, key },
                ambiguous: irregular.is_some_and(|irregular| irregular.ambiguous[index]),
            }
        })
    }

    /// Whether it is clear which value every field has.
    pub(crate) fn is_clear(&self) -> bool {
        self.irregular.as_ref().is_none_or(|irregular| !irregular.ambiguous.contains(&true))
    }

    /// Whether it is also clear that no unknown key stands for a field that is absent.
    pub(crate) fn is_all_clear(&self) -> bool {
        self.is_clear() && self.irregular.as_ref().is_none_or(|irregular| !irregular.has_unknown)
    }
}

// === impl FieldValue ===

impl<'a, 'p> FieldValue<'a, 'p> {
    /// The value, unless it is absent or null.
    pub(crate) fn value(&self) -> Option<ValueAt<'a, 'p>> {
        let json = self.json.filter(|json| !json.is_null())?;
        Some(ValueAt { json, path: self.path })
    }

    /// Whether the field is there, null or not.
    pub(crate) fn is_there(&self) -> bool {
        self.json.is_some()
    }

    /// Whether it is clear which value it has. If it is not, what depends on it is not reported as well.
    pub(crate) fn is_clear(&self) -> bool {
        !self.ambiguous
    }
}

// === impl Reader ===

impl<'a> Reader<'_, 'a> {
    /// Reads an object; nothing if the value is none.
    pub(crate) fn object<'p, const N: usize>(
        &mut self,
        at: &'p ValueAt<'a, 'p>,
        fields: &'static [Field; N],
    ) -> Option<Object<'a, 'p, N>> {
        let object = self.members(at, fields)?;
        for index in 0..N {
            self.require(at, &object, index);
        }
        Some(object)
    }

    /// Reads an object of which only the first field is needed.
    pub(crate) fn object_with_first<'p, const N: usize>(
        &mut self,
        at: &'p ValueAt<'a, 'p>,
        fields: &'static [Field; N],
    ) -> Option<Object<'a, 'p, N>> {
        let object = self.members(at, fields)?;
        self.require(at, &object, 0);
        Some(object)
    }

    fn members<'p, const N: usize>(
        &mut self,
        at: &'p ValueAt<'a, 'p>,
        fields: &'static [Field; N],
    ) -> Option<Object<'a, 'p, N>> {
        if !at.json.is_object() {
            self.wrong_type(at, "an object");
            return None;
        }
        match values_of(at.json, fields) {
            Some(values) => Some(Object { path: &at.path, fields, values, irregular: None }),
            None => Some(self.irregular_members(at, fields)),
        }
    }

    /// Reads an object that has unknown or repeated keys, and notes these.
    fn irregular_members<'p, const N: usize>(
        &mut self,
        at: &'p ValueAt<'a, 'p>,
        fields: &'static [Field; N],
    ) -> Object<'a, 'p, N> {
        let path = &at.path;
        let names = || fields.iter().map(|field| field.name);
        let mut values: [Option<Json<'a>>; N] = [None; N];
        let mut keys = std::array::from_fn(|index| Cow::Borrowed(fields[index].name));
        let mut ambiguous = [false; N];
        let mut unknown = Vec::new();
        for (key_json, value) in at.json.members() {
            let key = key_json.text().unwrap_or(Cow::Borrowed(key_json.as_str()));
            match Field::position(fields, &key) {
                None => unknown.push((key_json, key, value)),
                Some(index) => match values[index] {
                    None => values[index] = Some(value),
                    Some(earlier) => {
                        ambiguous[index] |= earlier.as_str() != value.as_str();
                        let key = Path::Key { of: path, key: &key };
                        self.log.add(key_json, &key, || "is given twice; keep one of them".to_owned());
                    }
                },
            }
        }
        let mut has_unknown = false;
        for (key_json, key, value) in unknown {
            let meant = rule::nearest(&key, names());
            self.log.add(key_json, &Path::Key { of: path, key: &key }, || match meant {
                Some(meant) => format!("is not a field here; did you mean \"{meant}\"?"),
                None => format!("is not a field here; the fields are {}", listed(names())),
            });
            // The field that was meant is not missing, and its value is checked under the name that it has.
            match names().position(|name| Some(name) == meant).filter(|&index| values[index].is_none()) {
                Some(index) => {
                    values[index] = Some(value);
                    keys[index] = key;
                }
                None => has_unknown = true,
            }
        }
        Object { path, fields, values, irregular: Some(Box::new(Irregular { keys, ambiguous, has_unknown })) }
    }

    /// Notes a field that should be there and is not.
    #[inline]
    fn require<const N: usize>(&mut self, at: &ValueAt<'a, '_>, object: &Object<'a, '_, N>, index: usize) {
        if object.values[index].is_some_and(|value| !value.is_null()) {
            return;
        }
        let Field { name, need } = &object.fields[index];
        match (need, object.values[index]) {
            (Need::Value(expected) | Need::Key(expected), None) => {
                self.log.add_missing(at.json, &at.path, name, || format!("\"{name}\" is missing; it is {expected}"));
            }
            (Need::Value(expected), Some(value)) => {
                let path = object.fields()[index].path;
                self.log.add(value, &path, || format!("must not be null; it is {expected}"));
            }
            _ => {}
        }
    }
}
