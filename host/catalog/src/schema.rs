//! What each element of a catalog file is: its fields, and the rules of their values.
//!
//! This is the one description of an element. Everything that reads elements goes through it: a whole file, valid or
//! not, and single edits. A reader function notes the faults of an element and gives what could be read of it. The
//! table of an element's fields is above its function, which takes the fields apart in the order of the table.

use std::{borrow::Cow, num::NonZeroU8};

use super::{
    conflicts::Selector,
    coverage::{Coverage, Coverages, ListedCountries},
    edit::List,
    ids::{Ids, KnownIds},
    json_path::{Json, ValueAt},
    kind::{AnyChannel, Channel, ResourceType, SenderType, Status},
    model::{Application, Entity, Sender, Strategy},
    reader::{Field, FieldValue, Object, Reader},
    rule::{self, quoted},
    unresolved::{AssociationIds, ScopeIds, UnresolvedDefaultSender, UnresolvedStrategy},
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

const ONE_COUNTRY: &str = "destinationCountryCode";

const APPLICATION_REFERENCE: &str = "an id of \"applications\", or \"default\"";

const APPLICATION: &[Field; 3] = &[
    Field::required_by_rule(APPLICATION_ID, rule::id_shape),
    Field::optional("applicationName"),
    Field::optional("generation"),
];

impl<'a> Reader<'_, 'a> {
    /// An application and its id.
    pub(super) fn application(&mut self, at: &ValueAt<'a, '_>) -> Read<Cow<'a, str>, Application> {
        self.element(at, APPLICATION, |reader, object| {
            let [id, name, generation] = object.fields();
            let name = reader.text_with_rule(name.value(), rule::name);
            let generation = reader.generation(generation.value());
            let key = reader.id(&id);
            let element =
                key.as_deref().map(|id| Application { id: id.into(), name: name.map(Into::into), generation });
            Read { key, element }
        })
    }
}

const ENTITY: &[Field; 2] = &[Field::required_by_rule(ENTITY_ID, rule::id_shape), Field::optional("entityName")];

impl<'a> Reader<'_, 'a> {
    /// An entity and its id.
    pub(super) fn entity(&mut self, at: &ValueAt<'a, '_>) -> Read<Cow<'a, str>, Entity> {
        self.element(at, ENTITY, |reader, object| {
            let [id, name] = object.fields();
            let name = reader.text_with_rule(name.value(), rule::name);
            let key = reader.id(&id);
            let element = key.as_deref().map(|id| Entity { id: id.into(), name: name.map(Into::into) });
            Read { key, element }
        })
    }
}

const SENDER: &[Field; 5] = &[
    Field::required_by_rule(SENDER_ID, rule::id_shape),
    Field::required("sender", "the number, the code or the name that messages come from"),
    Field::required_word::<SenderType>("senderType"),
    Field::required("coverage", "a list of {\"channel\", \"countries\"}"),
    Field::optional("status"),
];

const COVERAGE: &[Field; 2] = &[
    Field::required_word::<Channel>("channel"),
    Field::required("countries", "\"*\" for every country, or a list of country codes"),
];

