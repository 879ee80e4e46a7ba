//! Default senders: each carries the messages of a scope that no associated sender can carry.

use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use callsign::{Catalog, DefaultSender, Sender};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::change::{Change, Kind, raw};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, PageQuery, Paged, Parameters, Problems, body, id};
use crate::service::{Plan, Service, View};
use crate::visibility::VisibleScope;

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(list, put, remove))
}

/// The default sender of a scope.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct DefaultSenderBody {
    platform: super::strategies::PlatformBody,
    sender_id: String,
}

/// The default sender to set.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewDefaultSender {
    sender_id: String,
}

/// A scope, as parameters name it.
#[derive(Debug)]
struct ScopeQuery {
    application: String,
    entity: Option<String>,
}

impl ScopeQuery {
    fn of(parameters: &Parameters) -> Result<Self, Fault> {
        // An empty entity must not come to mean the application.
        if parameters.is_empty("entityId") {
            return Err(Fault::property("entityId", "is empty; leave it out for the application itself"));
        }
        let application = id("applicationId", parameters.required("applicationId")?)?;
        let entity = parameters.text("entityId").map(|text| id("entityId", text)).transpose()?;
        Ok(Self { application, entity })
    }

    /// # Errors
    /// 404: there is no such application or entity, or the key does not see it.
    fn find<'v>(&self, view: &'v View, caller: &'v Caller) -> Result<VisibleScope<'v>, Fault> {
        Ok(view.sight(caller).scope(&self.application, self.entity.as_deref())?)
    }
}

/// The sender that is set for a scope itself.
fn set_for<'a>(catalog: &'a Catalog, scope: &VisibleScope<'_>) -> Option<&'a Sender> {
    let entity = match scope.entity() {
        Some(entity) => Some(catalog.entity(entity)?.0),
        None => None,
    };
    catalog.default_of(scope.application().index(), entity).map(|sender| &catalog.senders()[sender as usize])
}

/// The default senders, in pages.
#[utoipa::path(get, path = "/v1/default-senders", tag = "strategies",
    params(
        PageQuery,
        ("applicationId" = Option<String>, Query),
    ),
    responses((status = 200, body = Paged<DefaultSenderBody>), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<Box<RawValue>>>> {
    let page = parameters.page(100)?;
    let application = parameters.text("applicationId");
    let view = service.view();
    let catalog = view.catalog();
    let json = |default: &DefaultSender| raw(&catalog.default_sender_json(default));
    Ok(Json(match view.sight(&caller).applications(application) {
        Some(some) => page.of(some.into_iter().flat_map(|own| catalog.default_senders_in(own.index())), json),
        None => page.of(catalog.default_senders().iter(), json),
    }))
}

/// Sets the default sender of a scope.
#[utoipa::path(put, path = "/v1/default-senders", tag = "strategies",
    params(("applicationId" = String, Query), ("entityId" = Option<String>, Query)), request_body = NewDefaultSender,
    responses((status = 204), Problems))]
pub(super) async fn put(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    bytes: Bytes,
) -> Answer<NoContent> {
    let wanted = ScopeQuery::of(&parameters)?;
    let NewDefaultSender { sender_id } = body(&bytes)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let scope = wanted.find(view, &caller)?;
        let sender = view.sight(&caller).sender(&sender_id)?;
        if set_for(view.catalog(), &scope).is_some_and(|there| there.id == sender.get().id) {
            return Ok(Plan::new(Vec::new(), NoContent));
        }
        let application = scope.application().id();
        let platform = match scope.entity() {
            Some(entity) => json!({ "applicationId": application, "entityId": entity }),
            None => json!({ "applicationId": application }),
        };
        let body = json!({ "platform": platform, "senderId": sender.id() });
        Ok(Plan::new(vec![Change::put(Kind::DefaultSender, scope.key(), &body)], NoContent))
    };
    service.change(author, plan).await
}

/// Removes the default sender of a scope. The sender itself stays.
#[utoipa::path(delete, path = "/v1/default-senders", tag = "strategies",
    params(("applicationId" = String, Query), ("entityId" = Option<String>, Query)),
    responses((status = 204), Problems))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<NoContent> {
    let wanted = ScopeQuery::of(&parameters)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let scope = wanted.find(view, &caller)?;
        set_for(view.catalog(), &scope).ok_or_else(|| Fault::not_found("a default sender of this platform"))?;
        Ok(Plan::new(vec![Change::remove(Kind::DefaultSender, scope.key())], NoContent))
    };
    service.change(author, plan).await
}
