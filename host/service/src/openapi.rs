//! All paths, and the document that is made from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::service::Service;
use crate::{probes, provisioning, v1};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Callsign",
        description = "From which of its senders should this message go out? Decisions, and the platform that they are \
            made on. The paths under `/provisioning` and `/numbers` are those of a provisioning API that people use \
            already; Callsign's own are under `/v1`."
    ),
    modifiers(&Keys),
    security(("key" = [])),
    components(schemas(
        crate::http::RequestErrorBody,
        crate::http::ErrorBody,
        crate::http::Problem,
    ))
)]
struct Api;

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut Document) {
        let description = "`App KEY`, such as `App cs_0123456789ab_...`";
        let key = ApiKey::Header(ApiKeyValue::with_description("Authorization", description));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::ApiKey(key));
    }
}

/// All paths, and the document.
pub(crate) fn routes() -> (Router<Arc<Service>>, Document) {
    OpenApiRouter::with_openapi(Api::openapi())
        .merge(provisioning::routes())
        .merge(v1::routes())
        .merge(probes::routes())
        .split_for_parts()
}

/// The document, and a page for people that needs nothing from elsewhere.
pub(crate) fn pages(document: Document) -> Router<Arc<Service>> {
    let text = document.to_json().unwrap_or_default();
    let json = async move || ([(http::header::CONTENT_TYPE, "application/json")], text.clone());
    let config = utoipa_swagger_ui::Config::from("/openapi.json").validator_url("none");
    let page = SwaggerUi::new("/docs").config(config);
    Router::new().route("/openapi.json", get(json)).merge(Router::from(page))
}

fn responses(body: &str, kind: &str, which: &[(u16, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let response = |words: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(body))).build();
        RefOr::T(ResponseBuilder::new().description(words).content(kind, content).build())
    };
    which.iter().map(|(status, words)| (status.to_string(), response(words))).collect()
}

const COMMON: [(u16, &str); 6] = [
    (400, "Something in the request is not as it should be; the properties are named"),
    (401, "No valid key"),
    (403, "The key does not have the scope"),
    (404, "There is no such thing, or not for this key"),
    (429, "Too many requests; Retry-After says when to try again"),
    (500, "Something went wrong in the service"),
];

/// Faults of `/provisioning/1` and `/numbers`.
pub(crate) struct Errors1;

impl IntoResponses for Errors1 {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let more = [(409, "It exists already"), (503, "Too much is going on, or the catalog store is away")];
        responses("RequestErrorBody", "application/json", &[&COMMON[..], &more].concat())
    }
}

/// Faults of `/provisioning/2`.
pub(crate) struct Errors2;

impl IntoResponses for Errors2 {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let more = [(503, "Too much is going on, or the catalog store is away")];
        responses("ErrorBody", "application/json", &[&COMMON[..], &more].concat())
    }
}

/// Faults of `/v1`.
pub(crate) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let more = [
            (408, "The body did not arrive in time"),
            (409, "It stands against what is there"),
            (412, "It is not what `If-Match` says any more"),
            (413, "The body is too long"),
            (503, "Too much is going on, or a store is away"),
        ];
        responses("Problem", "application/problem+json", &[&COMMON[..], &more].concat())
    }
}
