//! Elements as JSON, as the file writes them.
//!
//! `useStickySender`, `useGeolocatedSender` and the status of a sender are always written, since the model does not know
//! whether the file left them out. Everything else that is absent, or is what its absence means, is left out. The written
//! file gives an equal catalog when it is read.

use std::num::NonZeroU8;

use callsign_destination::Country;
use serde::{Serialize, Serializer};

use super::{
    Catalog,
    attributes::Attributes,
    by_id::{AssociationById, StrategyById},
    coverage::{Countries, Coverage},
    kind::{Channel, Registration, SenderType, Status},
    message_types::MessageTypes,
    model::{Application, Association, DefaultSender, Entity, OtherAssociation, Sender, Strategy},
    rule,
};

/// A list whose elements are made while it is written, one at a time.
struct Each<F>(F);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<A, E, S, L, T, D> {
    applications: A,
    entities: E,
    senders: S,
    associations: L,
    sending_strategies: T,
    default_senders: D,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApplicationJson<'a> {
    application_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u32>,
    #[serde(skip_serializing_if = "AttributesJson::are_none")]
    attributes: AttributesJson<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntityJson<'a> {
    entity_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_name: Option<&'a str>,
    #[serde(skip_serializing_if = "AttributesJson::are_none")]
    attributes: AttributesJson<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SenderJson<'a> {
    sender_id: &'a str,
    sender: &'a str,
    sender_type: &'static str,
    coverage: CoverageJson<'a>,
    status: &'static str,
    #[serde(skip_serializing_if = "MessageTypesJson::are_all")]
    message_types: MessageTypesJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<u16>,
    #[serde(skip_serializing_if = "AttributesJson::are_none")]
    attributes: AttributesJson<'a>,
}

struct AttributesJson<'a>(&'a Attributes);

struct MessageTypesJson<'a>(&'a MessageTypes);

struct CoverageJson<'a>(&'a Coverage);

#[derive(Serialize)]
struct CoverageEntry<'a> {
    channel: &'static str,
    countries: CountriesJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

struct CountriesJson<'a>(&'a Countries);

struct Codes<'a>(&'a [Country]);

/// The entity is always written: in an association, null has a meaning.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssociationJson<'a> {
    resource_type: &'static str,
    channel: &'static str,
    application_id: &'a str,
    entity_id: Option<&'a str>,
    resource_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlatformJson<'a> {
    application_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StrategyJson<'a> {
    sending_strategy_id: &'a str,
    platform: PlatformJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'static str>,
    #[serde(flatten)]
    countries: CountryFields<'a>,
    use_sticky_sender: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sticky_idle_days: Option<u16>,
    use_geolocated_sender: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_unhealthy_senders: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    priorities: Vec<PriorityJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_ids: Option<Vec<&'a str>>,
}

/// One country or several, in the field that each has; neither for every country.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CountryFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_country_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_country_codes: Option<Codes<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PriorityJson {
    sender_type: &'static str,
    priority: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DefaultSenderJson<'a> {
    platform: PlatformJson<'a>,
    sender_id: &'a str,
}

