//! Elements that refer to others by id, as a program gives them to an [`Edit`](crate::Edit).
//!
//! In a catalog they refer by index ([`Association`], [`Strategy`]), which is quick to follow and means something in that catalog
//! alone.

use std::num::NonZeroU8;

use callsign_destination::Country;

use super::{
    Catalog,
    kind::{Channel, ResourceType, SenderType},
    model::{Association, Strategy},
};

/// An [`Association`] with ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AssociationById {
    /// `resourceType`.
    pub resource_type: ResourceType,
    /// `channel`.
    pub channel: Channel,
    /// `applicationId`.
    pub application: Box<str>,
    /// `entityId`; none for the application itself.
    pub entity: Option<Box<str>>,
    /// `resourceId`: a `senderId` of the catalog for `NUMBER`, `ALPHA` and `RCS_RESOURCE`, any id for the others.
    pub resource: Box<str>,
}

/// A [`Strategy`] with ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StrategyById {
    /// `sendingStrategyId`: an [`Id`](super::Id), unique.
    pub id: Box<str>,
    /// `platform.applicationId`.
    pub application: Box<str>,
    /// `platform.entityId`.
    pub entity: Option<Box<str>>,
    /// `channel`; none for every channel.
    pub channel: Option<Channel>,
    /// `destinationCountryCodes`, in any order; none for every country. An empty list is refused.
    pub countries: Option<Vec<Country>>,
    /// `useStickySender`.
    pub sticky: bool,
    /// `stickyIdleDays`: after how many days without use a pin ends, 1 to 3,650; 0 is never.
    pub sticky_idle_days: u16,
    /// `useGeolocatedSender`.
    pub geolocated: bool,
    /// `skipUnhealthySenders`.
    pub skip_unhealthy: bool,
    /// `priorities`: the priority of each type, 1 (best) to 4, by the discriminant of [`SenderType`]; none for a type that
    /// the strategy does not name.
    pub priorities: [Option<NonZeroU8>; SenderType::ALL.len()],
    /// `senderIds`, in any order; none for every associated sender. An empty list is refused.
    pub senders: Option<Vec<Box<str>>>,
}

impl AssociationById {
    /// An association of an application itself, of resource type `NUMBER`.
    ///
    /// ```
    /// use callsign_catalog::{AssociationById, Channel};
    ///
    /// let of_entity = AssociationById { entity: Some("acme".into()), ..AssociationById::new(Channel::Sms, "shop", "S1") };
    /// assert_eq!(&*of_entity.resource, "S1");
    /// ```
    pub fn new(channel: Channel, application: &str, sender: &str) -> Self {
        Self {
            resource_type: ResourceType::Number,
            channel,
            application: application.into(),
            entity: None,
            resource: sender.into(),
        }
    }

    /// An association of a catalog. One of another catalog may give the wrong ids, and an index out of range panics.
    pub fn of(catalog: &Catalog, association: &Association) -> Self {
        let Association { resource_type, channel, application, entity, sender } = *association;
        let (application, entity) = scope(catalog, application, entity);
        let resource = catalog.senders()[sender as usize].id.clone();
        Self { resource_type, channel, application, entity, resource }
    }
}

impl StrategyById {
    /// The strategy of an application that leaves out what can be left out: it is for every channel and country, and takes every
    /// associated sender.
    pub fn new(id: &str, application: &str) -> Self {
        Self {
            id: id.into(),
            application: application.into(),
            entity: None,
            channel: None,
            countries: None,
            sticky: false,
            sticky_idle_days: 0,
            geolocated: false,
            skip_unhealthy: false,
            priorities: Default::default(),
            senders: None,
        }
    }

    /// A strategy of a catalog. One of another catalog may give the wrong ids, and an index out of range panics.
    pub fn of(catalog: &Catalog, strategy: &Strategy) -> Self {
        let (application, entity) = scope(catalog, strategy.application, strategy.entity);
        let id_of = |&sender: &u32| catalog.senders()[sender as usize].id.clone();
        Self {
            id: strategy.id.clone(),
            application,
            entity,
            channel: strategy.channel,
            countries: strategy.countries.as_ref().map(|countries| countries.to_vec()),
            sticky: strategy.sticky,
            sticky_idle_days: strategy.sticky_idle_days,
            geolocated: strategy.geolocated,
            skip_unhealthy: strategy.skip_unhealthy,
            priorities: strategy.priorities,
            senders: strategy.senders.as_ref().map(|senders| senders.iter().map(id_of).collect()),
        }
    }
}

fn scope(catalog: &Catalog, application: u32, entity: Option<u32>) -> (Box<str>, Option<Box<str>>) {
    let application = catalog.applications()[application as usize].id.clone();
    (application, entity.map(|entity| catalog.entities()[entity as usize].id.clone()))
}
