//! Default senders: each carries the messages of a scope that no associated sender can carry.

use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use callsign::{Catalog, DefaultSender};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::resource::{Resource, unknown};
use super::senders::Senders;
use crate::change::{Change, Kind, key_of, raw};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, PageQuery, Paged, Parameters, Problems, body, quoted};
use crate::service::{Plan, Service, View};

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
        Ok(Self {
            application: parameters.required("applicationId")?.to_owned(),
            entity: parameters.text("entityId").map(str::to_owned),
        })
    }

    fn key(&self) -> String {
        key_of(&[Some(&*self.application), self.entity.as_deref()])
    }

    /// # Errors
    /// 404: there is no such application or entity, or the key does not see it.
    fn must_exist(&self, catalog: &Catalog, caller: &Caller) -> Result<(), Fault> {
        let application = catalog.application(&self.application).filter(|_| caller.may_see(&self.application));
        application.ok_or_else(|| Fault::not_found(format!("the application {}", quoted(&self.application))))?;
        match &self.entity {
            Some(entity) if catalog.entity(entity).is_none() => {
                Err(Fault::not_found(format!("the entity {}", quoted(entity))))
            }
            _ => Ok(()),
        }
    }

    /// The default sender that is set for this scope itself.
    fn find<'a>(&self, catalog: &'a Catalog) -> Option<&'a DefaultSender> {
        let (application, _) = catalog.application(&self.application)?;
        let entity = match &self.entity {
            Some(entity) => Some(catalog.entity(entity)?.0),
            None => None,
        };
        let mut all = catalog.default_senders().iter();
        all.find(|default| default.application == application && default.entity == entity)
    }
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
    let revision = service.revision();
    let catalog = revision.catalog();
    let wanted = catalog.default_senders().iter().filter(|default| {
        let of = &*catalog.applications()[default.application as usize].id;
        caller.may_see(of) && application.is_none_or(|wanted| wanted == of)
    });
    Ok(Json(page.of(wanted, |default| raw(&catalog.default_sender_json(default)))))
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
    let scope = ScopeQuery::of(&parameters)?;
    let NewDefaultSender { sender_id } = body(&bytes)?;
    let author = caller.author();
    let plan = move |view: &View| {
        let catalog = view.catalog();
        scope.must_exist(catalog, &caller)?;
        Senders::find(catalog, &sender_id, &caller).ok_or_else(|| unknown::<Senders>(&sender_id))?;
        let there = scope.find(catalog).map(|there| &*catalog.senders()[there.sender as usize].id);
        if there == Some(&*sender_id) {
            return Ok(Plan::new(Vec::new(), NoContent));
        }
        let body = match &scope.entity {
            Some(entity) => json!({ "applicationId": scope.application, "entityId": entity }),
            None => json!({ "applicationId": scope.application }),
        };
        let body = json!({ "platform": body, "senderId": sender_id });
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
    let scope = ScopeQuery::of(&parameters)?;
    let author = caller.author();
    let plan = move |view: &View| {
        scope.must_exist(view.catalog(), &caller)?;
        let found = scope.find(view.catalog());
        found.ok_or_else(|| Fault::not_found("a default sender of this platform"))?;
        Ok(Plan::new(vec![Change::remove(Kind::DefaultSender, scope.key())], NoContent))
    };
    service.change(author, plan).await
}