/// Elements as JSON.
///
/// An element that refers to others must be of this catalog. The references of another catalog's element may name the wrong
/// ids, and an index out of range panics.
impl Catalog {
    /// The whole catalog as its file: [`Catalog::from_json`] gives an equal one.
    ///
    /// The application `default` is listed, and associations that no strategy acts on come after all others.
    ///
    /// ```
    /// use callsign_catalog::Catalog;
    ///
    /// let catalog = Catalog::from_json(r#"{"entities": [{"entityId": "acme", "entityName": null}]}"#)?;
    /// let text = serde_json::to_string(&catalog.to_json())?;
    /// assert!(text.starts_with(r#"{"applications":[{"applicationId":"default"}],"entities":[{"entityId":"acme"}],"#));
    /// assert_eq!(Catalog::from_json(&text)?, catalog);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_json(&self) -> impl Serialize {
        File {
            applications: Each(|| self.applications.iter().map(|element| self.application_json(element))),
            entities: Each(|| self.entities.iter().map(|element| self.entity_json(element))),
            senders: Each(|| self.senders.iter().map(|element| self.sender_json(element))),
            associations: Each(|| {
                let acted_on = self.associations.iter().map(|element| self.association(element));
                acted_on.chain(self.other_associations.iter().map(other_association))
            }),
            sending_strategies: Each(|| self.strategies.iter().map(|element| self.strategy_json(element))),
            default_senders: Each(|| self.default_senders.iter().map(|element| self.default_sender_json(element))),
        }
    }

    /// An application as an element of `applications`.
    pub fn application_json<'a>(&self, application: &'a Application) -> impl Serialize + use<'a> {
        self::application(application)
    }

    /// An entity as an element of `entities`.
    pub fn entity_json<'a>(&self, entity: &'a Entity) -> impl Serialize + use<'a> {
        self::entity(entity)
    }

    /// A sender as an element of `senders`.
    pub fn sender_json<'a>(&self, sender: &'a Sender) -> impl Serialize + use<'a> {
        self::sender(sender)
    }

    /// An association as an element of `associations`.
    pub fn association_json<'a>(&'a self, association: &Association) -> impl Serialize + use<'a> {
        self.association(association)
    }

    /// An association that no strategy acts on, as an element of `associations`.
    pub fn other_association_json<'a>(&self, association: &'a OtherAssociation) -> impl Serialize + use<'a> {
        other_association(association)
    }

    /// A sending strategy as an element of `sendingStrategies`.
    ///
    /// One country is written as `destinationCountryCode`, several as `destinationCountryCodes`.
    pub fn strategy_json<'a>(&'a self, strategy: &'a Strategy) -> impl Serialize + use<'a> {
        let senders = strategy.senders.as_deref();
        StrategyJson {
            sending_strategy_id: &strategy.id,
            platform: self.platform(strategy.application, strategy.entity),
            channel: strategy.channel.map(Channel::as_str),
            countries: CountryFields::of(strategy.countries.as_deref()),
            use_sticky_sender: strategy.sticky,
            sticky_idle_days: Some(strategy.sticky_idle_days).filter(|&days| days != 0),
            use_geolocated_sender: strategy.geolocated,
            skip_unhealthy_senders: strategy.skip_unhealthy.then_some(true),
            priorities: priorities(&strategy.priorities),
            sender_ids: senders.map(|senders| senders.iter().map(|&sender| self.sender_id(sender)).collect()),
        }
    }

    /// A default sender as an element of `defaultSenders`.
    pub fn default_sender_json<'a>(&'a self, default_sender: &DefaultSender) -> impl Serialize + use<'a> {
        DefaultSenderJson {
            platform: self.platform(default_sender.application, default_sender.entity),
            sender_id: self.sender_id(default_sender.sender),
        }
    }

    fn association(&self, association: &Association) -> AssociationJson<'_> {
        let PlatformJson { application_id, entity_id } = self.platform(association.application, association.entity);
        AssociationJson {
            resource_type: association.resource_type.as_str(),
            channel: association.channel.as_str(),
            application_id,
            entity_id,
            resource_id: self.sender_id(association.sender),
        }
    }

    fn platform(&self, application: u32, entity: Option<u32>) -> PlatformJson<'_> {
        let entity = entity.map(|entity| &*self.entities[entity as usize].id);
        self::platform(&self.applications[application as usize].id, entity)
    }

    fn sender_id(&self, sender: u32) -> &str {
        &self.senders[sender as usize].id
    }
}

pub(super) fn application(application: &Application) -> ApplicationJson<'_> {
    ApplicationJson {
        application_id: &application.id,
        application_name: application.name.as_deref(),
        generation: Some(application.generation).filter(|&generation| generation != 0),
        attributes: AttributesJson(&application.attributes),
    }
}

pub(super) fn entity(entity: &Entity) -> EntityJson<'_> {
    EntityJson {
        entity_id: &entity.id,
        entity_name: entity.name.as_deref(),
        attributes: AttributesJson(&entity.attributes),
    }
}

