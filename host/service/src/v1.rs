//! The API under `/v1`.

mod applications;
mod audit;
mod bindings;
mod catalog;
mod condition;
mod coverage;
mod decisions;
mod default_senders;
mod element;
mod entities;
mod events;
mod keys;
mod logged_decisions;
mod module_keys;
mod modules;
mod numbering;
mod receipts;
mod resource;
mod sender_health;
mod senders;
mod sticky;
mod strategies;
mod usage;
mod what_if;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::decisions::{PATH as DECISIONS, decide_admitted as decide};
use crate::http::{needs, needs_platform};
use crate::key::Scope;
use crate::service::Service;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    let decisions =
        OpenApiRouter::new().routes(routes!(decisions::decide)).routes(routes!(decisions::instead::decide_instead));
    let policies = OpenApiRouter::new()
        .routes(routes!(modules::list, modules::upload))
        .routes(routes!(modules::get, modules::remove))
        .routes(routes!(modules::component))
        .merge(bindings::routes());
    let sharing = OpenApiRouter::new().routes(routes!(modules::share)).routes(routes!(modules::unshare));
    let pins =
        OpenApiRouter::new().routes(routes!(sticky::get, sticky::pin, sticky::release)).routes(routes!(sticky::list));
    let watching = OpenApiRouter::new()
        .routes(routes!(events::listen))
        .routes(routes!(usage::get))
        .routes(routes!(audit::list))
        .routes(routes!(audit::get));
    let recorded = OpenApiRouter::new().routes(routes!(logged_decisions::list)).merge(what_if::routes());
    let keys = OpenApiRouter::new()
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::remove))
        .routes(routes!(keys::rotate))
        .routes(routes!(module_keys::list, module_keys::add))
        .routes(routes!(module_keys::get))
        .routes(routes!(module_keys::revoke));
    OpenApiRouter::new()
        .merge(needs(Scope::Decisions, decisions))
        .merge(needs(Scope::Modules, policies))
        .merge(needs_platform(Scope::Modules, sharing))
        .merge(needs(Scope::Sticky, pins))
        .merge(needs_platform(Scope::Sticky, OpenApiRouter::new().routes(routes!(sticky::migrate))))
        .merge(needs(Scope::Audit, watching.merge(recorded).merge(coverage::routes())))
        .merge(needs_platform(Scope::Keys, keys))
        .merge(needs(Scope::Numbers, senders::routes().merge(numbering::routes())))
        .merge(needs(Scope::Numbers, sender_health::routes().routes(routes!(receipts::receive))))
        .merge(needs_platform(Scope::Numbers, senders::import_routes()))
        .merge(needs(Scope::ApplicationEntity, applications::routes().merge(entities::routes())))
        .merge(needs_platform(
            Scope::ApplicationEntity,
            entities::attribute_routes().routes(routes!(catalog::get, catalog::put)),
        ))
        .merge(needs(Scope::SendingStrategy, default_senders::routes().merge(strategies::routes())))
}
