//! One element of the file as typed fields that borrow from the text.
//!
//! This is the fast way: it only says whether an element has the right fields with values of the right types. Every
//! field is optional here and null is the same as absent; `check` asks for the ones it needs. What these types refuse,
//! `walk` explains.

use std::{borrow::Cow, fmt, marker::PhantomData};

use callsign_destination::Country;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use super::{
    kind::{AnyChannel, Channel, ResourceType, SenderType, Status, Word},
    rule,
};

/// An object. Derived types alone would also take a list of their fields' values.
pub(super) struct Object<T>(pub(super) T);

/// A string, borrowed unless it is written with escapes.
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// A fixed choice. Derived enums would also take an object with the word as its key.
pub(super) struct Choice<T>(pub(super) T);

/// A known country.
pub(super) struct CountryCode(pub(super) Country);

/// The `countries` of a coverage.
pub(super) enum CountryField {
    All,
    Only(Vec<Country>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Application<'a> {
    #[serde(borrow)]
    pub(super) application_id: Option<Text<'a>>,
    pub(super) application_name: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Entity<'a> {
    #[serde(borrow)]
    pub(super) entity_id: Option<Text<'a>>,
    pub(super) entity_name: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Sender<'a> {
    #[serde(borrow)]
    pub(super) sender_id: Option<Text<'a>>,
    pub(super) sender: Option<Text<'a>>,
    pub(super) sender_type: Option<Choice<SenderType>>,
    /// Left as text, since most senders share theirs with another.
    pub(super) coverage: Option<&'a RawValue>,
    pub(super) status: Option<Choice<Status>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CoverageEntry {
    channel: Option<Choice<Channel>>,
    countries: Option<CountryField>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Association<'a> {
    pub(super) resource_type: Option<Choice<ResourceType>>,
    pub(super) channel: Option<Choice<AnyChannel>>,
    #[serde(borrow)]
    pub(super) application_id: Option<Text<'a>>,
    /// The only field where null says something that absence does not.
    #[serde(default, deserialize_with = "present")]
    pub(super) entity_id: Option<Option<Text<'a>>>,
    pub(super) resource_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Strategy<'a> {
    #[serde(borrow)]
    pub(super) sending_strategy_id: Option<Text<'a>>,
    pub(super) platform: Option<Object<Platform<'a>>>,
    pub(super) channel: Option<Choice<Channel>>,
    pub(super) destination_country_code: Option<CountryCode>,
    pub(super) destination_country_codes: Option<Vec<CountryCode>>,
    pub(super) use_sticky_sender: Option<bool>,
    pub(super) sticky_idle_days: Option<u16>,
    pub(super) use_geolocated_sender: Option<bool>,
    pub(super) priorities: Option<Vec<Object<Priority>>>,
    pub(super) sender_ids: Option<Vec<Text<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Platform<'a> {
    #[serde(borrow)]
    pub(super) application_id: Option<Text<'a>>,
    pub(super) entity_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Priority {
    pub(super) sender_type: Option<Choice<SenderType>>,
    pub(super) priority: Option<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DefaultSender<'a> {
    #[serde(borrow)]
    pub(super) platform: Option<Object<Platform<'a>>>,
    pub(super) sender_id: Option<Text<'a>>,
}

/// Reads an element; nothing when it has a fault.
pub(super) fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    let Object(element) = serde_json::from_str(raw.get()).ok()?;
    Some(element)
}

/// Reads a `coverage` value; nothing when it has a fault.
pub(super) fn coverage(raw: &RawValue) -> Option<Vec<(Channel, CountryField)>> {
    let entries: Vec<Object<CoverageEntry>> = serde_json::from_str(raw.get()).ok()?;
    let complete = entries.into_iter().map(|Object(entry)| Some((entry.channel?.0, entry.countries?)));
    complete.collect()
}

/// A field that is there, null or not; the derived default stands for one that is not.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

// === impl Object ===

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(Fields(PhantomData)).map(Object)
    }
}

// === impl Text ===

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;

        impl<'de> Visitor<'de> for Borrowing {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Borrowing)
    }
}

// === impl Choice ===

impl<'de, T: Word> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOf<T>(PhantomData<T>);

        impl<T: Word> Visitor<'_> for OneOf<T> {
            type Value = Choice<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a known word")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Choice<T>, E> {
                match T::from_word(text) {
                    Some(choice) => Ok(Choice(choice)),
                    None => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_str(OneOf(PhantomData))
    }
}

// === impl CountryCode ===

impl<'de> Deserialize<'de> for CountryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Known;

        impl Visitor<'_> for Known {
            type Value = CountryCode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a country code")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<CountryCode, E> {
                match rule::country(text) {
                    Ok(country) => Ok(CountryCode(country)),
                    Err(_) => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_str(Known)
    }
}

// === impl CountryField ===

impl CountryField {
    /// What either of two says.
    pub(super) fn or(self, other: CountryField) -> CountryField {
        match (self, other) {
            (CountryField::Only(mut list), CountryField::Only(more)) => {
                list.extend(more);
                CountryField::Only(list)
            }
            _ => CountryField::All,
        }
    }
}

impl<'de> Deserialize<'de> for CountryField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AllOrList;

        impl<'de> Visitor<'de> for AllOrList {
            type Value = CountryField;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"*\" or a list of country codes")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<CountryField, E> {
                match text {
                    rule::EVERY_COUNTRY => Ok(CountryField::All),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<CountryField, A::Error> {
                let mut list = Vec::new();
                while let Some(CountryCode(country)) = seq.next_element()? {
                    list.push(country);
                }
                Ok(CountryField::Only(list))
            }
        }

        deserializer.deserialize_any(AllOrList)
    }
}
