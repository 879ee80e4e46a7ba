//! The catalog as a whole: the file that `callsign resolve --catalog` takes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use callsign::{Catalog, CatalogError};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::condition::{Conditions, revision_tag};
use crate::audit_element;
use crate::catalog_file::{self, Difference, DifferenceCount};
use crate::fault::{Fault, Violation};
use crate::http::{Answer, Caller, Json, Parameters, Problems};
use crate::key::Scope;
use crate::past_catalogs::{self, PastCatalogError};
use crate::service::{Plan, Service, View};

/// How many differences are listed. All are counted.
const MOST_LISTED: usize = 1_000;

/// What a catalog changed, or would change.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogChanges {
    /// Whether nothing was changed, because `dryRun` asked what would be.
    dry_run: bool,
    /// How many elements of each kind.
    counts: BTreeMap<&'static str, DifferenceCount>,
    /// The first 1,000 of them.
    changes: Vec<ElementChange>,
}

/// What an element is before and after.
#[derive(Serialize, ToSchema)]
pub(crate) struct ElementChange {
    /// Such as `application`, `sender` or `strategy`.
    kind: &'static str,
    /// The fields that name it.
    #[schema(value_type = Object)]
    element: Value,
    /// `added`, `changed` or `removed`.
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    before: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    after: Option<Box<RawValue>>,
}

impl CatalogChanges {
    fn of(differences: Vec<Difference>, dry_run: bool) -> Self {
        let mut counts: BTreeMap<&'static str, DifferenceCount> = BTreeMap::new();
        for difference in &differences {
            let count = counts.entry(difference.kind.as_str()).or_default();
            *match difference.word() {
                "added" => &mut count.added,
                "removed" => &mut count.removed,
                _ => &mut count.changed,
            } += 1;
        }
        let listed = differences.into_iter().take(MOST_LISTED).map(|difference| ElementChange {
            kind: difference.kind.as_str(),
            element: audit_element::name(difference.kind, &difference.key),
            change: difference.word(),
            before: difference.before,
            after: difference.after,
        });
        Self { dry_run, counts, changes: listed.collect() }
    }
}

/// The catalog takes every scope that its parts take.
fn needs_all(caller: &Caller) -> Result<(), Fault> {
    caller.needs(Scope::SendingStrategy)?;
    caller.needs(Scope::Numbers)
}

/// The whole catalog, as the file that `callsign resolve --catalog` and `PUT` take: applications, entities, senders,
/// associations, strategies and default senders of everybody, as they are at one revision, or with `revision` as they were at
/// an earlier one, as far as the audit log goes back.
///
/// The key needs `sending-strategy:manage` and `numbers:manage` too.
#[utoipa::path(get, path = "/v1/catalog", tag = "catalog",
    params(("revision" = Option<u64>, Query, description = "An earlier revision, as the audit log and decisions name it")),
    responses((status = 200, body = Object, description = "The catalog, with the `ETag` of its revision"), Problems))]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
) -> Answer<Response> {
    needs_all(&caller)?;
    let wanted = parameters.parsed::<u64>("revision", "a revision")?;
    let view = service.view();
    let (revision, catalog, entities) = match wanted {
        None => (view.state.revision, view.catalog().clone(), view.state.entities.clone()),
        Some(revision) => {
            // It reads the platform from the store, so one is made at a time.
            let _turn = service.audits.turn(None).await;
            let (catalog, state) = past_catalogs::platform_at(&service.store, revision).await.map_err(past_fault)?;
            (revision, catalog, state.entities)
        }
    };
    let tag = revision_tag(revision);
    let written = tokio::task::spawn_blocking(move || {
        let catalog = catalog_file::exported(&catalog, &entities)?;
        serde_json::to_vec(&catalog.to_json()).map_err(Fault::internal)
    });
    let mut response = Bytes::from(written.await.map_err(Fault::internal)??).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.extend(HeaderValue::try_from(tag).ok().map(|tag| (header::ETAG, tag)));
    Ok(response)
}

/// Makes the catalog the one of the body, in one revision: what differs is put, and what is not in it is removed. Removed
/// applications take their keys, modules and bindings along, removed entities their bindings.
///
/// With `dryRun=true` nothing is changed, and the answer says what would be. `If-Match` requires the `ETag` that was read:
/// where the platform is at another revision by now, 412 names both.
/// The key needs `sending-strategy:manage` and `numbers:manage` too.
#[utoipa::path(put, path = "/v1/catalog", tag = "catalog",
    params(("dryRun" = Option<bool>, Query), ("If-Match" = Option<String>, Header)),
    request_body = Object, responses((status = 200, body = CatalogChanges), Problems))]
pub(super) async fn put(
    State(service): State<Arc<Service>>,
    caller: Caller,
    parameters: Parameters,
    conditions: Conditions,
    body: Bytes,
) -> Answer<Json<CatalogChanges>> {
    needs_all(&caller)?;
    let dry_run = parameters.word("dryRun", &["true", "false"])? == Some("true");
    let read = tokio::task::spawn_blocking(move || Catalog::from_slice(&body)).await;
    let wanted = Arc::new(read.map_err(Fault::internal)?.map_err(fault)?);
    let plan = move |view: &View| {
        conditions.allow_revision(view.state.revision)?;
        let differences = catalog_file::differences(view, &wanted)?;
        let changes = if dry_run { Vec::new() } else { catalog_file::changes(view, &differences) };
        Ok(Plan::new(changes, Json(CatalogChanges::of(differences, dry_run))))
    };
    service.change(caller.author().alone(), plan).await
}

/// Why there is no catalog of an earlier revision.
fn past_fault(error: PastCatalogError) -> Fault {
    match error {
        PastCatalogError::Store(error) => {
            tracing::debug!("an earlier catalog cannot be read: {error}");
            Fault::unavailable("the catalog store does not answer", Duration::from_secs(1))
        }
        error => Fault::new(StatusCode::NOT_FOUND, error.to_string()),
    }
}

/// 400, with the place of every fault in the body.
fn fault(error: CatalogError) -> Fault {
    match error {
        CatalogError::Faults(faults) => {
            let violations = faults.into_iter().map(|fault| {
                let path = fault.path.strip_prefix("$.").unwrap_or(&fault.path);
                Violation::new(path, fault.message.clone())
            });
            Fault::invalid(violations.collect())
        }
        error => Fault::property("", error.to_string()),
    }
}
