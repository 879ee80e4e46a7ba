//! Applications.

use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use callsign::{Application, DEFAULT_APPLICATION};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::removal;
use crate::change::{Change, Kind};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Errors1, Json, NoContent, Paged, Parameters, element};
use crate::key::Scope;
use crate::service::{Plan, Service};

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

impl ApplicationBody {
    fn of(application: &Application) -> Self {
        Self {
            application_id: application.id.to_string(),
            application_name: application.name.as_deref().map(str::to_owned),
        }
    }
}

/// What of an application can be changed.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a body that is read by its fields")]
#[schema(rename_all = "camelCase")]
pub(crate) struct ApplicationName {
    /// The name, for people.
    #[schema(max_length = 255)]
    application_name: Option<String>,
}

fn unknown(id: &str) -> Fault {
    Fault::not_found(format!("the application {}", crate::http::quoted(id)))
}

/// All applications, in pages.
#[utoipa::path(get, path = "/provisioning/1/applications", tag = "provisioning",
    params(
        ("page" = Option<u32>, Query, description = "From 0", minimum = 0),
        ("size" = Option<u32>, Query, description = "1 to 1000, default 20", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, body = Paged<ApplicationBody>), Errors1))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<ApplicationBody>>> {
    caller.needs(Scope::ApplicationEntity)?;
    let page = parameters.page(20)?;
    let revision = service.revision();
    let visible = revision.catalog().applications().iter().filter(|application| caller.may_see(&application.id));
    Ok(Json(page.of(visible, ApplicationBody::of)))
}

/// Makes an application.
#[utoipa::path(post, path = "/provisioning/1/applications", tag = "provisioning", request_body = ApplicationBody,
    responses((status = 201), Errors1))]
pub(super) async fn create(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<StatusCode> {
    caller.needs(Scope::ApplicationEntity)?;
    caller.needs_platform("making applications")?;
    let body = element(&bytes, &["applicationId", "applicationName"])?;
    let id = body.get("applicationId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let plan = move |view: &crate::service::View| {
        if view.catalog().application(&id).is_some() {
            return Err(Fault::conflict(format!("the application {} exists already", crate::http::quoted(&id))));
        }
        Ok(Plan::new(vec![Change::put(Kind::Application, &*id, &body)], ()))
    };
    service.change(caller.author(), plan).await?;
    Ok(StatusCode::CREATED)
}

/// One application.
#[utoipa::path(get, path = "/provisioning/1/applications/{applicationId}", tag = "provisioning",
    params(("applicationId" = String, Path)), responses((status = 200, body = ApplicationBody), Errors1))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<ApplicationBody>> {
    caller.needs(Scope::ApplicationEntity)?;
    let revision = service.revision();
    let found = revision.catalog().application(&id).filter(|_| caller.may_see(&id));
    found.map(|(_, application)| Json(ApplicationBody::of(application))).ok_or_else(|| unknown(&id))
}

/// Gives an application another name, or none.
#[utoipa::path(put, path = "/provisioning/1/applications/{applicationId}", tag = "provisioning",
    params(("applicationId" = String, Path)), request_body = ApplicationName,
    responses((status = 204), Errors1))]
pub(super) async fn rename(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Answer<NoContent> {
    caller.needs(Scope::ApplicationEntity)?;
    let mut body = element(&bytes, &["applicationName"])?;
    body.insert("applicationId".into(), id.clone().into());
    let may_see = caller.may_see(&id);
    let plan = move |view: &crate::service::View| {
        view.catalog().application(&id).filter(|_| may_see).ok_or_else(|| unknown(&id))?;
        Ok(Plan::new(vec![Change::put(Kind::Application, &*id, &body)], NoContent))
    };
    service.change(caller.author(), plan).await
}

/// Removes an application. Its associations move to the application `default`; its strategies, default senders, bindings,
/// modules and keys end.
#[utoipa::path(delete, path = "/provisioning/1/applications/{applicationId}", tag = "provisioning",
    params(("applicationId" = String, Path)), responses((status = 200), Errors1))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    caller.needs(Scope::ApplicationEntity)?;
    let (may_see, is_platform) = (caller.may_see(&id), caller.tenant().is_none());
    let plan = move |view: &crate::service::View| {
        view.catalog().application(&id).filter(|_| may_see).ok_or_else(|| unknown(&id))?;
        if !is_platform {
            return Err(Fault::forbidden("removing applications belongs to the platform"));
        }
        if id == DEFAULT_APPLICATION {
            return Err(Fault::property("applicationId", "the application `default` always exists"));
        }
        Ok(Plan::new(removal::of_application(view, &id), StatusCode::OK))
    };
    service.change(caller.author(), plan).await
}
