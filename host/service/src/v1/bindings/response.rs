//! Bindings as they are answered, with the tag that tells one state of them from the next.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::binding::{
    AutoRollbackSpec, BindingRecord, BreakerSpec, CanarySpec, FailureRule, PastPolicy, PolicySpec, ProbeSpec, Target,
    UnavailableRule,
};
use crate::change::time;
use crate::fault::Fault;
use crate::http::Json;

/// Which policy decides for whom.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BindingBody {
    /// Whose it is; empty: the platform's.
    #[serde(rename = "for")]
    target: Target,
    /// What serves.
    active: PolicyBody,
    /// What decides beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow: Option<PolicyBody>,
    /// What serves a share of the recipients.
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<CanaryBody>,
    /// What served before, oldest first. Left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<PastBody>>,
    /// Only newer versions than this are followed.
    #[serde(rename = "passedOver", skip_serializing_if = "Option::is_none")]
    skipped_version: Option<String>,
}

/// A policy with what it is put to use with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyBody {
    /// `name@version`.
    policy: String,
    /// The digest of its module, or `standard`.
    module: String,
    /// Whose module it is; left out: the platform's.
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    settings: Option<Box<RawValue>>,
    /// The versions that it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<String>,
    on_failure: FailureRule,
    on_unavailable: UnavailableRule,
    breaker: BreakerSpec,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    probes: Vec<ProbeSpec>,
}

/// A candidate that serves a share of the recipients.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CanaryBody {
    #[serde(flatten)]
    policy: PolicyBody,
    /// Its share, in thousandths.
    per_mille: u16,
    #[serde(rename = "recall")]
    auto_rollback: AutoRollbackSpec,
}

/// A policy that served before.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PastBody {
    #[serde(flatten)]
    policy: PolicyBody,
    /// When it was taken off.
    until: String,
}

/// What served before.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryBody {
    /// Oldest first.
    pub(super) results: Vec<PastBody>,
}

impl PolicyBody {
    fn of(spec: &PolicySpec) -> Self {
        Self {
            policy: spec.policy.clone(),
            module: spec.module.clone(),
            application_id: spec.owner.clone(),
            settings: spec.settings.clone(),
            versions: spec.versions.as_ref().map(ToString::to_string),
            on_failure: spec.on_failure,
            on_unavailable: spec.on_unavailable,
            breaker: spec.breaker,
            probes: spec.probes.clone(),
        }
    }
}

impl PastBody {
    pub(super) fn of(past: &PastPolicy) -> Self {
        Self { policy: PolicyBody::of(&past.spec), until: time(past.until) }
    }
}

impl BindingBody {
    pub(super) fn of(record: &BindingRecord) -> Self {
        let canary = |canary: &CanarySpec| CanaryBody {
            policy: PolicyBody::of(&canary.spec),
            per_mille: canary.per_mille,
            auto_rollback: canary.auto_rollback,
        };
        Self {
            target: record.target.clone(),
            active: PolicyBody::of(&record.active),
            shadow: record.shadow.as_ref().map(PolicyBody::of),
            canary: record.canary.as_ref().map(canary),
            history: Some(record.history.iter().map(PastBody::of).collect()),
            skipped_version: record.skipped_version.as_ref().map(ToString::to_string),
        }
    }

    pub(super) fn without_history(self) -> Self {
        Self { history: None, ..self }
    }
}

/// The binding, with its tag.
pub(super) fn with_tag(record: &BindingRecord) -> Response {
    let mut response = Json(BindingBody::of(record)).into_response();
    if let Ok(tag) = HeaderValue::try_from(tag(record)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn tag(record: &BindingRecord) -> String {
    let digest = Sha256::digest(serde_json::to_vec(record).unwrap_or_default());
    let digits: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

/// # Errors
/// 412: `If-Match` names another state of the binding than the one that is there.
pub(super) fn must_match(headers: &HeaderMap, record: Option<&BindingRecord>) -> Result<(), Fault> {
    let mut wanted = headers.get_all(header::IF_MATCH).iter().peekable();
    if wanted.peek().is_none() {
        return Ok(());
    }
    let tag = record.map(tag);
    let matches = wanted.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|wanted| {
        match wanted.trim() {
            "*" => tag.is_some(),
            wanted => Some(wanted) == tag.as_deref(),
        }
    });
    if matches {
        return Ok(());
    }
    Err(Fault::new(StatusCode::PRECONDITION_FAILED, "the binding is not what If-Match says any more: look at it again"))
}
