//! All paths of the service, and the guard before them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::Response;
use http::Method;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;

use crate::fault::Fault;
use crate::http::{Guard, Needs, guard};
use crate::service::Service;
use crate::{console, health, openapi, provisioning, v1};

/// Everything that the service answers, with the guard before it.
pub(crate) struct Front {
    service: Arc<Service>,
    guard: Arc<Guard>,
    routes: TowerToHyperService<Router>,
}

impl Front {
    pub(crate) fn new(service: &Arc<Service>) -> Self {
        let (api, document) = routes();
        let guarded = Arc::new(Guard::new(Arc::clone(service), Needs::of(&document)));
        let routes = api
            .merge(openapi::pages(document))
            .merge(console::routes())
            .with_state(Arc::clone(service))
            .fallback(async || Fault::not_found("this path"))
            // The guard has read the body, up to the limit of its path.
            .layer(DefaultBodyLimit::disable())
            .layer(axum::middleware::from_fn_with_state(Arc::clone(&guarded), guard));
        Self { service: Arc::clone(service), guard: guarded, routes: TowerToHyperService::new(routes) }
    }

    pub(crate) fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// Answers a request. One for decisions goes from the guard straight to its handler: the router, its layers and its extractors
    /// took a sixth of the time of one.
    pub(crate) async fn answer(&self, request: Request) -> Response {
        if request.method() == Method::POST && request.uri().path() == v1::DECISIONS {
            let service = Arc::clone(&self.service);
            return self.guard.pass(Some(v1::DECISIONS), request, |admitted| v1::decide(service, admitted)).await;
        }
        let Ok(response) = self.routes.call(request).await;
        response
    }
}

/// All paths of the API, and the OpenAPI document of them.
pub(crate) fn routes() -> (Router<Arc<Service>>, Document) {
    OpenApiRouter::with_openapi(openapi::document())
        .merge(provisioning::routes())
        .merge(v1::routes())
        .merge(health::routes())
        .split_for_parts()
}

/// What probes ask for, on a listener of their own.
pub(crate) fn probes(service: &Arc<Service>) -> Router {
    health::routes().split_for_parts().0.with_state(Arc::clone(service))
}
