//! Applications.

use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use callsign::{Application, DEFAULT_APPLICATION};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::removal;
use super::resource::{self, Resource};
use crate::change::{Change, Kind};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Errors1, Json, NoContent, Paged, Parameters, ShortPageQuery};
use crate::service::{Service, View};
use crate::visibility::{Hidden, Sight};

/// An environment or a use case that sends messages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationBody {
    /// Its id.
    #[schema(min_length = 1, max_length = 255)]
    pub(crate) application_id: String,
    /// Its name, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub(crate) application_name: Option<String>,
}

impl From<&Application> for ApplicationBody {
    fn from(application: &Application) -> Self {
        Self {
            application_id: application.id.to_string(),
            application_name: application.name.as_deref().map(str::to_owned),
        }
    }
}

/// The property of an application that can be changed.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a body that is read by its fields")]
#[schema(rename_all = "camelCase")]
pub(crate) struct ApplicationName {
    /// The name, for people.
    #[schema(max_length = 255)]
    application_name: Option<String>,
}

/// Applications.
enum Applications {}

impl Resource for Applications {
    type Body = ApplicationBody;

    const NAME: &'static str = "application";
    const ID_FIELD: &'static str = "applicationId";
    const NAME_FIELD: &'static str = "applicationName";

    fn find(sight: Sight<'_>, id: &str) -> Result<ApplicationBody, Hidden> {
        sight.application(id).map(|application| ApplicationBody::from(application.get()))
    }

    fn may_create(caller: &Caller) -> Result<(), Fault> {
        caller.needs_platform("making applications")
    }

    fn put(view: &View, _: Sight<'_>, id: &str, body: &Map<String, Value>) -> Result<Vec<Change>, Fault> {
        let there = view.catalog().application(id).map(|(_, application)| application);
        let is_new = there.is_none();
        let generation = view.state.generation(view.catalog(), id);
        let mut body = body.clone();
        if generation > 0 {
            body.insert("generation".into(), generation.into());
        }
        // What this API does not know stays as it is.
        let attributes = there.into_iter().flat_map(|application| application.attributes.iter());
        let attributes: Map<String, Value> = attributes.map(|(name, value)| (name.to_owned(), value.into())).collect();
        if !attributes.is_empty() {
            body.insert("attributes".into(), attributes.into());
        }
        let mut changes = vec![Change::put(Kind::Application, id, &body)];
        if is_new && generation > 0 {
            // From now on the application itself has it.
            changes.push(Change::remove(Kind::Generation, id));
        }
        Ok(changes)
    }

    fn removal(view: &View, id: &str, caller: &Caller) -> Result<Vec<Change>, Fault> {
        caller.needs_platform("removing applications")?;
        if id == DEFAULT_APPLICATION {
            return Err(Fault::property("applicationId", "the application `default` always exists"));
        }
        Ok(removal::of_application(view, id))
    }
}

/// All applications, in pages.
#[utoipa::path(get, path = "/provisioning/1/applications", tag = "provisioning",
    params(ShortPageQuery),
    responses((status = 200, body = Paged<ApplicationBody>), Errors1))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<ApplicationBody>>> {
    let page = parameters.page(20)?;
    let view = service.view();
    Ok(Json(match view.sight(&caller).applications(None) {
        Some(own) => page.of(own.into_iter(), |application| ApplicationBody::from(application.get())),
        None => page.of(view.catalog().applications().iter(), ApplicationBody::from),
    }))
}

/// Creates an application.
#[utoipa::path(post, path = "/provisioning/1/applications", tag = "provisioning", request_body = ApplicationBody,
    responses((status = 201), Errors1))]
pub(super) async fn create(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<StatusCode> {
    resource::create::<Applications>(&service, caller, &bytes).await
}

/// One application.
#[utoipa::path(get, path = "/provisioning/1/applications/{applicationId}", tag = "provisioning",
    params(("applicationId" = String, Path)), responses((status = 200, body = ApplicationBody), Errors1))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<ApplicationBody>> {
    resource::get::<Applications>(&service, &caller, &id)
}

/// Renames an application, or removes its name.
#[utoipa::path(put, path = "/provisioning/1/applications/{applicationId}", tag = "provisioning",
    params(("applicationId" = String, Path)), request_body = ApplicationName,
    responses((status = 204), Errors1))]
pub(super) async fn rename(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Answer<NoContent> {
    resource::rename::<Applications>(&service, caller, id, &bytes).await
}

/// Removes an application. Its associations move to the application `default`; its strategies, default senders,
/// bindings, modules and keys are removed.
#[utoipa::path(delete, path = "/provisioning/1/applications/{applicationId}", tag = "provisioning",
    params(("applicationId" = String, Path)), responses((status = 200), Errors1))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    resource::remove::<Applications>(&service, caller, id).await
}
