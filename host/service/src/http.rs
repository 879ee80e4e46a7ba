//! Requests in, answers out: what is true of all of them.

mod caller;
mod distinct;
mod guard;
mod input;
mod listener;
mod rate;
mod shape;
mod tls;

use std::sync::Arc;

use axum::Router;

pub(crate) use self::caller::Caller;
pub(crate) use self::input::{Json, Parameters, body, element, not_json, plain, quoted, raw_object};
pub(crate) use self::listener::Listener;
pub(crate) use self::rate::Rates;
pub(crate) use self::shape::{ErrorBody, NoContent, Paged, Problem, RequestErrorBody};
use crate::fault::Fault;
use crate::service::Service;

/// What handlers answer.
pub(crate) type Answer<T> = Result<T, Fault>;

/// All of the service, behind the guard.
pub(crate) fn router(service: &Arc<Service>) -> Router {
    let (api, document) = crate::openapi::routes();
    let guard = guard::Guard::new(Arc::clone(service));
    api.merge(crate::openapi::pages(document))
        .with_state(Arc::clone(service))
        .fallback(async || Fault::not_found("this path"))
        .layer(axum::middleware::from_fn_with_state(Arc::new(guard), guard::pass))
}
