//! Entities.
//!
//! A tenant sees the entities that it or messages of its application created, and those that associations, strategies
//! and default senders of its application name. It may change those that it or its messages created.

use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use callsign::{Catalog, Entity};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::removal;
use super::resource::{self, Resource};
use crate::change::{Change, Kind};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Errors1, Json, NoContent, Paged, Parameters, ShortPageQuery};
use crate::service::{Service, View};
use crate::visibility::{sees_entity, visible_entities};

/// A customer or a department inside an application.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntityBody {
    /// Its id.
    #[schema(min_length = 1, max_length = 255)]
    pub(crate) entity_id: String,
    /// Its name, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub(crate) entity_name: Option<String>,
}

impl From<&Entity> for EntityBody {
    fn from(entity: &Entity) -> Self {
        Self { entity_id: entity.id.to_string(), entity_name: entity.name.as_deref().map(str::to_owned) }
    }
}

/// The property of an entity that can be changed.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a body that is read by its fields")]
#[schema(rename_all = "camelCase")]
pub(crate) struct EntityName {
    /// The name, for people.
    #[schema(max_length = 255)]
    entity_name: Option<String>,
}

/// Entities.
enum Entities {}

impl Resource for Entities {
    type Element = Entity;
    type Body = EntityBody;

    const KIND: Kind = Kind::Entity;
    const NAME: &'static str = "entity";
    const ID_FIELD: &'static str = "entityId";
    const NAME_FIELD: &'static str = "entityName";

    fn get<'a>(catalog: &'a Catalog, id: &str) -> Option<&'a Entity> {
        catalog.entity(id).map(|(_, entity)| entity)
    }

    fn is_visible(view: &View, id: &str, tenant: Option<&str>) -> bool {
        sees_entity(view, tenant, id)
    }

    /// The tenant that creates an entity owns it.
    fn with_new(id: &str, tenant: Option<&str>) -> Option<Change> {
        tenant.map(|tenant| Change::put(Kind::Owner, id, &tenant))
    }

    fn may_change(view: &View, id: &str, tenant: Option<&str>) -> Result<(), Fault> {
        match tenant {
            Some(tenant) if view.state.owners.get(id).is_none_or(|owner| owner != tenant) => {
                Err(Fault::forbidden("the entity was made by the platform, and this key belongs to an application"))
            }
            _ => Ok(()),
        }
    }

    fn removal(view: &View, id: &str, tenant: Option<&str>) -> Result<Vec<Change>, Fault> {
        let changes = removal::of_entity(view, id);
        if tenant.is_some_and(|tenant| removal::touches_others(view, id, tenant)) {
            return Err(Fault::forbidden("other applications use the entity, and this key belongs to one"));
        }
        if tenant.is_some() && changes.iter().any(|change| change.kind == Kind::Association) {
            // They would move to the application `default`, which the tenant may not change.
            return Err(Fault::forbidden("the entity has associations: remove them first"));
        }
        Ok(changes)
    }
}

/// All entities, in pages.
#[utoipa::path(get, path = "/provisioning/1/entities", tag = "provisioning",
    params(ShortPageQuery),
    responses((status = 200, body = Paged<EntityBody>), Errors1))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<EntityBody>>> {
    let page = parameters.page(20)?;
    let (revision, state) = (service.revision(), service.state());
    let seen = visible_entities(revision.catalog(), &state, caller.tenant());
    let entities = revision.catalog().entities().iter();
    let entities = entities.filter(|entity| seen.as_ref().is_none_or(|seen| seen.contains(&*entity.id)));
    Ok(Json(page.of(entities, EntityBody::from)))
}

/// Creates an entity.
#[utoipa::path(post, path = "/provisioning/1/entities", tag = "provisioning", request_body = EntityBody,
    responses((status = 201), Errors1))]
pub(super) async fn create(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<StatusCode> {
    resource::create::<Entities>(&service, &caller, &bytes).await
}

/// One entity.
#[utoipa::path(get, path = "/provisioning/1/entities/{entityId}", tag = "provisioning",
    params(("entityId" = String, Path)), responses((status = 200, body = EntityBody), Errors1))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<EntityBody>> {
    resource::get::<Entities>(&service, &caller, &id)
}

/// Renames an entity, or removes its name.
#[utoipa::path(put, path = "/provisioning/1/entities/{entityId}", tag = "provisioning",
    params(("entityId" = String, Path)), request_body = EntityName, responses((status = 204), Errors1))]
pub(super) async fn rename(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Answer<NoContent> {
    resource::rename::<Entities>(&service, &caller, id, &bytes).await
}

/// Removes an entity. Its associations move to the application `default`; its strategies, default senders and bindings
/// are removed.
#[utoipa::path(delete, path = "/provisioning/1/entities/{entityId}", tag = "provisioning",
    params(("entityId" = String, Path)), responses((status = 200), Errors1))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    resource::remove::<Entities>(&service, &caller, id).await
}