pub(super) fn sender(sender: &Sender) -> SenderJson<'_> {
    let status = if sender.suspended { Status::Suspended } else { Status::Active };
    SenderJson {
        sender_id: &sender.id,
        sender: &sender.address,
        sender_type: sender.kind.as_str(),
        coverage: CoverageJson(&sender.coverage),
        status: status.as_str(),
        message_types: MessageTypesJson(&sender.message_types),
        weight: Some(sender.weight).filter(|&weight| weight != rule::DEFAULT_WEIGHT),
        attributes: AttributesJson(&sender.attributes),
    }
}

pub(super) fn association_by_id(association: &AssociationById) -> AssociationJson<'_> {
    AssociationJson {
        resource_type: association.resource_type.as_str(),
        channel: association.channel.as_str(),
        application_id: &association.application,
        entity_id: association.entity.as_deref(),
        resource_id: &association.resource,
    }
}

pub(super) fn strategy_by_id(strategy: &StrategyById) -> StrategyJson<'_> {
    let senders = strategy.senders.as_deref();
    StrategyJson {
        sending_strategy_id: &strategy.id,
        platform: platform(&strategy.application, strategy.entity.as_deref()),
        channel: strategy.channel.map(Channel::as_str),
        countries: CountryFields::of(strategy.countries.as_deref()),
        use_sticky_sender: strategy.sticky,
        sticky_idle_days: Some(strategy.sticky_idle_days).filter(|&days| days != 0),
        use_geolocated_sender: strategy.geolocated,
        skip_unhealthy_senders: strategy.skip_unhealthy.then_some(true),
        priorities: priorities(&strategy.priorities),
        sender_ids: senders.map(|senders| senders.iter().map(|sender| &**sender).collect()),
    }
}

pub(super) fn default_sender_by_id<'a>(
    application: &'a str,
    entity: Option<&'a str>,
    sender: &'a str,
) -> DefaultSenderJson<'a> {
    DefaultSenderJson { platform: platform(application, entity), sender_id: sender }
}

pub(super) fn platform<'a>(application: &'a str, entity: Option<&'a str>) -> PlatformJson<'a> {
    PlatformJson { application_id: application, entity_id: entity }
}

fn priorities(priorities: &[Option<NonZeroU8>; SenderType::ALL.len()]) -> Vec<PriorityJson> {
    let priorities = SenderType::ALL.into_iter().zip(priorities);
    let named = priorities
        .filter_map(|(kind, priority)| Some(PriorityJson { sender_type: kind.as_str(), priority: (*priority)?.get() }));
    named.collect()
}

pub(super) fn other_association(association: &OtherAssociation) -> AssociationJson<'_> {
    AssociationJson {
        resource_type: association.resource_type,
        channel: association.channel,
        application_id: &association.application,
        entity_id: association.entity.as_deref(),
        resource_id: &association.resource,
    }
}

// === impl CountryFields ===

impl<'a> CountryFields<'a> {
    fn of(countries: Option<&'a [Country]>) -> Self {
        let (one, many) = match countries {
            None => (None, None),
            Some([country]) => (Some(country.as_str()), None),
            Some(countries) => (None, Some(Codes(countries))),
        };
        Self { destination_country_code: one, destination_country_codes: many }
    }
}

// === impl Each ===

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

// === impl CoverageJson ===

impl Serialize for CoverageJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(Channel::ALL.into_iter().flat_map(|channel| {
            self.0.entries(channel).map(move |(registration, countries)| CoverageEntry {
                channel: channel.as_str(),
                countries: CountriesJson(countries),
                status: (registration != Registration::Active).then_some(registration.as_str()),
            })
        }))
    }
}

// === impl AttributesJson ===

impl AttributesJson<'_> {
    fn are_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for AttributesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

// === impl MessageTypesJson ===

impl MessageTypesJson<'_> {
    fn are_all(&self) -> bool {
        self.0.are_all()
    }
}

impl Serialize for MessageTypesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

// === impl CountriesJson ===

impl Serialize for CountriesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Countries::All => serializer.serialize_str(rule::EVERY_COUNTRY),
            Countries::Only(list) => Codes(list).serialize(serializer),
        }
    }
}

// === impl Codes ===

impl Serialize for Codes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|country| country.as_str()))
    }
}