impl<'a> Reader<'_, 'a> {
    /// A sender and its id.
    pub(super) fn sender(&mut self, at: &ValueAt<'a, '_>, coverages: &mut Coverages<'a>) -> Read<Cow<'a, str>, Sender> {
        self.element(at, SENDER, |reader, object| {
            let [id, address, kind, coverage, status] = object.fields();
            let kind = reader.word::<SenderType>(kind.value());
            let address_at = address.value();
            let address = reader.text(address_at);
            let mut number = None;
            if let (Some(at), Some(kind), Some(text)) = (address_at, kind, &address) {
                match rule::address(kind, text) {
                    Ok(digits) => number = digits,
                    Err(message) => reader.fault(&at, || message),
                }
            }
            let coverage = coverage.value().and_then(|at| reader.coverage(at, coverages));
            let status = reader.word(status.value());
            let key = reader.id(&id);
            let complete = key.as_deref().zip(address).zip(kind).zip(coverage);
            let element = complete.map(|(((id, address), kind), coverage)| Sender {
                id: id.into(),
                address: address.into(),
                kind,
                number,
                coverage,
                suspended: status == Some(Status::Suspended),
            });
            Read { key, element }
        })
    }

    /// A coverage. Most senders share the text of theirs with another one, and it is read once.
    fn coverage(&mut self, at: ValueAt<'a, '_>, coverages: &mut Coverages<'a>) -> Option<Coverage> {
        if let Some(known) = coverages.with_text(at.json) {
            return Some(known);
        }
        let faults_before = self.fault_count();
        let mut entries = Vec::new();
        self.each(Some(at), |reader, at| entries.extend(reader.coverage_entry(at)));
        (self.fault_count() == faults_before).then(|| coverages.add(at.json, entries))
    }

    fn coverage_entry(&mut self, at: &ValueAt<'a, '_>) -> Option<(Channel, ListedCountries)> {
        let object = self.object(at, COVERAGE)?;
        let [channel, countries] = object.fields();
        let channel = self.word(channel.value());
        let countries = self.coverage_countries(countries.value()?)?;
        Some((channel?, countries))
    }

    fn coverage_countries(&mut self, at: ValueAt<'a, '_>) -> Option<ListedCountries> {
        if at.json.is_list() {
            let mut list = Vec::new();
            self.each(Some(at), |reader, at| list.extend(reader.country(Some(*at))));
            return Some(ListedCountries::Only(list));
        }
        if !at.json.is_string() {
            self.wrong_type(&at, "\"*\" or a list of country codes");
            return None;
        }
        let text = self.text(Some(at))?;
        if text == rule::EVERY_COUNTRY {
            return Some(ListedCountries::All);
        }
        self.fault(&at, || format!("{} is neither \"*\" nor a list; put country codes in a list", quoted(&text)));
        None
    }
}

