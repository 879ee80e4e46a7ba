//! The elements of a catalog.

use std::{borrow::Cow, num::NonZeroU8, sync::Arc};

use callsign_destination::Country;

use super::{
    attributes::Attributes,
    coverage::Coverage,
    ids::DEFAULT_APPLICATION,
    kind::{Channel, ResourceType, SenderType},
    message_types::MessageTypes,
    rule,
};

/// An environment or a use case that sends messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// `applicationId`: an [`Id`](super::Id), unique.
    pub id: Box<str>,
    /// `applicationName`: at most 255 characters; for people only.
    pub name: Option<Box<str>>,
    /// `generation`: how many applications with this id were removed before this one was made; 0 by default. Pins of
    /// one generation are not those of another.
    pub generation: u32,
    /// `attributes`.
    pub attributes: Attributes,
}

impl Application {
    /// An application without a name and attributes, of generation 0.
    pub fn new(id: &str) -> Self {
        Self { id: id.into(), name: None, generation: 0, attributes: Attributes::default() }
    }

    /// The application `default`, which is there even if a file does not list it.
    pub(super) fn default_one() -> Application {
        Application::new(DEFAULT_APPLICATION)
    }
}

/// A customer or a department inside an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// `entityId`: an [`Id`](super::Id), unique.
    pub id: Box<str>,
    /// `entityName`: at most 255 characters; for people only.
    pub name: Option<Box<str>>,
    /// `attributes`.
    pub attributes: Attributes,
}

impl Entity {
    /// An entity without a name and attributes.
    pub fn new(id: &str) -> Self {
        Self { id: id.into(), name: None, attributes: Attributes::default() }
    }
}

/// A resource that messages can come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// `senderId`: an [`Id`](super::Id), unique.
    pub id: Box<str>,
    /// `sender`: what the recipient sees, exactly as the file writes it.
    pub address: Box<str>,
    /// `senderType`.
    pub kind: SenderType,
    /// The digits of the address as a number, for the two types whose address is an E.164 number.
    pub number: Option<u64>,
    /// `coverage`: the countries that this sender reaches, by channel, and how far its registration there has come.
    pub coverage: Coverage,
    /// Whether `status` is `SUSPENDED`; a sender without a status is active.
    pub suspended: bool,
    /// `weight`: its share of the spread, 1 to 1,000; 1 by default.
    pub weight: u16,
    /// `messageTypes`: the only types of messages that it may carry; by default it carries all.
    pub message_types: MessageTypes,
    /// `attributes`.
    pub attributes: Attributes,
}

impl Sender {
    /// An active sender that leaves out what can be left out: its weight is 1, and it carries messages of all types.
    ///
    /// Nothing is checked here. [`Edit::put_sender`](super::Edit::put_sender) makes an edit of it, which is refused if the address
    /// is none of its type.
    pub fn new(id: &str, address: &str, kind: SenderType, coverage: Coverage) -> Self {
        Self {
            id: id.into(),
            address: address.into(),
            kind,
            number: rule::address(kind, address).unwrap_or_default(),
            coverage,
            suspended: false,
            weight: rule::DEFAULT_WEIGHT,
            message_types: MessageTypes::default(),
            attributes: Attributes::default(),
        }
    }

    /// What a decision carries: a number in E.164, however the catalog writes it; any other address as it is.
    pub fn shown(&self) -> Cow<'_, str> {
        let is_e164 = |address: &str| {
            address.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        };
        match self.number {
            Some(number) if !is_e164(&self.address) => Cow::Owned(format!("+{number}")),
            _ => Cow::Borrowed(&self.address),
        }
    }
}

/// A sender may be used for a channel by an application, or by an entity of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Association {
    /// `resourceType`: `NUMBER` or `ALPHA`, or `RCS_RESOURCE` over RCS. Strategies treat all alike.
    pub resource_type: ResourceType,
    /// `channel`.
    pub channel: Channel,
    /// `applicationId`, as an index into [`Catalog::applications`](super::Catalog::applications).
    pub application: u32,
    /// `entityId`, as an index into [`Catalog::entities`](super::Catalog::entities); none for the application itself.
    pub entity: Option<u32>,
    /// `resourceId`, as an index into [`Catalog::senders`](super::Catalog::senders).
    pub sender: u32,
}

/// An association that no strategy acts on, because of its resource type or its channel.
///
/// It is kept as text, so that the whole catalog can be written again. Its application and entity are in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OtherAssociation {
    /// `resourceType`: `NUMBER`, `ALPHA`, `DOMAIN`, `RCS_RESOURCE` or `APPLE_RESOURCE`.
    pub resource_type: &'static str,
    /// `channel`: `SMS`, `MMS`, `EMAIL`, `WHATSAPP`, `RCS` or `APPLE`.
    pub channel: &'static str,
    /// `applicationId`.
    pub application: Box<str>,
    /// `entityId`; none for the application itself.
    pub entity: Option<Box<str>>,
    /// `resourceId`: a `senderId` of the catalog for `NUMBER`, `ALPHA` and `RCS_RESOURCE`, any id for the others.
    pub resource: Box<str>,
}

/// A sending strategy: how the messages of a scope choose among its senders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strategy {
    /// `sendingStrategyId`: an [`Id`](super::Id), unique.
    pub id: Box<str>,
    /// `platform.applicationId`, as an index into [`Catalog::applications`](super::Catalog::applications).
    pub application: u32,
    /// `platform.entityId`, as an index into [`Catalog::entities`](super::Catalog::entities).
    pub entity: Option<u32>,
    /// `channel`; none for every channel.
    pub channel: Option<Channel>,
    /// `destinationCountryCode` or `destinationCountryCodes`, sorted, each once, never empty; none for
    /// every country.
    pub countries: Option<Arc<[Country]>>,
    /// `useStickySender`; false by default.
    pub sticky: bool,
    /// `stickyIdleDays`: after how many days without use a pin ends, 1 to 3,650. The default, 0, is never.
    pub sticky_idle_days: u16,
    /// `useGeolocatedSender`; false by default.
    pub geolocated: bool,
    /// `skipUnhealthySenders`; false by default.
    pub skip_unhealthy: bool,
    /// `priorities`: the priority of each type, 1 (best) to 4, by the discriminant of [`SenderType`]; none for a type that
    /// the strategy does not name.
    pub priorities: [Option<NonZeroU8>; SenderType::ALL.len()],
    /// `senderIds`, as sorted indexes into [`Catalog::senders`](super::Catalog::senders), each once, never empty; none
    /// for every associated sender.
    pub senders: Option<Arc<[u32]>>,
}

/// The sender of a platform for messages that no associated sender can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultSender {
    /// `platform.applicationId`, as an index into [`Catalog::applications`](super::Catalog::applications).
    pub application: u32,
    /// `platform.entityId`, as an index into [`Catalog::entities`](super::Catalog::entities).
    pub entity: Option<u32>,
    /// `senderId`, as an index into [`Catalog::senders`](super::Catalog::senders).
    pub sender: u32,
}
