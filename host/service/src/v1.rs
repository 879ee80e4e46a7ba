//! The API under `/v1`.

mod audit;
mod bindings;
mod condition;
mod coverage;
mod decisions;
mod default_senders;
mod element;
mod entities;
mod events;
mod keys;
mod modules;
mod resource;
mod senders;
mod sticky;
mod strategies;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::service::Service;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(decisions::decide))
        .routes(routes!(modules::list, modules::upload))
        .routes(routes!(modules::get, modules::remove))
        .routes(routes!(modules::component))
        .merge(bindings::routes())
        .routes(routes!(sticky::get, sticky::pin, sticky::release))
        .routes(routes!(sticky::list))
        .routes(routes!(sticky::migrate))
        .routes(routes!(events::listen))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::remove))
        .routes(routes!(keys::rotate))
        .routes(routes!(audit::list))
        .merge(senders::routes())
        .merge(coverage::routes())
        .merge(default_senders::routes())
        .merge(entities::routes())
        .merge(strategies::routes())
}
