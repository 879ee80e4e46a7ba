//! The audit log.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::change::{Change, Entry, time};
use crate::fault::Fault;
use crate::http::{Answer, Caller, Json, Parameters, Problems};
use crate::service::Service;

/// A change of the platform.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevisionBody {
    /// The number of the revision.
    revision: u64,
    at: String,
    /// The key that was used, as `id name`; `console`, or `callsign` itself.
    who: String,
    /// What was done, such as `PUT /provisioning/1/applications/shop`.
    action: String,
    changes: Vec<ChangeBody>,
}

/// An element that was put or removed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeBody {
    /// Such as `application`, `strategy` or `binding`.
    kind: &'static str,
    /// Its id, or a JSON list of the parts that identify it.
    key: String,
    removed: bool,
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
    /// Leaves out the bodies of elements: the body of a key has its hash.
    fn of(entry: Entry) -> Self {
        let changes = entry.changes.into_iter().map(|Change { kind, key, body }| ChangeBody {
            kind: kind.as_str(),
            key,
            removed: body.is_none(),
        });
        Self {
            revision: entry.revision,
            at: time(entry.at),
            who: entry.who,
            action: entry.action,
            changes: changes.collect(),
        }
    }
}

/// The audit log, the newest change first.
#[utoipa::path(get, path = "/v1/audit", tag = "watching",
    params(
        ("before" = Option<u64>, Query, description = "Only revisions before this one"),
        ("size" = Option<u32>, Query, description = "1 to 1000, default 100", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, body = AuditBody), Problems))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    _: Caller,
    parameters: Parameters,
) -> Answer<Json<AuditBody>> {
    let size = parameters.page(100)?.size;
    let before = parameters.parsed::<u64>("before", "a revision")?.unwrap_or(u64::MAX);
    let entries = service.stored("before", service.store.before(before, size as u32)).await.map_err(|error| {
        tracing::warn!("the audit log cannot be read: {error}");
        Fault::unavailable("the catalog store does not answer", std::time::Duration::from_secs(1))
    })?;
    let next = entries.last().filter(|last| entries.len() == size && last.revision > 1).map(|last| last.revision);
    Ok(Json(AuditBody { results: entries.into_iter().map(RevisionBody::of).collect(), next }))
}
