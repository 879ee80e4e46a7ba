//! The audit log.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::audit_element;
use crate::change::{Entry, time};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, Parameters, Problems};
use crate::service::Service;

/// How many revisions are looked through for those of a tenant. The next part begins after them.
const LOOKED_THROUGH: u32 = 2_000;

/// How many of them are read at a time.
const AT_ONCE: u32 = 100;

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
    changes: Vec<ChangeBody>,
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
    /// A revision as a caller may see it; `None` if there is nothing of a tenant in it.
    fn of(entry: Entry, caller: &Caller, service: &Service) -> Option<Self> {
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
            changes,
        })
    }
}

/// The audit log, the newest change first, with the values of elements before and after.
///
/// The key of a tenant reads what was changed of its application, but not of revisions whose changes take more than 64 KiB, such
/// as imports. A part can be empty then and have a next one all the same.
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
    // The platform sees every revision, so none is read in vain.
    let (most, at_once) = match caller.tenant() {
        None => (size as u32, size as u32),
        Some(_) => (LOOKED_THROUGH, AT_ONCE),
    };
    let (mut results, mut read, mut next) = (Vec::new(), 0, None);
    while read < most && results.len() < size {
        let store = &service.store;
        let entries = match caller.tenant() {
            None => service.stored("before", store.before(before, at_once)).await,
            Some(_) => service.stored("small_before", store.small_before(before, at_once)).await,
        };
        let entries = entries.map_err(|error| {
            tracing::debug!("the audit log cannot be read: {error}");
            Fault::unavailable("the catalog store does not answer", Duration::from_secs(1))
        })?;
        let is_last = entries.len() < at_once as usize;
        next = None;
        for entry in entries {
            before = entry.revision;
            results.extend(RevisionBody::of(entry, &caller, &service));
            read += 1;
            next = (before > 1).then_some(before);
            if results.len() == size {
                break;
            }
        }
        if is_last && results.len() < size {
            next = None;
            break;
        }
    }
    Ok(Json(AuditBody { results, next }))
}
