//! Applications with their attributes. They are made and removed under `/provisioning/1/applications`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use callsign::{Application, Catalog};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::condition::{Conditions, Tagged};
use super::element::{Identified, members, with};
use super::resource::{self, Resource};
use crate::change::{Kind, raw};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, PageQuery, Paged, Parameters, Problems};
use crate::service::{Service, View};
use crate::visibility::{Hidden, Sight};

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, put))
}

/// An environment or a use case that sends messages, as a catalog file writes it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FullApplicationBody)]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct ApplicationBody {
    /// Its id; that of the path if left out.
    #[schema(required = false, min_length = 1, max_length = 255)]
    application_id: String,
    /// Its name, for people.
    #[schema(max_length = 255)]
    application_name: Option<String>,
    /// How many applications with this id were removed before; 0 if left out. It cannot be changed.
    generation: Option<u32>,
    /// Texts by name, for policies of tenants: up to 32, with names of 1 to 64 letters, digits, `_`, `.` and `-`, and
    /// values of up to 255 characters.
    attributes: Option<BTreeMap<String, String>>,
}

/// Applications.
enum Applications {}

impl Resource for Applications {
    type Element = Application;

    const KIND: Kind = Kind::Application;
    const NAME: &'static str = "application";
    const ID: &'static str = "applicationId";
    const PATH: &'static str = "/v1/applications";

    fn get<'a>(catalog: &'a Catalog, id: &str) -> Option<&'a Application> {
        catalog.application(id).map(|(_, application)| application)
    }

    fn find<'v>(sight: Sight<'v>, id: &str) -> Result<&'v Application, Hidden> {
        sight.application(id).map(|application| application.get())
    }

    fn json(catalog: &Catalog, application: &Application) -> Box<RawValue> {
        raw(&catalog.application_json(application))
    }

    fn read(view: &View, body: &Identified, caller: &Caller) -> Result<Box<RawValue>, Fault> {
        let there = Self::find(view.sight(caller), &body.id)?;
        let generation = raw(&there.generation);
        let body = match members(&body.body).get("generation") {
            Some(given) if given.get() != generation.get() => {
                let text = format!("is {generation}, and cannot be changed: leave it out");
                return Err(Fault::property("generation", text));
            }
            Some(_) => body.clone(),
            None => Identified { body: with(&body.body, [("generation", &*generation)]), ..body.clone() },
        };
        resource::read_in_catalog::<Self>(view, &body)
    }

    /// Applications are made elsewhere.
    fn may_put(sight: Sight<'_>, id: &str, caller: &Caller) -> Result<(), Fault> {
        Self::find_own(sight, id, caller).map(drop)
    }
}

/// The applications with their attributes, in pages. A tenant sees its own.
#[utoipa::path(get, path = "/v1/applications", tag = "applications",
    params(PageQuery), responses((status = 200, body = Paged<ApplicationBody>), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<Box<RawValue>>>> {
    let page = parameters.page(100)?;
    let view = service.view();
    let catalog = view.catalog();
    Ok(Json(match view.sight(&caller).applications(None) {
        Some(own) => page.of(own.into_iter(), |application| Applications::json(catalog, application.get())),
        None => page.of(catalog.applications().iter(), |application| Applications::json(catalog, application)),
    }))
}

/// One application with its attributes.
#[utoipa::path(get, path = "/v1/applications/{applicationId}", tag = "applications",
    params(("applicationId" = String, Path)),
    responses((status = 200, body = ApplicationBody, description = "The application, with its `ETag`"),
        (status = 304, description = "It is what `If-None-Match` says still"), Problems))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
) -> Answer<Tagged> {
    resource::get::<Applications>(&service, &caller, &id, &conditions)
}

/// Replaces the name and the attributes of an application that exists. `If-Match` requires the `ETag` that was read.
#[utoipa::path(put, path = "/v1/applications/{applicationId}", tag = "applications",
    params(("applicationId" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = ApplicationBody,
    responses((status = 200, body = ApplicationBody, description = "The application, with its new `ETag`"), Problems))]
pub(super) async fn put(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    body: Bytes,
) -> Answer<Tagged> {
    Applications::may_put(service.view().sight(&caller), &id, &caller)?;
    resource::put::<Applications>(&service, caller, &id, conditions, &body).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_generation_is_not_written() {
        let catalog = Catalog::from_json(r#"{"applications":[{"applicationId":"a","attributes":{"b":"c"}}]}"#);
        let catalog = catalog.expect("a catalog");
        let (_, application) = catalog.application("a").expect("it is there");
        let json = Applications::json(&catalog, application);
        assert_eq!(json.get(), r#"{"applicationId":"a","attributes":{"b":"c"}}"#);
    }
}
