//! Entities.
//!
//! An entity belongs to whoever made it, the platform or an application: whoever first created it or named it in a
//! message. A key sees its own, and a tenant those of the platform that an element of its application names.

use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::removal;
use super::resource::{self, Resource};
use crate::change::{Change, Kind};
use crate::entity::{self, EntityRecord};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Errors1, Json, NoContent, Paged, Parameters, ShortPageQuery};
use crate::service::{Service, View};
use crate::visibility::{Hidden, Sight};

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

impl From<&EntityRecord> for EntityBody {
    fn from(entity: &EntityRecord) -> Self {
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
    type Body = EntityBody;

    const NAME: &'static str = "entity";
    const ID_FIELD: &'static str = "entityId";
    const NAME_FIELD: &'static str = "entityName";

    fn find(sight: Sight<'_>, id: &str) -> Result<EntityBody, Hidden> {
        sight.entity(id).map(EntityBody::from)
    }

    fn may_change(view: &View, id: &str, caller: &Caller) -> Result<(), Fault> {
        match view.state.entities.has(caller.tenant(), id) {
            true => Ok(()),
            false => {
                Err(Fault::forbidden("the entity was made by the platform, and this key belongs to an application"))
            }
        }
    }

    /// Whoever creates an entity has it.
    fn put(view: &View, sight: Sight<'_>, id: &str, body: &Map<String, Value>) -> Result<Vec<Change>, Fault> {
        view.check(&Change::put(Kind::Entity, id, body))?;
        let name = body.get(Self::NAME_FIELD).and_then(Value::as_str);
        Ok(entity::put(view.catalog(), sight.maker(), id, name))
    }

    fn removal(view: &View, id: &str, caller: &Caller) -> Result<Vec<Change>, Fault> {
        Ok(match caller.tenant() {
            Some(application) => removal::of_tenants_entity(view, application, id),
            None => removal::of_platforms_entity(view, id),
        })
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
    let view = service.view();
    Ok(Json(page.of(view.sight(&caller).entities().into_iter(), EntityBody::from)))
}

/// Creates an entity.
#[utoipa::path(post, path = "/provisioning/1/entities", tag = "provisioning", request_body = EntityBody,
    responses((status = 201), Errors1))]
pub(super) async fn create(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<StatusCode> {
    resource::create::<Entities>(&service, caller, &bytes).await
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
    resource::rename::<Entities>(&service, caller, id, &bytes).await
}

/// Removes an entity. Its associations move to the application `default`; its strategies, default senders and bindings
/// are removed. With the key of an application its associations are removed, too, and what is removed is of that
/// application alone. With a key of the platform nothing is removed from applications that made an entity with this id
/// themselves.
#[utoipa::path(delete, path = "/provisioning/1/entities/{entityId}", tag = "provisioning",
    params(("entityId" = String, Path)), responses((status = 200), Errors1))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    resource::remove::<Entities>(&service, caller, id).await
}
