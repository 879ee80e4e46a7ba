//! Looking up decisions in the decision log of this node.

mod look;

use std::sync::Arc;

use axum::extract::State;
use callsign_log::{LogError, LoggedDecision, Query, QueryError, find};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use self::look::Look;
use super::decisions::LONGEST;
use crate::decision_log::{DecisionLog, PlaceSeal};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, Parameters, Problems, id, quoted};
use crate::service::Service;

/// Decisions of the log, the newest first.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct LoggedDecisions {
    #[schema(value_type = Vec<LoggedDecisionBody>)]
    results: Vec<LoggedDecision>,
    /// `after` for the next part; left out in the last part.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// What of the log cannot be read, for keys of the platform; everything else was looked through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<String>,
}

/// A decision of the log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct LoggedDecisionBody {
    /// Where it is in the log, such as `42-1234`, for keys of the platform.
    position: Option<String>,
    /// When it began.
    #[schema(format = DateTime)]
    time: String,
    /// How long it took.
    took_nanoseconds: u32,
    message_id: Option<String>,
    /// The trace id of the request's `traceparent`, as 32 hexadecimal digits.
    trace_id: Option<String>,
    /// As the message had it; none means `default`.
    application_id: Option<String>,
    entity_id: Option<String>,
    channel: String,
    /// Whether it is only what the message would get on this channel.
    is_fallback: Option<bool>,
    /// The recipient, if `log.recipients` is `plain`.
    to: Option<String>,
    /// The recipient under the key of the log, as 32 hexadecimal digits: the same for the same recipient.
    recipient_hash: Option<String>,
    country: Option<String>,
    area_code: Option<u16>,
    from: Option<String>,
    message_type: Option<String>,
    #[schema(format = DateTime)]
    sent_at: Option<String>,
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    attributes: Option<serde_json::Value>,
    /// Whether the message had attributes that the log does not have.
    has_other_attributes: Option<bool>,
    /// The catalog that was decided on: `revision:` and the number of the revision.
    catalog: String,
    policy: Option<LoggedPolicyBody>,
    /// Which signals the policy could read.
    signals: Option<u64>,
    /// The recipient's pin as the policy read it: `NOT_READ`, `NONE`, `SENDER` or `UNAVAILABLE`.
    pin_read: String,
    pin_read_key: Option<String>,
    /// What was written to the pin: `NOTHING`, `WRITTEN` or `UNAVAILABLE`.
    pin_write: String,
    sender_id: Option<String>,
    sending_strategy_id: Option<String>,
    step: Option<String>,
    refusal: Option<LoggedRefusalBody>,
}

/// The policy that answered.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct LoggedPolicyBody {
    /// `name@version`.
    label: String,
    /// SHA-256 of the module.
    module: String,
    /// SHA-256 of the settings.
    settings: String,
}

/// Why there is no sender.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "describes a body")]
pub(super) struct LoggedRefusalBody {
    code: String,
}

/// The log of this node.
///
/// # Errors
/// 404: there is none.
pub(super) fn log_of(service: &Service) -> Result<&DecisionLog, Fault> {
    service.decision_log.as_ref().ok_or_else(|| {
        let text = "this node does not record its decisions: the operator sets log.directory";
        Fault::new(http::StatusCode::NOT_FOUND, text)
    })
}

/// Since when the application of a caller is there, in microseconds since 1970; 0 for the platform, and if nobody had its id before.
pub(super) fn own_since(service: &Service, caller: &Caller) -> u64 {
    caller.tenant().map_or(0, |tenant| service.reused_ids.since(tenant).saturating_mul(1_000))
}

/// A time of a query, in microseconds since 1970.
fn microseconds(parameters: &Parameters, name: &str) -> Result<Option<u64>, Fault> {
    let time = parameters.parsed::<Timestamp>(name, "a time such as 2026-03-01T21:30:00Z")?;
    // What was before 1970 is before every decision.
    Ok(time.map(|time| u64::try_from(time.as_microsecond()).unwrap_or(0)))
}

/// Narrows what is looked for by the text of a parameter.
type Filter = fn(Query, &str) -> Query;

