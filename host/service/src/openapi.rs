//! What the OpenAPI document says besides the paths, and the pages that show it.

use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use bytes::Bytes;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::SwaggerUi;

use crate::service::Service;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Callsign",
        description = "Decides from which of its senders a message goes out, and manages the platform that the decisions \
            are made on. The paths under `/provisioning` and `/numbers` are those of a provisioning API that clients \
            already use; Callsign's own are under `/v1`."
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
        let description = "`App KEY`, such as `App cs_0123456789ab_...`. Each operation lists the scope that the key needs, \
            and `platform` if it must not be a key of an application.";
        let key = ApiKey::Header(ApiKeyValue::with_description("Authorization", description));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::ApiKey(key));
    }
}

/// The document without any path.
pub(crate) fn document() -> Document {
    Api::openapi()
}

/// The document as JSON, and a page that shows it without loading anything from elsewhere.
pub(crate) fn pages(document: Document) -> Router<Arc<Service>> {
    let text = Bytes::from(document.to_json().unwrap_or_default());
    let json = async move || ([(http::header::CONTENT_TYPE, "application/json")], text.clone());
    let config = utoipa_swagger_ui::Config::from("/openapi.json").validator_url("none");
    let page = SwaggerUi::new("/docs").config(config);
    // Whoever opens the address of the service in a browser is led to the console, which leads to everything else.
    let first = async || Redirect::to("/console/");
    Router::new().route("/", get(first)).route("/openapi.json", get(json)).merge(Router::from(page))
}
