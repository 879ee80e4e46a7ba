//! Health and metrics, for load balancers and Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::change::time;
use crate::decision_log::DecisionLog;
use crate::http::OwnBody;
use crate::service::Service;

pub(crate) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready)).routes(routes!(metrics))
}

/// The health of the service.
#[derive(Serialize, ToSchema)]
struct Health {
    /// Whether messages are decided.
    decides: bool,
    /// Whether the platform can be changed.
    changes: bool,
    /// How many bindings are not in use yet. After a start their messages are answered by their failure rules.
    starting: usize,
    /// The revision of the platform that is served.
    revision: u64,
    /// Stores that do not answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    away: Vec<Away>,
}

/// A store that does not answer.
#[derive(Serialize, ToSchema)]
struct Away {
    /// `catalog`, without which nothing can be changed; `pins`, without which messages that need one are refused; or `log`,
    /// the decision log, without which messages are refused if `log.promise` is `keep`.
    store: &'static str,
    /// Since when.
    since: String,
}

fn health(service: &Service) -> Health {
    let ending = *service.ending.borrow();
    let log = service.decision_log.as_ref();
    let away = [
        ("catalog", service.catalog_outage.since()),
        ("pins", service.pin_outage.since()),
        ("log", log.and_then(DecisionLog::failing_since)),
    ];
    let away = away.into_iter().filter_map(|(store, since)| Some(Away { store, since: time(since?) }));
    Health {
        decides: log.is_none_or(|log| !log.refuses()),
        changes: service.is_changeable() && !ending,
        starting: service.starting_bindings(),
        revision: service.state().revision,
        away: away.collect(),
    }
}

/// Whether messages are decided: for load balancers of decisions. 503 if `log.promise` is `keep` and the decision log cannot
/// be written: messages are refused then.
#[utoipa::path(get, path = "/healthz", tag = "watching", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn alive(State(service): State<Arc<Service>>) -> Response {
    let health = health(&service);
    said(health.decides, health)
}

/// Whether the platform can be changed here: 503 if the catalog store does not answer or the service is ending, while
/// decisions go on; and as long as `/healthz` says 503.
#[utoipa::path(get, path = "/readyz", tag = "watching", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn ready(State(service): State<Arc<Service>>) -> Response {
    let health = health(&service);
    said(health.changes && health.decides, health)
}

fn said(is_well: bool, health: Health) -> Response {
    let status = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, axum::Json(health)).into_response();
    response.extensions_mut().insert(OwnBody);
    response
}

/// The metrics, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "watching", security(()),
    responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
async fn metrics(State(service): State<Arc<Service>>) -> Response {
    service.metrics.revision.set(service.state().revision.cast_signed());
    service.metrics.changeable.set(service.is_changeable().into());
    service.metrics.pins_answer.set((!service.pin_outage.is_away()).into());
    service.metrics.set_log(service.decision_log.as_ref().map(DecisionLog::counters).unwrap_or_default());
    service.metrics.set_highest(service.tenants.highest());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], service.metrics.text()).into_response()
}
