//! Whose the entities are, and the attributes of those of the platform.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::condition::{Conditions, Tagged};
use super::element::{bytes as bytes_of, left_out, under};
use crate::change::{Change, Kind, raw};
use crate::entity::{self, EntityRecord};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, PageQuery, Paged, Parameters, Problems, raw_object};
use crate::service::{Plan, Service, View};

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Of the platform's keys: attributes hold for an entity whoever names it.
pub(super) fn attribute_routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(get, put))
}

/// An entity of the platform with its attributes, as a catalog file writes it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FullEntityBody)]
#[allow(dead_code, reason = "describes a body")]
struct FullEntityBody {
    /// Its id; that of the path if left out.
    #[schema(required = false, min_length = 1, max_length = 255)]
    entity_id: String,
    /// Its name, for people.
    #[schema(max_length = 255)]
    entity_name: Option<String>,
    /// Texts by name, for policies of tenants: up to 32, with names of 1 to 64 letters, digits, `_`, `.` and `-`, and
    /// values of up to 255 characters.
    attributes: Option<BTreeMap<String, String>>,
}

/// An entity of one maker. Several may have one with the same id.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OwnedEntityBody)]
struct EntityBody {
    entity_id: String,
    /// What its maker calls it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_name: Option<String>,
    /// The application that made it, with its key or with a message; left out if the platform did.
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<String>,
}

impl EntityBody {
    fn of(record: &EntityRecord) -> Self {
        Self {
            entity_id: record.id.to_string(),
            entity_name: record.name.as_deref().map(str::to_owned),
            application_id: record.maker().map(str::to_owned),
        }
    }
}

/// The entities with whose each is, in pages, in the order in which they were made.
///
/// A key of the platform gets everybody's: with `applicationId` those that an application made. A key of an application
/// gets those that its application made.
#[utoipa::path(get, path = "/v1/entities", tag = "entities",
    params(
        PageQuery,
        ("applicationId" = Option<String>, Query, description = "Only those that this application made"),
        ("entityId" = Option<String>, Query, description = "Only those with this id"),
    ),
    responses((status = 200, body = Paged<EntityBody>), Problems))]
async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<EntityBody>>> {
    let page = parameters.page(100)?;
    let entity = parameters.text("entityId");
    let view = service.view();
    let is_wanted = |record: &&EntityRecord| entity.is_none_or(|wanted| wanted == &*record.id);
    let records = &view.state.entities;
    Ok(Json(match view.sight(&caller).applications(parameters.text("applicationId")) {
        Some(some) => {
            let own = some.into_iter().flat_map(|application| records.of(Some(application.id())));
            page.of(own.filter(is_wanted), EntityBody::of)
        }
        None => page.of(records.all().filter(is_wanted), EntityBody::of),
    }))
}

/// An entity of the platform in the words of a catalog file: its name is in its record, and its attributes in the catalog.
///
/// # Errors
/// 404: the platform has none with this id.
fn json(view: &View, id: &str) -> Result<Box<RawValue>, Fault> {
    let record = view.state.entities.get(None, id);
    let record = record.ok_or_else(|| Fault::not_found(format!("the entity {}", crate::http::quoted(id))))?;
    let (_, there) = view.catalog().entity(id).ok_or_else(|| Fault::internal("an entity without its name"))?;
    let entity = callsign::Entity { name: record.name.clone(), ..there.clone() };
    Ok(raw(&view.catalog().entity_json(&entity)))
}

/// One entity of the platform with its attributes.
#[utoipa::path(get, path = "/v1/entities/{entityId}", tag = "entities", params(("entityId" = String, Path)),
    responses((status = 200, body = FullEntityBody, description = "The entity, with its `ETag`"),
        (status = 304, description = "It is what `If-None-Match` says still"), Problems))]
async fn get(
    State(service): State<Arc<Service>>,
    _: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
) -> Answer<Tagged> {
    Ok(conditions.answer(bytes_of(&json(&service.view(), &id)?)))
}

/// Replaces the name and the attributes of an entity of the platform that exists. `If-Match` requires the `ETag` that was
/// read. Attributes hold for every application that names the entity.
#[utoipa::path(put, path = "/v1/entities/{entityId}", tag = "entities",
    params(("entityId" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = FullEntityBody,
    responses((status = 200, body = FullEntityBody, description = "The entity, with its new `ETag`"), Problems))]
async fn put(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    body: Bytes,
) -> Answer<Tagged> {
    let new = under(raw_object(&body)?, "entityId", &id)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let before = json(view, &new.id)?;
        conditions.allow(Some(before.get().as_bytes()))?;
        let put = Change { kind: Kind::Entity, key: new.id.clone(), body: Some(new.body.clone()) };
        let after = view.after(&[put])?;
        let (_, read) = after.entity(&new.id).ok_or_else(|| Fault::internal("an entity that was put is gone"))?;
        let json = raw(&after.entity_json(read));
        conditions.must_be_given_for(&left_out(&before, &json, &new.body))?;
        let answer = Tagged::new(StatusCode::OK, bytes_of(&json));
        if before.get() == json.get() {
            return Ok(Plan::new(Vec::new(), answer));
        }
        let named = callsign::Entity { name: None, ..read.clone() };
        let changes = vec![
            Change::put(Kind::Entity, &*new.id, &after.entity_json(&named)),
            entity::record(None, &new.id, read.name.as_deref()),
        ];
        Ok(Plan::new(changes, answer))
    };
    service.change(author, plan).await
}
