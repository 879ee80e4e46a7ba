//! The elements of a catalog, as checked.

use std::{num::NonZeroU8, sync::Arc};

use callsign_destination::Country;

use super::{
    coverage::Coverage,
    kind::{Channel, ResourceType, SenderType},
};

/// An environment or a use case that sends messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// `applicationId`: 1 to 255 characters, no control characters, unique.
    pub id: Box<str>,
    /// `applicationName`: at most 255 characters; for people only.
    pub name: Option<Box<str>>,
}

/// A customer or a department inside an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// `entityId`: 1 to 255 characters, no control characters, unique.
    pub id: Box<str>,
    /// `entityName`: at most 255 characters; for people only.
    pub name: Option<Box<str>>,
}

/// A resource that messages can come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// `senderId`: 1 to 255 characters, no control characters, unique.
    pub id: Box<str>,
    /// `sender`: what the recipient sees, as the file writes it.
    pub address: Box<str>,
    /// `senderType`.
    pub kind: SenderType,
    /// The digits of the address as a number, for the two types whose address is an E.164 number.
    pub number: Option<u64>,
    /// `coverage`: where this sender reaches.
    pub coverage: Coverage,
    /// `status` is `SUSPENDED`. A sender is active unless the file says so.
    pub suspended: bool,
}

/// A sender may be used for a channel by an application, or by an entity of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Association {
    /// `resourceType`: one of the two that are senders. Strategies do not tell them apart.
    pub resource_type: ResourceType,
    /// `channel`.
    pub channel: Channel,
    /// `applicationId`, as an index into [`Catalog::applications`](super::Catalog::applications).
    pub application: u32,
    /// `entityId`, as an index into [`Catalog::entities`](super::Catalog::entities); none is the application itself.
    pub entity: Option<u32>,
    /// `resourceId`, as an index into [`Catalog::senders`](super::Catalog::senders).
    pub sender: u32,
}

/// An association that no strategy acts on, because of its resource type or its channel.
///
/// Kept as text so that a catalog can be given back whole. Application and entity are listed in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OtherAssociation {
    /// `resourceType`: `NUMBER`, `ALPHA`, `DOMAIN`, `RCS_RESOURCE` or `APPLE_RESOURCE`.
    pub resource_type: &'static str,
    /// `channel`: `SMS`, `MMS`, `EMAIL`, `WHATSAPP`, `RCS` or `APPLE`.
    pub channel: &'static str,
    /// `applicationId`.
    pub application: Box<str>,
    /// `entityId`; none is the application itself.
    pub entity: Option<Box<str>>,
    /// `resourceId`: a `senderId` of the catalog for `NUMBER` and `ALPHA`, anything for the others.
    pub resource: Box<str>,
}

/// A sending strategy: how the messages of a scope choose among its senders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strategy {
    /// `sendingStrategyId`: 1 to 255 characters, no control characters, unique.
    pub id: Box<str>,
    /// `platform.applicationId`, as an index into [`Catalog::applications`](super::Catalog::applications).
    pub application: u32,
    /// `platform.entityId`, as an index into [`Catalog::entities`](super::Catalog::entities).
    pub entity: Option<u32>,
    /// `channel`; none is every channel.
    pub channel: Option<Channel>,
    /// `destinationCountryCode` or `destinationCountryCodes`, sorted, each once, never empty; none is every country.
    pub countries: Option<Arc<[Country]>>,
    /// `useStickySender`; false where the file does not say.
    pub sticky: bool,
    /// `stickyIdleDays`: after how many days without use a pin ends, 1 to 3,650; 0 is never, where the file does not say.
    pub sticky_idle_days: u16,
    /// `useGeolocatedSender`; false where the file does not say.
    pub geolocated: bool,
    /// `priorities`: the number for each type, 1 (best) to 4, by the number of [`SenderType`]; none is not named.
    pub priorities: [Option<NonZeroU8>; 4],
    /// `senderIds`, as sorted indexes into [`Catalog::senders`](super::Catalog::senders), each once, never empty; none
    /// is every sender that is associated.
    pub senders: Option<Arc<[u32]>>,
}

/// The sender of a platform for messages that no associated sender can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultSender {
    /// `platform.applicationId`, as an index into [`Catalog::applications`](super::Catalog::applications).
    pub application: u32,
    /// `platform.entityId`, as an index into [`Catalog::entities`](super::Catalog::entities).
    pub entity: Option<u32>,
    /// `senderId`, as an index into [`Catalog::senders`](super::Catalog::senders).
    pub sender: u32,
}