const ASSOCIATION: &[Field; 5] = &[
    Field::required_word::<ResourceType>("resourceType"),
    Field::required_word::<AnyChannel>("channel"),
    Field::required(APPLICATION_ID, APPLICATION_REFERENCE),
    Field::nullable(ENTITY_ID, "an id of \"entities\", or null for no entity"),
    Field::required("resourceId", "a senderId for NUMBER and ALPHA, the resource's own id for the others"),
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

const STRATEGY: &[Field; 10] = &[
    Field::required_by_rule(STRATEGY_ID, rule::id_shape),
    Field::required(PLATFORM, PLATFORM_SHAPE),
    Field::optional("channel"),
    Field::optional(ONE_COUNTRY),
    Field::optional("destinationCountryCodes"),
    Field::optional("useStickySender"),
    Field::optional("stickyIdleDays"),
    Field::optional("useGeolocatedSender"),
    Field::optional("priorities"),
    Field::optional("senderIds"),
];

const PRIORITY: &[Field; 2] =
    &[Field::required_word::<SenderType>("senderType"), Field::required_by_rule("priority", rule::priority_shape)];

impl<'a> Reader<'_, 'a> {
    /// A strategy and its id, and the messages that it is for, even if it has faults, as long as they can be read.
    pub(super) fn strategy(
        &mut self,
        at: &ValueAt<'a, '_>,
        known: &KnownIds<'a>,
        coverages: &mut Coverages<'a>,
    ) -> (Read<Cow<'a, str>, UnresolvedStrategy<'a>>, Option<Selector<'a>>) {
        let mut selector = None;
        let read = self.element(at, STRATEGY, |reader, object| {
            let [id, platform, channel, one, many, sticky, idle_days, geolocated, priorities, senders] =
                object.fields();
            let key = reader.id(&id);
            let platform = reader.platform(&platform, known);
            let channel_at = channel.value();
            let channel: Option<Channel> = reader.word(channel_at);
            let countries = reader.strategy_countries(&one, &many);
            let sticky = reader.boolean(sticky.value());
            let sticky_idle_days = reader.idle_days(idle_days.value());
            let geolocated = reader.boolean(geolocated.value());
            let priorities = reader.priorities(priorities.value());
            let senders = reader.sender_references(senders.value(), &known.senders);
            let complete = key.as_ref().zip(platform.as_ref()).zip(countries.as_ref());
            let element = complete.map(|((id, platform), countries)| UnresolvedStrategy {
                id: id.clone(),
                platform: platform.clone(),
                senders,
                without_references: Strategy {
                    id: id.as_ref().into(),
                    application: 0,
                    entity: None,
                    channel,
                    countries: countries.as_ref().map(|countries| coverages.list(countries.clone())),
                    sticky,
                    sticky_idle_days,
                    geolocated,
                    priorities,
                    senders: None,
                },
            });
            // A channel or a list that cannot be read is not one that is absent: what it ties with is not known.
            let channel_read = channel.is_some() == channel_at.is_some();
            selector = countries.zip(platform).map(|(countries, scope)| Selector { scope, channel, countries });
            selector.take_if(|_| !channel_read || !object.is_all_clear());
            Read { key, element }
        });
        (read, selector)
    }

    /// The countries of a strategy, none for every country. Nothing if they cannot be read.
    fn strategy_countries(
        &mut self,
        one: &FieldValue<'a, '_>,
        many: &FieldValue<'a, '_>,
    ) -> Option<Option<Vec<Country>>> {
        let (one, many) = (one.value(), many.value());
        if let (Some(_), Some(many)) = (one, many) {
            self.fault(&many, || format!("stands beside \"{ONE_COUNTRY}\"; keep one of the two"));
        }
        let country = self.country(one);
        self.not_empty(many);
        let mut countries = Vec::new();
        self.each(many, |reader, at| countries.extend(reader.country(Some(*at))));
        match (one, many) {
            (None, None) => Some(None),
            (Some(_), None) => country.map(|country| Some(vec![country])),
            (None, Some(_)) => (!countries.is_empty()).then_some(Some(countries)),
            (Some(_), Some(_)) => None,
        }
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

    /// After how many days without use a pin ends; 0 if the value is absent.
    fn idle_days(&mut self, at: Option<ValueAt<'a, '_>>) -> u16 {
        let Some(at) = at else {
            return 0;
        };
        let days = at.json.as_str().parse().ok().filter(|days| rule::IDLE_DAYS.contains(days));
        if days.is_none() {
            self.fault(&at, || format!("must be {}, not {}", rule::idle_days_shape(), written(at.json)));
        }
        days.unwrap_or_default()
    }

    /// The number of each sender type, by the number of the type.
    fn priorities(&mut self, at: Option<ValueAt<'a, '_>>) -> [Option<NonZeroU8>; SenderType::ALL.len()] {
        let mut priorities = [None; SenderType::ALL.len()];
        let mut named = [false; SenderType::ALL.len()];
        self.each(at, |reader, at| {
            let Some(object) = reader.object(at, PRIORITY) else {
                return;
            };
            let [kind, priority] = object.fields();
            let kind_at = kind.value();
            let kind: Option<SenderType> = reader.word(kind_at);
            if let (Some(at), Some(kind)) = (kind_at, kind)
                && std::mem::replace(&mut named[kind as usize], true)
            {
                reader.fault(&at, || format!("{kind} is named twice; a type has one priority"));
            }
            if let Some(at) = priority.value() {
                let number = at.json.as_str().parse().ok().filter(|number| rule::PRIORITIES.contains(number));
                if number.is_none() {
                    reader.fault(&at, || format!("must be {}, not {}", rule::priority_shape(), written(at.json)));
                }
                if let (Some(kind), Some(number)) = (kind, number) {
                    priorities[kind as usize] = NonZeroU8::new(number);
                }
            }
        });
        priorities
    }

    /// A list of sender ids that is not empty.
    fn sender_references(&mut self, at: Option<ValueAt<'a, '_>>, senders: &Ids<'a>) -> Option<Vec<Cow<'a, str>>> {
        self.not_empty(at);
        let mut ids = Vec::new();
        self.each(at, |reader, at| ids.extend(reader.sender_reference(Some(*at), senders)));
        at.map(|_| ids)
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
