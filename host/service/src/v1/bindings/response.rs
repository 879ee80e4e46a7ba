//! Bindings as they are answered, with their `ETag`.

use axum::response::{IntoResponse, Response};
use callsign::Comparison;
use callsign_registry::Repository;
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

/// A binding: which policy decides for which messages.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BindingBody {
    /// The target; empty for the platform.
    #[serde(rename = "for")]
    target: Target,
    /// The active policy.
    active: PolicyBody,
    /// The shadow.
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow: Option<PolicyBody>,
    /// The canary.
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<CanaryBody>,
    /// The earlier policies, oldest first. Left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<PastBody>>,
    /// Only newer versions than this one are updated to.
    #[serde(rename = "passedOver", skip_serializing_if = "Option::is_none")]
    skipped_version: Option<String>,
}

/// A policy with everything that it is bound with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyBody {
    /// `name@version`.
    policy: String,
    /// The digest of its module, or `standard`.
    module: String,
    /// The application that owns the module; left out for the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<String>,
    /// The ids of the keys whose signatures of the module counted when it was bound; left out if there were none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signed_by: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    settings: Option<Box<RawValue>>,
    /// The versions that the binding updates to by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<String>,
    /// The repository of an OCI registry that newer versions come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    repository: Option<Repository>,
    on_failure: FailureRule,
    on_unavailable: UnavailableRule,
    breaker: BreakerSpec,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    probes: Vec<ProbeSpec>,
}

/// A candidate that decides for a share of the recipients.
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

/// An earlier policy.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PastBody {
    #[serde(flatten)]
    policy: PolicyBody,
    /// When it was replaced.
    until: String,
}

/// The earlier policies.
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
            signed_by: spec.signed_by.iter().map(ToString::to_string).collect(),
            settings: spec.settings.clone(),
            versions: spec.versions.as_ref().map(ToString::to_string),
            repository: spec.repository.clone(),
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

/// The comparison of a shadow with the active policy so far, on this node.
#[derive(Serialize, ToSchema)]
pub(super) struct ComparisonBody {
    /// The candidate, as `name@version`.
    policy: String,
    /// How many messages both decided.
    compared: u64,
    /// How many of them the candidate decided differently.
    different: u64,
    /// How many messages were not given to the candidate, because decisions needed the time.
    dropped: u64,
    /// The last of those that were different.
    samples: Vec<DifferenceBody>,
}

/// A message that the candidate decided differently.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DifferenceBody {
    application_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<String>,
    /// The recipient.
    to: String,
    /// The decision of the active policy: `senderId STEP`, or the code of a refusal.
    serving: String,
    /// The decision of the candidate.
    candidate: String,
}

impl ComparisonBody {
    pub(super) fn of(comparison: Comparison) -> Self {
        let samples = comparison.samples.into_iter().map(|sample| DifferenceBody {
            application_id: sample.application.into(),
            entity_id: sample.entity.map(Into::into),
            to: sample.to.into(),
            serving: sample.serving,
            candidate: sample.candidate,
        });
        Self {
            policy: comparison.candidate.to_string(),
            compared: comparison.compared,
            different: comparison.different,
            dropped: comparison.dropped,
            samples: samples.collect(),
        }
    }
}

/// The binding, with its `ETag`.
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
/// 412: the binding is not in the state that `If-Match` names.
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
