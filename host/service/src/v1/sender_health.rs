//! The health of senders, as it is reported with a key. What follows from receipts is in the answers too.

mod report;

use std::sync::Arc;

use axum::extract::{Path, State};
use bytes::Bytes;
use callsign::{Channel, Country};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::report::{Checked, NewReport, ReportBody};
use super::senders::{channel, country};
use crate::change::now;
use crate::fault::{Fault, Violation};
use crate::http::{Answer, Caller, Json, NoContent, PageQuery, Paged, Parameters, Problems, body, quoted};
use crate::sender_health::{Origin, Report, ReportKey, Status};
use crate::service::{Service, View};

pub(super) fn routes() -> OpenApiRouter<Arc<Service>> {
    OpenApiRouter::new().routes(routes!(get, put, remove)).routes(routes!(list, report))
}

/// The reports about a sender.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SenderHealthBody {
    sender_id: String,
    /// The one that counts before others first. What none of them is about is healthy.
    reports: Vec<ReportBody>,
}

/// A sender that is unhealthy.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnhealthyBody {
    sender_id: String,
    #[serde(flatten)]
    report: ReportBody,
}

/// Reports about several senders.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportsBody {
    /// At most 1,000 (`limits.messages`).
    reports: Vec<SenderReport>,
}

/// A report about one of several senders.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SenderReport {
    sender_id: String,
    /// `HEALTHY` or `UNHEALTHY`.
    status: String,
    /// `SMS`, `MMS` or `RCS`; all if left out.
    #[schema(required = false)]
    channel: Option<String>,
    /// ISO 3166-1 alpha-2; all if left out.
    #[schema(required = false)]
    country: Option<String>,
    /// When the report ends, as RFC 3339. If left out it counts until it is replaced or removed.
    #[schema(required = false)]
    until: Option<String>,
    /// For people, up to 255 characters.
    #[schema(required = false)]
    reason: Option<String>,
}

/// Checks that the caller may report the health of a sender.
///
/// # Errors
/// 404: there is no such sender, or the caller does not see it. 403: others use it too.
fn reportable(view: &View, caller: &Caller, id: &str) -> Result<(), Fault> {
    let sight = view.sight(caller);
    sight.sender(id)?;
    match sight.has_sender_alone(id) {
        true => Ok(()),
        false => Err(Fault::forbidden(format!("not this application alone uses the sender {}", quoted(id)))),
    }
}

/// What is unhealthy, in pages, by sender: reports that count, by hand or from receipts.
///
/// `channel` and `country` leave those that are about all, or about this one. A tenant sees the senders that are associated
/// with its application.
#[utoipa::path(get, path = "/v1/health", tag = "health",
    params(PageQuery, ("channel" = Option<String>, Query), ("country" = Option<String>, Query)),
    responses((status = 200, body = Paged<UnhealthyBody>), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<Paged<UnhealthyBody>>> {
    let page = parameters.page(100)?;
    let (channel, country) = (channel(&parameters)?, country(&parameters)?);
    let view = service.view();
    let sight = view.sight(&caller);
    let reports = service.sender_health.reports();
    let is_wanted = |(key, _): &(&ReportKey, &Report)| {
        let fits = channel.is_none_or(|channel| key.channel.is_none_or(|of| of == channel))
            && country.is_none_or(|country| key.country.is_none_or(|of| of == country));
        fits && sight.sender(&key.sender).is_ok()
    };
    let found = reports.unhealthy(now()).filter(is_wanted);
    Ok(Json(page.of(found, |(key, report)| UnhealthyBody {
        sender_id: key.sender.to_string(),
        report: ReportBody::of(key, report, &caller),
    })))
}

/// Reports the health of several senders: all of it, or nothing if something is wrong.
#[utoipa::path(post, path = "/v1/health", tag = "health", request_body = ReportsBody,
    responses((status = 204), Problems))]
pub(super) async fn report(State(service): State<Arc<Service>>, caller: Caller, bytes: Bytes) -> Answer<NoContent> {
    let ReportsBody { reports } = body(&bytes)?;
    let most = service.limits.load().messages;
    if reports.is_empty() || reports.len() > most {
        let text = format!("has {} reports, and may have 1 to {most} (limits.messages)", reports.len());
        return Err(Fault::property("reports", text));
    }
    let (now, view) = (now(), service.view());
    let (mut checked, mut wrong, mut seen) = (Vec::new(), Vec::new(), hashbrown::HashSet::new());
    for (index, given) in reports.into_iter().enumerate() {
        let at = format!("reports[{index}].");
        let SenderReport { sender_id, status, channel, country, until, reason } = given;
        match reportable(&view, &caller, &sender_id) {
            Ok(()) => {}
            Err(fault) if fault.status == http::StatusCode::NOT_FOUND => {
                wrong.push(Violation::new(format!("{at}senderId"), fault.text));
            }
            Err(fault) => return Err(fault),
        }
        match (NewReport { status, channel, country, until, reason }).check(&at, now) {
            Err(violations) => wrong.extend(violations),
            Ok(report) => {
                let report = report.about(&sender_id);
                if !seen.insert(report.0.clone()) {
                    let text = "is reported twice for this channel and country";
                    wrong.push(Violation::new(format!("{at}senderId"), text));
                }
                checked.push(report);
            }
        }
    }
    if !wrong.is_empty() {
        return Err(Fault::invalid(wrong));
    }
    store(&service, &caller, checked).await?;
    Ok(NoContent)
}

