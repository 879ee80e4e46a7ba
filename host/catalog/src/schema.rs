//! What each element of a catalog file is: its fields, and the rules of their values.
//!
//! This is the one description of an element. Everything that reads elements goes through it: a whole file, valid or
//! not, and single edits. A reader function notes the faults of an element and gives what could be read of it. The
//! table of an element's fields is above its function, which takes the fields apart in the order of the table.

mod attributes;
mod sender;
mod strategy;

use std::borrow::Cow;

use self::{sender::SENDER, strategy::STRATEGY};
use super::{
    edit::List,
    ids::{Ids, KnownIds},
    json_path::{Json, ValueAt},
    kind::{AnyChannel, ResourceType},
    model::{Application, Entity},
    reader::{Field, FieldValue, Object, Reader},
    rule,
    unresolved::{AssociationIds, ScopeIds, UnresolvedDefaultSender},
};
use callsign_destination::Country;

/// What could be read of an element.
pub(super) struct Read<K, E> {
    /// What tells the element apart from the others of its list; there even if the element has faults, as long as it
    /// can be read.
    pub(super) key: Option<K>,
    /// The element; there if no fault of it was noted.
    pub(super) element: Option<E>,
}

/// The six lists of a file.
pub(super) const LISTS: &[Field; 6] = &[
    Field::optional(List::Applications.as_str()),
    Field::optional(List::Entities.as_str()),
    Field::optional(List::Senders.as_str()),
    Field::optional(List::Associations.as_str()),
    Field::optional(List::Strategies.as_str()),
    Field::optional(List::DefaultSenders.as_str()),
];

// The fields that tell elements apart: they come first in their tables.
pub(super) const APPLICATION_ID: &str = "applicationId";
pub(super) const ENTITY_ID: &str = "entityId";
pub(super) const SENDER_ID: &str = "senderId";
pub(super) const STRATEGY_ID: &str = "sendingStrategyId";
pub(super) const PLATFORM: &str = "platform";

const APPLICATION_REFERENCE: &str = "an id of \"applications\", or \"default\"";

const ATTRIBUTES: &str = "attributes";

const APPLICATION: &[Field; 4] = &[
    Field::required_by_rule(APPLICATION_ID, rule::id_shape),
    Field::optional("applicationName"),
    Field::optional("generation"),
    Field::optional(ATTRIBUTES),
];

impl<'a> Reader<'_, 'a> {
    /// An application and its id.
    pub(super) fn application(&mut self, at: &ValueAt<'a, '_>) -> Read<Cow<'a, str>, Application> {
        self.element(at, APPLICATION, |reader, object| {
            let [id, name, generation, attributes] = object.fields();
            let name = reader.text_with_rule(name.value(), rule::name);
            let generation = reader.generation(generation.value());
            let attributes = reader.attributes(attributes.value());
            let key = reader.id(&id);
            let element = key.as_deref().map(|id| Application {
                id: id.into(),
                name: name.map(Into::into),
                generation,
                attributes,
            });
            Read { key, element }
        })
    }
}

const ENTITY: &[Field; 3] =
    &[Field::required_by_rule(ENTITY_ID, rule::id_shape), Field::optional("entityName"), Field::optional(ATTRIBUTES)];

impl<'a> Reader<'_, 'a> {
    /// An entity and its id.
    pub(super) fn entity(&mut self, at: &ValueAt<'a, '_>) -> Read<Cow<'a, str>, Entity> {
        self.element(at, ENTITY, |reader, object| {
            let [id, name, attributes] = object.fields();
            let name = reader.text_with_rule(name.value(), rule::name);
            let attributes = reader.attributes(attributes.value());
            let key = reader.id(&id);
            let element = key.as_deref().map(|id| Entity { id: id.into(), name: name.map(Into::into), attributes });
            Read { key, element }
        })
    }
}

const ASSOCIATION: &[Field; 5] = &[
    Field::required_word::<ResourceType>("resourceType"),
    Field::required_word::<AnyChannel>("channel"),
    Field::required(APPLICATION_ID, APPLICATION_REFERENCE),
    Field::nullable(ENTITY_ID, "an id of \"entities\", or null for no entity"),
    Field::required(
        "resourceId",
        "a senderId for NUMBER, ALPHA and RCS_RESOURCE, the resource's own id for the others",
    ),
];

impl<'a> Reader<'_, 'a> {
    /// An association, even if it has faults, as long as all of it can be read.
    pub(super) fn association(&mut self, at: &ValueAt<'a, '_>, known: &KnownIds<'a>) -> Option<AssociationIds<'a>> {
        let object = self.object(at, ASSOCIATION)?;
        let [resource_type, channel, application, entity, resource] = object.fields();
        let resource_type: Option<ResourceType> = self.word(resource_type.value());
        let channel = self.word(channel.value());
        let application = self.application_reference(&application, known);
        let entity_id = self.entity_reference(&entity, known);
        let resource = if resource_type.is_some_and(ResourceType::is_sender) {
            self.sender_reference(resource.value(), &known.senders)
        } else {
            self.text_with_rule(resource.value(), rule::id)
        };
        let entity_read = entity.is_there() && entity_id.is_some() == entity.value().is_some();
        let association = AssociationIds {
            resource_type: resource_type?,
            channel: channel?,
            scope: ScopeIds { application: application?, entity: entity_id },
            resource: resource?,
        };
        // Every field is required, so an unknown key cannot stand for one that is absent.
        (entity_read && object.is_clear()).then_some(association)
    }
}

const DEFAULT_SENDER: &[Field; 2] =
    &[Field::required(PLATFORM, PLATFORM_SHAPE), Field::required(SENDER_ID, "an id of \"senders\"")];

