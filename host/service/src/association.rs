//! Associations by their names, as the API shows them and the store keeps them.

use callsign::{Association, Catalog, OtherAssociation, ResourceType};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::change::key_of;

/// A sender may be used for a channel by an application, or by an entity of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssociationBody {
    /// `NUMBER`, `ALPHA`, `DOMAIN`, `RCS_RESOURCE` or `APPLE_RESOURCE`.
    pub(crate) resource_type: String,
    /// `SMS`, `MMS`, `EMAIL`, `WHATSAPP`, `RCS` or `APPLE`.
    pub(crate) channel: String,
    /// An application that exists.
    pub(crate) application_id: String,
    /// An entity that exists, or null for the application itself.
    #[schema(required = true)]
    pub(crate) entity_id: Option<String>,
    /// The sender's `senderId` for `NUMBER`, `ALPHA` and `RCS_RESOURCE`; anything for the others.
    pub(crate) resource_id: String,
}

/// An association by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamedAssociation<'a> {
    pub(crate) resource_type: &'a str,
    pub(crate) channel: &'a str,
    pub(crate) application: &'a str,
    pub(crate) entity: Option<&'a str>,
    pub(crate) resource: &'a str,
}

impl<'a> NamedAssociation<'a> {
    /// All associations of a catalog: those that decisions use, then those of other types and channels.
    pub(crate) fn all(catalog: &'a Catalog) -> impl Iterator<Item = Self> {
        let acted_on = catalog.associations().iter().map(|association| Self::acted_on(catalog, association));
        acted_on.chain(catalog.other_associations().iter().map(Self::other))
    }

    /// The associations of an application and its entities, in the order of [`NamedAssociation::all`]. Takes time with how
    /// many they are.
    pub(crate) fn of_application(catalog: &'a Catalog, application: u32) -> impl Iterator<Item = Self> {
        let id = &catalog.applications()[application as usize].id;
        let acted_on = catalog.associations_in(application).map(|association| Self::acted_on(catalog, association));
        acted_on.chain(catalog.other_associations_in(id).map(Self::other))
    }

    fn acted_on(catalog: &'a Catalog, association: &Association) -> Self {
        Self {
            resource_type: association.resource_type.as_str(),
            channel: association.channel.as_str(),
            application: &catalog.applications()[association.application as usize].id,
            entity: association.entity.map(|entity| &*catalog.entities()[entity as usize].id),
            resource: &catalog.senders()[association.sender as usize].id,
        }
    }

    fn other(other: &'a OtherAssociation) -> Self {
        Self {
            resource_type: other.resource_type,
            channel: other.channel,
            application: &other.application,
            entity: other.entity.as_deref(),
            resource: &other.resource,
        }
    }

    /// Whether a catalog has it. Takes the same time at every size.
    pub(crate) fn is_in(&self, catalog: &Catalog) -> bool {
        let Self { resource_type, channel, application, entity, resource } = *self;
        catalog.has_association(resource_type, channel, application, entity, resource)
    }

    /// The key of its element in the store.
    pub(crate) fn key(&self) -> String {
        let parts = [Some(self.resource_type), Some(self.channel), Some(self.application), self.entity];
        key_of(&[&parts[..], &[Some(self.resource)]].concat())
    }

    pub(crate) fn body(&self) -> AssociationBody {
        AssociationBody {
            resource_type: self.resource_type.into(),
            channel: self.channel.into(),
            application_id: self.application.into(),
            entity_id: self.entity.map(str::to_owned),
            resource_id: self.resource.into(),
        }
    }

    /// The association that a body describes. Fields that are not strings count as empty here; they are reported when
    /// the body is put into the catalog.
    pub(crate) fn of(body: &'a Map<String, Value>) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        Self {
            resource_type: text("resourceType").unwrap_or_default(),
            channel: text("channel").unwrap_or_default(),
            application: text("applicationId").unwrap_or_default(),
            entity: text("entityId"),
            resource: text("resourceId").unwrap_or_default(),
        }
    }

    pub(crate) fn is_of_a_sender(&self) -> bool {
        ResourceType::SENDERS.into_iter().any(|kind| kind.as_str() == self.resource_type)
    }
}
