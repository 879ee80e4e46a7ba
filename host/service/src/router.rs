//! All paths of the service, and the guard before them.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;

use crate::fault::Fault;
use crate::http::{Guard, Needs, guard};
use crate::service::Service;
use crate::{console, health, openapi, provisioning, v1};

/// All paths of the API, and the OpenAPI document of them.
pub(crate) fn routes() -> (Router<Arc<Service>>, Document) {
    OpenApiRouter::with_openapi(openapi::document())
        .merge(provisioning::routes())
        .merge(v1::routes())
        .merge(health::routes())
        .split_for_parts()
}

/// Everything that the service answers, and the guard before it.
pub(crate) fn router(service: &Arc<Service>) -> (Router, Arc<Guard>) {
    let (api, document) = routes();
    let guarded = Arc::new(Guard::new(Arc::clone(service), Needs::of(&document)));
    let router = api
        .merge(openapi::pages(document))
        .merge(console::routes())
        .with_state(Arc::clone(service))
        .fallback(async || Fault::not_found("this path"))
        // The guard has read the body, up to the limit of its path.
        .layer(DefaultBodyLimit::disable())
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&guarded), guard));
    (router, guarded)
}

/// What probes ask for, on a listener of their own.
pub(crate) fn probes(service: &Arc<Service>) -> Router {
    health::routes().split_for_parts().0.with_state(Arc::clone(service))
}