impl<'a> Reader<'_, 'a> {
    /// A default sender and its platform.
    pub(super) fn default_sender(
        &mut self,
        at: &ValueAt<'a, '_>,
        known: &KnownIds<'a>,
    ) -> Read<ScopeIds<'a>, UnresolvedDefaultSender<'a>> {
        self.element(at, DEFAULT_SENDER, |reader, object| {
            let [platform, sender] = object.fields();
            let sender = reader.sender_reference(sender.value(), &known.senders);
            let key = reader.platform(&platform, known).filter(|_| platform.is_clear());
            let element =
                key.clone().zip(sender).map(|(platform, sender)| UnresolvedDefaultSender { platform, sender });
            Read { key, element }
        })
    }
}

const PLATFORM_SHAPE: &str = "an object with \"applicationId\" and, for an entity of it, \"entityId\"";

const PLATFORM_FIELDS: &[Field; 2] =
    &[Field::required(APPLICATION_ID, APPLICATION_REFERENCE), Field::optional(ENTITY_ID)];

/// Elements of which an edit gives only what tells them apart. They may have other fields; the values of these are
/// not looked at.
impl<'a> Reader<'_, 'a> {
    /// The id of an element of a list whose elements have ids.
    pub(super) fn id_of(&mut self, list: List, at: &ValueAt<'a, '_>) -> Option<Cow<'a, str>> {
        match list {
            List::Applications => self.first_id(at, APPLICATION),
            List::Entities => self.first_id(at, ENTITY),
            List::Senders => self.first_id(at, SENDER),
            List::Strategies => self.first_id(at, STRATEGY),
            List::Associations | List::DefaultSenders => None,
        }
    }

    /// The platform of a default sender.
    pub(super) fn platform_of(&mut self, at: &ValueAt<'a, '_>) -> Option<ScopeIds<'a>> {
        let object = self.object_with_first(at, DEFAULT_SENDER)?;
        let [platform, _] = object.fields();
        self.platform(&platform, &KnownIds::unchecked()).filter(|_| platform.is_clear())
    }

    fn first_id<const N: usize>(&mut self, at: &ValueAt<'a, '_>, fields: &'static [Field; N]) -> Option<Cow<'a, str>> {
        let object = self.object_with_first(at, fields)?;
        let mut fields = object.fields().into_iter();
        fields.next().and_then(|id| self.id(&id))
    }
}

/// Parts that several elements have.
impl<'a> Reader<'_, 'a> {
    /// Reads an object as an element, which is there only if no fault was noted meanwhile.
    fn element<K, E, const N: usize>(
        &mut self,
        at: &ValueAt<'a, '_>,
        fields: &'static [Field; N],
        read: impl FnOnce(&mut Self, &Object<'a, '_, N>) -> Read<K, E>,
    ) -> Read<K, E> {
        let faults_before = self.fault_count();
        let mut element = match self.object(at, fields) {
            Some(object) => read(self, &object),
            None => Read { key: None, element: None },
        };
        if self.fault_count() > faults_before {
            element.element = None;
        }
        debug_assert_eq!(element.element.is_none(), self.fault_count() > faults_before, "{}", at.json.as_str());
        element
    }

    /// The generation of an application; 0 if the value is absent.
    fn generation(&mut self, at: Option<ValueAt<'a, '_>>) -> u32 {
        let Some(at) = at else {
            return 0;
        };
        let generation = at.json.as_str().parse().ok();
        if generation.is_none() {
            self.fault(&at, || format!("must be a whole number from 0 to {}, not {}", u32::MAX, written(at.json)));
        }
        generation.unwrap_or_default()
    }

    /// The id that an object gives itself.
    fn id(&mut self, id: &FieldValue<'a, '_>) -> Option<Cow<'a, str>> {
        self.text_with_rule(id.value(), rule::id).filter(|_| id.is_clear())
    }

    fn platform(&mut self, platform: &FieldValue<'a, '_>, known: &KnownIds<'a>) -> Option<ScopeIds<'a>> {
        let at = platform.value()?;
        let object = self.object(&at, PLATFORM_FIELDS)?;
        let [application, entity] = object.fields();
        let application = self.application_reference(&application, known);
        let entity_id = self.entity_reference(&entity, known);
        let entity_read = entity_id.is_some() == entity.value().is_some();
        let scope = ScopeIds { application: application?, entity: entity_id };
        (entity_read && object.is_all_clear()).then_some(scope)
    }

    fn country(&mut self, at: Option<ValueAt<'a, '_>>) -> Option<Country> {
        let text = self.text(at)?;
        match (rule::country(&text), at) {
            (Err(message), Some(at)) => {
                self.fault(&at, || message);
                None
            }
            (country, _) => country.ok(),
        }
    }

    fn application_reference(&mut self, id: &FieldValue<'a, '_>, known: &KnownIds<'a>) -> Option<Cow<'a, str>> {
        self.reference(id.value(), &known.applications, ("application", List::Applications.as_str()))
    }

    fn entity_reference(&mut self, id: &FieldValue<'a, '_>, known: &KnownIds<'a>) -> Option<Cow<'a, str>> {
        self.reference(id.value(), &known.entities, ("entity", List::Entities.as_str()))
    }

    fn sender_reference(&mut self, id: Option<ValueAt<'a, '_>>, senders: &Ids<'a>) -> Option<Cow<'a, str>> {
        self.reference(id, senders, ("sender", List::Senders.as_str()))
    }
}

/// What stands in place of a number: the number itself, or what it is instead.
fn written(json: Json<'_>) -> String {
    match json.is_number() {
        true => json.as_str().chars().take(24).collect(),
        false => json.type_name().to_owned(),
    }
}