/// What is looked for, from the time on since when the caller's application is there; `None` if nothing can be found.
fn query(parameters: &Parameters, caller: &Caller, own_since: u64, seal: &PlaceSeal) -> Result<Option<Query>, Fault> {
    let mut query = Query::new();
    let filters: [(&str, Filter); 4] =
        [("messageId", Query::message_id), ("to", Query::to), ("senderId", Query::sender), ("refusal", Query::refusal)];
    for (name, filter) in filters {
        let Some(text) = parameters.text(name) else { continue };
        if text.chars().count() > LONGEST {
            return Err(Fault::property(name, format!("has more than {LONGEST} characters")));
        }
        query = filter(query, text);
    }
    if let Some(entity) = parameters.text("entityId") {
        query = query.entity(&id("entityId", entity)?);
    }
    let application = parameters.text("applicationId").map(|text| id("applicationId", text)).transpose()?;
    match (caller.tenant(), application) {
        // Another application is answered like one that does not exist: without decisions.
        (Some(tenant), Some(application)) if tenant != application => return Ok(None),
        (Some(tenant), _) => query = query.application(tenant),
        (None, Some(application)) => query = query.application(&application),
        (None, None) => {}
    }
    let (since, until) = (microseconds(parameters, "since")?, microseconds(parameters, "until")?);
    query = query.between(since, until).map_err(|error| match error {
        QueryError::NoTime => Fault::property("until", "is not after `since`"),
        error => Fault::property("since", error.to_string()),
    })?;
    // What was decided before is of another application with the same id.
    match query.between(Some(since.unwrap_or(0).max(own_since)), until) {
        Ok(own) => query = own,
        Err(_) => return Ok(None),
    }
    let size = parameters.page(100)?.size;
    query = query.limit(size).map_err(|error| Fault::property("size", error.to_string()))?;
    if let Some(place) = parameters.text("after") {
        let position = seal.open(place).ok_or_else(|| {
            let text = format!("{} is not `next` of an earlier part from this node: begin again", quoted(place));
            Fault::property("after", text)
        })?;
        query = query.after(position);
    }
    Ok(Some(query))
}

/// Decisions of the log of this node, the newest first: those that pass every filter.
///
/// A part can have fewer than `size`, or none, and have a next one all the same: a request of the platform looks for 5 s at
/// most, 1 s at a time where others wait, and one of a tenant for 1 s. The key of a
/// tenant finds decisions of its application alone. In a fleet each node has a log of its own.
#[utoipa::path(get, path = "/v1/decisions", tag = "decisions",
    params(
        ("messageId" = Option<String>, Query),
        ("to" = Option<String>, Query, description = "A number in any form, or a `recipientHash`"),
        ("applicationId" = Option<String>, Query), ("entityId" = Option<String>, Query),
        ("senderId" = Option<String>, Query),
        ("refusal" = Option<String>, Query, description = "A code, such as `NO_STRATEGY`"),
        ("since" = Option<String>, Query, description = "As RFC 3339; decisions that began then or later"),
        ("until" = Option<String>, Query, description = "As RFC 3339; decisions that began before"),
        ("size" = Option<u32>, Query, description = "1 to 1000, default 100", minimum = 1, maximum = 1000),
        ("after" = Option<String>, Query, description = "`next` of the part before"),
    ),
    responses((status = 200, body = LoggedDecisions), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<LoggedDecisions>> {
    let log = log_of(&service)?;
    let Some(query) = query(&parameters, &caller, own_since(&service, &caller), log.places())? else {
        return Ok(Json(LoggedDecisions::default()));
    };
    let (folder, key) = (log.folder().to_owned(), log.recorder().key().cloned());
    let size = parameters.page(100)?.size;
    let (mut decisions, mut next, mut faults) = (Vec::new(), None, Vec::new());
    // It reads files, so one looks at a time, and long ones give way to each other.
    let mut look = Look::new(&service.lookups, caller.tenant());
    while let Some((turn, end)) = look.turn().await {
        let mut query = query.clone().limit(size - decisions.len()).map_err(Fault::internal)?.give_up_at(end);
        if let Some(position) = next {
            query = query.after(position);
        }
        let (folder, key) = (folder.clone(), key.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            find(&folder, &query, key.as_ref())
        });
        let page = match looked.await.map_err(Fault::internal)? {
            Ok(page) => page,
            // Nothing was recorded yet.
            Err(LogError::NoLog { .. }) => break,
            Err(error) => return Err(Fault::internal(error)),
        };
        decisions.extend(page.decisions);
        next = page.next;
        for fault in page.faults.iter().map(ToString::to_string) {
            if !faults.contains(&fault) {
                tracing::debug!("looking up decisions: {fault}");
                faults.push(fault);
            }
        }
        if next.is_none() || decisions.len() >= size {
            break;
        }
    }
    let is_tenant = caller.tenant().is_some();
    if is_tenant {
        // How many decisions others make is theirs.
        decisions.iter_mut().for_each(|decision| decision.position = None);
    }
    Ok(Json(LoggedDecisions {
        results: decisions,
        next: next.map(|position| log.places().seal(position)),
        faults: if is_tenant { Vec::new() } else { faults },
    }))
}
