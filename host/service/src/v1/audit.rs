//! The audit log.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::audit_element;
use crate::change::time;
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, Parameters, Problems, quoted};
use crate::service::Service;
use crate::store::StoreError;
use crate::store::log_part::{LISTED, LogPart, READ};

/// How many revisions are looked through for those of a tenant. The next part begins after them.
const LOOKED_THROUGH: usize = 2_000;

/// How many revisions are read at a time.
const AT_ONCE: usize = 100;

/// How many changes of a revision a list has.
const CHANGES: usize = 100;

/// About how many bytes the changes of a list have before it ends early.
const LIST: usize = 4 << 20;

/// A change of the platform.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevisionBody {
    /// The number of the revision.
    revision: u64,
    at: String,
    /// The key that was used, as `id name`; `console`, or `callsign` itself. A tenant is told of its own keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    /// What was done, such as `PUT /provisioning/1/applications/shop`. A tenant is told what its own keys did.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    /// How many changes it has, of those that the caller may see; left out if an earlier version wrote a long one.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// In a list at most the first 100.
    changes: Vec<ChangeBody>,
    /// `after` for those that follow, see `GET /v1/audit/{revision}`; left out if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// An element that was put or removed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeBody {
    /// Such as `application`, `strategy` or `binding`.
    kind: &'static str,
    /// Its id, or a JSON list of the parts that identify it.
    key: String,
    /// The fields that name it.
    #[schema(value_type = Object)]
    element: Value,
    removed: bool,
    /// Its values before; left out if it was not there, has none besides its name, or was changed by an earlier version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    before: Option<Box<RawValue>>,
    /// Its values since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    after: Option<Box<RawValue>>,
}

/// A part of the audit log, the newest change first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditBody {
    results: Vec<RevisionBody>,
    /// `before` for the next part; left out in the last part.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

impl RevisionBody {
    /// A revision as a caller may see it; `None` if there is nothing of a tenant in it, or more than a tenant may have read.
    fn of(part: LogPart, caller: &Caller, service: &Service) -> Option<Self> {
        let LogPart { entry, total, next } = part;
        if caller.tenant().is_some() && next.is_some() {
            return None;
        }
        let before = entry.before.into_iter().chain(std::iter::repeat_with(|| None));
        let changes = entry.changes.into_iter().zip(before);
        let seen = changes.filter(|(change, before)| {
            caller.tenant().is_none_or(|tenant| audit_element::is_of(tenant, change, before.as_deref()))
        });
        let changes = seen.map(|(change, before)| ChangeBody {
            kind: change.kind.as_str(),
            element: audit_element::name(change.kind, &change.key),
            removed: change.body.is_none(),
            after: change.body.as_deref().and_then(|body| audit_element::value(change.kind, body)),
            key: change.key,
            before,
        });
        let changes: Vec<ChangeBody> = changes.collect();
        let is_told = caller.tenant().is_none_or(|tenant| {
            let key = entry.who.split(' ').next().and_then(|id| service.state().keys.get(id).cloned());
            key.is_some_and(|key| key.application_id.as_deref() == Some(tenant))
        });
        (caller.tenant().is_none() || !changes.is_empty()).then(|| Self {
            revision: entry.revision,
            at: time(entry.at),
            who: is_told.then_some(entry.who),
            action: is_told.then_some(entry.action),
            total: caller.tenant().map_or(total, |_| Some(changes.len() as u64)),
            changes,
            next,
        })
    }

    /// About how many bytes its changes have in an answer.
    fn length(&self) -> usize {
        let length = |value: &Option<Box<RawValue>>| value.as_deref().map_or(0, |value| value.get().len());
        let changes = self.changes.iter();
        changes.map(|change| 2 * change.key.len() + length(&change.before) + length(&change.after)).sum()
    }
}

fn unavailable(error: &StoreError) -> Fault {
    tracing::debug!("the audit log cannot be read: {error}");
    Fault::unavailable("the catalog store does not answer", Duration::from_secs(1))
}

/// The audit log, the newest change first, with the values of elements before and after.
///
/// A revision has its first 100 changes here, and those of their first 64 KiB; `GET /v1/audit/{revision}` has all. A part with
/// long changes ends before it has `size` revisions. The key of a tenant reads what was changed of its application, but not of
/// revisions whose changes take more than 64 KiB, such as imports. A part can be empty then and have a next one all the same.
#[utoipa::path(get, path = "/v1/audit", tag = "watching",
    params(
        ("before" = Option<u64>, Query, description = "Only revisions before this one"),
        ("size" = Option<u32>, Query, description = "1 to 1000, default 100", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, body = AuditBody), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Json<AuditBody>> {
    let size = parameters.page(100)?.size;
    let mut before = parameters.parsed::<u64>("before", "a revision")?.unwrap_or(u64::MAX);
    // The platform sees every revision, so none is read in vain; of a tenant all are wanted that are in the log's text.
    let (most, changes) = match caller.tenant() {
        None => (size, CHANGES),
        Some(_) => (LOOKED_THROUGH, usize::MAX),
    };
    let (mut results, mut read, mut bytes, mut next) = (Vec::new(), 0, 0, None);
    while read < most && results.len() < size && bytes < LIST {
        let at_once = AT_ONCE.min(most - read);
        let parts = service.stored("before", service.store.before(before, at_once as u32, changes)).await;
        let parts = parts.map_err(|error| unavailable(&error))?;
        let is_last = parts.len() < at_once;
        let mut is_cut = false;
        for part in parts {
            if results.len() == size || bytes >= LIST {
                is_cut = true;
                break;
            }
            before = part.entry.revision;
            let revision = RevisionBody::of(part, &caller, &service);
            bytes += revision.as_ref().map_or(0, RevisionBody::length);
            results.extend(revision);
            read += 1;
        }
        next = (before > 1).then_some(before);
        if is_last && !is_cut {
            next = None;
            break;
        }
    }
    Ok(Json(AuditBody { results, next }))
}

/// One revision of the audit log with its changes, about 1 MiB of them at a time.
///
/// The key of a tenant reads what it reads in the list.
#[utoipa::path(get, path = "/v1/audit/{revision}", tag = "watching",
    params(
        ("revision" = u64, Path),
        ("after" = Option<u64>, Query, description = "`next` of the part before, or of the revision in the list"),
    ),
    responses((status = 200, body = RevisionBody), Problems))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(revision): Path<String>,
    parameters: Parameters,
) -> Answer<Json<RevisionBody>> {
    let missing = || Fault::not_found(format!("the revision {} in the audit log", quoted(&revision)));
    let number: u64 = revision.parse().map_err(|_| missing())?;
    let after = parameters.parsed::<u64>("after", "a number")?.unwrap_or(0);
    let most = if caller.tenant().is_some() { LISTED } else { READ };
    let part = service.stored("part", service.store.part(number, after, most)).await.map_err(|error| match error {
        StoreError::Damaged(reason) if after > 0 => {
            tracing::debug!("{reason}");
            Fault::property("after", "is not `next` of an earlier part of this revision")
        }
        error => unavailable(&error),
    })?;
    let shown = part.and_then(|part| RevisionBody::of(part, &caller, &service));
    shown.map(Json).ok_or_else(missing)
}
