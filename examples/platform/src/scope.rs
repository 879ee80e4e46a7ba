//! Whose something is: an application's, or an entity's within it.

use serde::Serialize;

use crate::{application::Application, entity::Entity};

/// `platform` as the catalog has it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlatformElement {
    application_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<String>,
}

impl PlatformElement {
    /// An application, or the entity with this index within it.
    pub(crate) fn new(application: Application, entity: Option<usize>) -> PlatformElement {
        PlatformElement { application_id: application.id(), entity_id: entity.map(Entity::id) }
    }
}
