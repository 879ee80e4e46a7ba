//! What recorded traffic would come to on something else: jobs, and their reports.

mod comparison;
mod request;
mod sources;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use callsign_replay::WhatIfReport;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::request::WhatIfRequest;
pub(super) use self::request::{checked, named_policy, with_settings, within};
pub(super) use self::sources::ServiceSources;
use super::logged_decisions::log_of;
use crate::change::{new_id, time};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, NoContent, Problems, body, quoted};
use crate::service::Service;
use crate::what_if_jobs::{Job, JobState, NoRoom};

/// What a browser may do with a report: show it, with its own styles, and load nothing.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new()
        .routes(routes!(list, begin))
        .routes(routes!(get, remove))
        .routes(routes!(report))
        .routes(routes!(page))
}

/// A comparison.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WhatIfBody {
    what_if_id: String,
    /// `WAITING` for its turn, `RUNNING`, `DONE` or `FAILED`.
    state: &'static str,
    made_at: String,
    /// How many decisions were compared so far.
    records: u64,
    /// How many bytes of the log were read, of `allBytes`.
    read_bytes: u64,
    all_bytes: u64,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// How many decisions change, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<u64>,
    /// Whether all of the time that was asked for was read, once it is done: a comparison takes 5 minutes at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_complete: Option<bool>,
}

impl WhatIfBody {
    fn of(job: &Job) -> Self {
        let (read_bytes, all_bytes) = job.progress.bytes();
        let mut body = Self {
            what_if_id: job.id.clone(),
            state: "WAITING",
            made_at: time(job.made_at),
            records: job.progress.records(),
            read_bytes,
            all_bytes,
            reason: None,
            changed: None,
            is_complete: None,
        };
        match job.state() {
            JobState::Waiting => {}
            JobState::Running => body.state = "RUNNING",
            JobState::Done(report) => {
                body.state = "DONE";
                (body.changed, body.is_complete) = (Some(report.changed), Some(report.is_complete));
            }
            JobState::Failed(reason) => (body.state, body.reason) = ("FAILED", Some(reason.to_string())),
        }
        body
    }
}

/// The comparisons of a key's application, or of the platform.
#[derive(Serialize, ToSchema)]
pub(super) struct WhatIfsBody {
    /// The oldest first.
    results: Vec<WhatIfBody>,
}

/// Begins to decide recorded messages on something else: other settings, a module, strategies, or a catalog. Nothing is changed.
///
/// The log of this node is read, by default its last 24 hours. A comparison runs in the background for 5 minutes at most, one
/// of a tenant at a time. Each tenant has four of them, of which the oldest that is over goes first; while tenants have many
/// that wait, it has one. The key of a tenant compares decisions of its application, on its own strategies and on modules that
/// it may bind.
#[utoipa::path(post, path = "/v1/what-if", tag = "decisions", request_body = WhatIfRequest,
    responses((status = 202, body = WhatIfBody), Problems))]
pub(super) async fn begin(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<Response> {
    log_of(&service)?;
    let request: WhatIfRequest = body(&bytes)?;
    // Who has no place pays for nothing else.
    service.what_ifs.has_room(caller.tenant()).map_err(no_room)?;
    let (inside, of) = (Arc::clone(&service), caller.clone());
    let runtime = service.bulk.handle();
    // A catalog is indexed, and a module may be compiled.
    let comparison = tokio::task::spawn_blocking(move || request.comparison(&inside, &of, runtime)).await;
    let comparison = comparison.map_err(Fault::internal)??;
    let job = Arc::new(Job::new(new_id().map_err(Fault::internal)?, caller.tenant()));
    service.what_ifs.add(&job).map_err(no_room)?;
    let (running, work) = (Arc::clone(&service), Arc::clone(&job));
    drop(service.bulk.spawn(async move {
        running.what_ifs.run(work, move |progress| comparison.run(progress)).await;
    }));
    Ok((StatusCode::ACCEPTED, Json(WhatIfBody::of(&job))).into_response())
}

/// 429: too many comparisons wait or run.
fn no_room(no_room: NoRoom) -> Fault {
    let text = match no_room {
        NoRoom::Own(there) => format!("{there} comparisons wait or run: wait for one of them, or remove it"),
        NoRoom::Tenants => "the comparisons of all tenants together have no more places: wait for some to end".into(),
    };
    let later = Some(Duration::from_secs(1));
    Fault { retry_after: later, ..Fault::new(StatusCode::TOO_MANY_REQUESTS, text) }
}

/// The comparisons of this node that the key's application has, or the platform.
#[utoipa::path(get, path = "/v1/what-if", tag = "decisions", responses((status = 200, body = WhatIfsBody), Problems))]
pub(super) async fn list(State(service): State<Arc<Service>>, caller: Caller) -> Json<WhatIfsBody> {
    let jobs = service.what_ifs.of(caller.tenant());
    Json(WhatIfsBody { results: jobs.iter().map(|job| WhatIfBody::of(job)).collect() })
}

fn find(service: &Service, caller: &Caller, id: &str) -> Result<Arc<Job>, Fault> {
    let found = service.what_ifs.find(caller.tenant(), id);
    found.ok_or_else(|| Fault::not_found(format!("the comparison {}", quoted(id))))
}

/// How far a comparison has come.
#[utoipa::path(get, path = "/v1/what-if/{whatIfId}", tag = "decisions", params(("whatIfId" = String, Path)),
    responses((status = 200, body = WhatIfBody), Problems))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<WhatIfBody>> {
    Ok(Json(WhatIfBody::of(&*find(&service, &caller, &id)?)))
}

/// Ends a comparison, and removes its report.
#[utoipa::path(delete, path = "/v1/what-if/{whatIfId}", tag = "decisions", params(("whatIfId" = String, Path)),
    responses((status = 204), Problems))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<NoContent> {
    match service.what_ifs.remove(caller.tenant(), &id) {
        true => Ok(NoContent),
        false => Err(Fault::not_found(format!("the comparison {}", quoted(&id)))),
    }
}

/// The report of a comparison that is done.
fn report_of(service: &Service, caller: &Caller, id: &str) -> Result<Arc<WhatIfReport>, Fault> {
    match find(service, caller, id)?.state() {
        JobState::Done(report) => Ok(report),
        JobState::Failed(reason) => Err(Fault::conflict(format!("it has no report: {reason}"))),
        JobState::Waiting | JobState::Running => Err(Fault::conflict("it is not done yet")),
    }
}

/// The report of a comparison that is done: what changes, by step, country, entity and channel, the load of each sender, and
/// examples. 409 as long as it is not done.
#[utoipa::path(get, path = "/v1/what-if/{whatIfId}/report", tag = "decisions", params(("whatIfId" = String, Path)),
    responses((status = 200, body = Object), Problems))]
pub(super) async fn report(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Response> {
    let report = report_of(&service, &caller, &id)?;
    let written = tokio::task::spawn_blocking(move || Json(&*report).into_response()).await;
    written.map_err(Fault::internal)
}

/// The same as a page for people, which refers to nothing elsewhere.
#[utoipa::path(get, path = "/v1/what-if/{whatIfId}/report.html", tag = "decisions", params(("whatIfId" = String, Path)),
    responses((status = 200, body = String, content_type = "text/html"), Problems))]
pub(super) async fn page(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Response> {
    let report = report_of(&service, &caller, &id)?;
    let html = tokio::task::spawn_blocking(move || report.to_html()).await.map_err(Fault::internal)?;
    let mut response = Bytes::from(html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(REPORT_POLICY));
    Ok(response)
}