/// What is reported of a sender, by hand or from receipts.
#[utoipa::path(get, path = "/v1/senders/{senderId}/health", tag = "health", params(("senderId" = String, Path)),
    responses((status = 200, body = SenderHealthBody), Problems))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<SenderHealthBody>> {
    service.view().sight(&caller).sender(&id)?;
    let reports = service.sender_health.reports();
    let reports = reports.of(&id, now()).map(|(key, report)| ReportBody::of(key, report, &caller)).collect();
    Ok(Json(SenderHealthBody { sender_id: id, reports }))
}

/// Reports the health of a sender, for a channel or all and a country or all. It replaces the report for the same, and
/// counts before older ones and before receipts. Decisions follow within a second, on every node.
#[utoipa::path(put, path = "/v1/senders/{senderId}/health", tag = "health", params(("senderId" = String, Path)),
    request_body = NewReport, responses((status = 200, body = ReportBody), Problems))]
pub(super) async fn put(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Answer<Json<ReportBody>> {
    reportable(&service.view(), &caller, &id)?;
    let checked = body::<NewReport>(&bytes)?.check("", now()).map_err(Fault::invalid)?.about(&id);
    let stored = store(&service, &caller, vec![checked]).await?;
    let (key, report) = &stored[0];
    Ok(Json(ReportBody::of(key, report, &caller)))
}

/// Removes the reports by hand about a sender: all of them, or those for a channel, a country, or both. What its receipts say
/// counts again.
#[utoipa::path(delete, path = "/v1/senders/{senderId}/health", tag = "health",
    params(
        ("senderId" = String, Path), ("channel" = Option<String>, Query), ("country" = Option<String>, Query),
    ),
    responses((status = 204), Problems))]
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Answer<NoContent> {
    reportable(&service.view(), &caller, &id)?;
    let (channel, country) = (channel(&parameters)?, country(&parameters)?);
    let is_meant = |key: &ReportKey| {
        key.origin == Origin::Hand
            && (channel.is_none() || key.channel == channel)
            && (country.is_none() || key.country == country)
    };
    let withdrawn: Vec<(ReportKey, Option<Report>)> = {
        let reports = service.sender_health.reports();
        let meant = reports.of(&id, now()).filter(|(key, _)| is_meant(key));
        meant.map(|(key, _)| (key.clone(), None)).collect()
    };
    let keys: Vec<ReportKey> = withdrawn.iter().map(|(key, _)| key.clone()).collect();
    // Nothing that is removed needs its sender.
    let _ = service.report_health(caller.budgets.clone(), withdrawn).await?;
    tell(&caller, keys.iter().map(|key| (key, None)));
    Ok(NoContent)
}

/// Tells the log who reported what, in one line, within the lines that a tenant may log.
fn tell<'a>(caller: &Caller, reports: impl ExactSizeIterator<Item = (&'a ReportKey, Option<Status>)>) {
    /// The most reports that are named.
    const NAMED: usize = 3;
    if reports.len() == 0 || caller.budgets.as_ref().is_some_and(|tenant| !tenant.log.take()) {
        return;
    }
    let more = match reports.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let named = reports.take(NAMED).map(|(key, status)| {
        let about = [key.channel.map(Channel::as_str), key.country.map(Country::as_str)];
        let about: String = about.into_iter().flatten().map(|about| format!("{about} ")).collect();
        format!("{} {about}{}", quoted(&key.sender), status.map_or("not reported any more", Status::as_str))
    });
    let named: Vec<String> = named.collect();
    tracing::info!("health by {}: {}{more}", quoted(&caller.author().who), named.join(", "));
}

/// Stores reports of a caller.
async fn store(
    service: &Arc<Service>,
    caller: &Caller,
    checked: Vec<(ReportKey, Checked)>,
) -> Answer<Vec<(ReportKey, Report)>> {
    let now = now();
    let who: Box<str> = caller.author().who.into();
    let reports: Vec<(ReportKey, Report)> = {
        let known = service.sender_health.reports();
        let made = checked.into_iter().map(|(key, checked)| {
            let before = known.get(&key, now).filter(|before| before.status == checked.status);
            let report = Report {
                status: checked.status,
                since: before.map_or(now, |before| before.since),
                at: now,
                until: checked.until,
                reason: checked.reason,
                by: Some(who.clone()),
            };
            (key, report)
        });
        made.collect()
    };
    let put = reports.iter().map(|(key, report)| (key.clone(), Some(report.clone()))).collect();
    if let Err(gone) = service.report_health(caller.budgets.clone(), put).await? {
        return Err(Fault::not_found(format!("the sender {}", quoted(&gone))));
    }
    tell(caller, reports.iter().map(|(key, report)| (key, Some(report.status))));
    Ok(reports)
}
