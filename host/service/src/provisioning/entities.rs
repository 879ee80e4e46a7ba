//! Entities.
//!
//! A tenant sees those that it made, those that messages of its application named first, and those that its
//! application's associations, strategies and default senders name; it changes the ones that it, or its messages, made.

use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use callsign::Entity;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::removal;
use crate::change::{Change, Kind};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Errors1, Json, NoContent, Paged, Parameters, element};
use crate::key::Scope;
use crate::service::{Plan, Service, View};
use crate::visibility::visible_entities;

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

impl EntityBody {
    fn of(entity: &Entity) -> Self {
        Self { entity_id: entity.id.to_string(), entity_name: entity.name.as_deref().map(str::to_owned) }
    }
}

/// What of an entity can be changed.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a body that is read by its fields")]
#[schema(rename_all = "camelCase")]
pub(crate) struct EntityName {
    /// The name, for people.
    #[schema(max_length = 255)]
    entity_name: Option<String>,
}

fn unknown(id: &str) -> Fault {
    Fault::not_found(format!("the entity {}", crate::http::quoted(id)))
}

/// # Errors
/// 404: it is not there, or not for this key; 403: it is there for this key, but not this key's to change.
fn must_own(view: &View, id: &str, tenant: Option<&str>) -> Result<(), Fault> {
    let seen = visible_entities(view.catalog(), &view.state, tenant);
    view.catalog().entity(id).filter(|_| seen.is_none_or(|seen| seen.contains(id))).ok_or_else(|| unknown(id))?;
    match tenant {
        Some(tenant) if view.state.owners.get(id).is_none_or(|owner| owner != tenant) => {
            Err(Fault::forbidden("the entity was made by the platform, and this key belongs to an application"))
        }
        _ => Ok(()),
    }
}

/// All entities, in pages.
#[utoipa::path(get, path = "/provisioning/1/entities", tag = "provisioning",
    params(
        ("page" = Option<u32>, Query, description = "From 0", minimum = 0),
        ("size" = Option<u32>, Query, description = "1 to 1000, default 20", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, body = Paged<EntityBody>), Errors1))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<EntityBody>>> {
    caller.needs(Scope::ApplicationEntity)?;
    let page = parameters.page(20)?;
    let (revision, state) = (service.revision(), service.state());
    let seen = visible_entities(revision.catalog(), &state, caller.tenant());
    let entities = revision.catalog().entities().iter();
    let entities = entities.filter(|entity| seen.as_ref().is_none_or(|seen| seen.contains(&*entity.id)));
    Ok(Json(page.of(entities, EntityBody::of)))
}

/// Makes an entity.
#[utoipa::path(post, path = "/provisioning/1/entities", tag = "provisioning", request_body = EntityBody,
    responses((status = 201), Errors1))]
pub(super) async fn create(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<StatusCode> {
    caller.needs(Scope::ApplicationEntity)?;
    let body = element(&bytes, &["entityId", "entityName"])?;
    let id = body.get("entityId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let tenant = caller.tenant().map(str::to_owned);
    let plan = move |view: &View| {
        if view.state.entities.contains(&*id) {
            return Err(Fault::conflict(format!("the entity {} exists already", crate::http::quoted(&id))));
        }
        let mut changes = vec![Change::put(Kind::Entity, &*id, &body)];
        changes.extend(tenant.as_ref().map(|tenant| Change::put(Kind::Owner, &*id, tenant)));
        Ok(Plan::new(changes, StatusCode::CREATED))
    };
    service.change(caller.author(), plan).await
}

/// One entity.
#[utoipa::path(get, path = "/provisioning/1/entities/{entityId}", tag = "provisioning",
    params(("entityId" = String, Path)), responses((status = 200, body = EntityBody), Errors1))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<EntityBody>> {
    caller.needs(Scope::ApplicationEntity)?;
    let (revision, state) = (service.revision(), service.state());
    let seen = visible_entities(revision.catalog(), &state, caller.tenant());
    let found = revision.catalog().entity(&id).filter(|_| seen.is_none_or(|seen| seen.contains(&*id)));
    found.map(|(_, entity)| Json(EntityBody::of(entity))).ok_or_else(|| unknown(&id))
}

/// Gives an entity another name, or none.
#[utoipa::path(put, path = "/provisioning/1/entities/{entityId}", tag = "provisioning",
    params(("entityId" = String, Path)), request_body = EntityName, responses((status = 204), Errors1))]
pub(super) async fn rename(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Answer<NoContent> {
    caller.needs(Scope::ApplicationEntity)?;
    let mut body = element(&bytes, &["entityName"])?;
    body.insert("entityId".into(), id.clone().into());
    let tenant = caller.tenant().map(str::to_owned);
    let plan = move |view: &View| {
        must_own(view, &id, tenant.as_deref())?;
        Ok(Plan::new(vec![Change::put(Kind::Entity, &*id, &body)], NoContent))
    };
    service.change(caller.author(), plan).await
}

/// Removes an entity. Its associations move to the application `default`; its strategies, default senders and bindings end.
#[utoipa::path(delete, path = "/provisioning/1/entities/{entityId}", tag = "provisioning",
    params(("entityId" = String, Path)), responses((status = 200), Errors1))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    caller.needs(Scope::ApplicationEntity)?;
    let tenant = caller.tenant().map(str::to_owned);
    let plan = move |view: &View| {
        must_own(view, &id, tenant.as_deref())?;
        let changes = removal::of_entity(view, &id);
        if let Some(tenant) = &tenant
            && removal::touches_others(view, &id, tenant)
        {
            return Err(Fault::forbidden("other applications use the entity, and this key belongs to one"));
        }
        if tenant.is_some() && changes.iter().any(|change| change.kind == Kind::Association) {
            // They would move to the application `default`, which is not this key's to change.
            return Err(Fault::forbidden("the entity has associations: remove them first"));
        }
        Ok(Plan::new(changes, StatusCode::OK))
    };
    service.change(caller.author(), plan).await
}
