//! The provisioning API that clients already use: its paths, fields, codes and errors are kept exactly.

mod applications;
mod associations;
mod entities;
mod numbers;
mod removal;
mod resource;
mod strategies;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::needs;
use crate::key::Scope;
use crate::service::Service;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    let platform = OpenApiRouter::new()
        .routes(routes!(applications::list, applications::create))
        .routes(routes!(applications::get, applications::rename, applications::remove))
        .routes(routes!(entities::list, entities::create))
        .routes(routes!(entities::get, entities::rename, entities::remove))
        .routes(routes!(associations::list, associations::create, associations::remove))
        .routes(routes!(associations::single));
    let strategies =
        OpenApiRouter::new().routes(routes!(strategies::list, strategies::create)).routes(routes!(strategies::remove));
    let numbers = OpenApiRouter::new().routes(routes!(numbers::list));
    OpenApiRouter::new()
        .merge(needs(Scope::ApplicationEntity, platform))
        .merge(needs(Scope::SendingStrategy, strategies))
        .merge(needs(Scope::Numbers, numbers))
}
