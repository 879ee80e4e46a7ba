//! Bindings as they are stored and sent to other nodes: the active policy, its candidates, and the policies from
//! before.

mod transition;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use callsign::{
    AutoRollback, BindingTarget, Breaker, Channel, Message, MessageAttributes, MessageType, Probe, Step, parse_time,
};
use callsign_registry::Repository;
use callsign_signature::KeyId;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

pub(crate) use self::transition::TransitionError;
use crate::change::key_of;
use crate::module::STANDARD;

/// How many earlier policies are kept for a rollback.
pub(crate) const HISTORY: usize = 16;

/// How many bytes the settings of these earlier policies have together, equal ones counted once. Beyond it the oldest
/// policies are dropped, but never the last one.
pub(crate) const HISTORY_SETTINGS: usize = 4 << 20;

/// What a binding is for: an application, an entity of it, or the platform if both are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = For)]
pub(crate) struct Target {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) application_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entity_id: Option<String>,
}

impl Target {
    pub(crate) fn to_gateway(&self) -> BindingTarget {
        match (&self.application_id, &self.entity_id) {
            (None, _) => BindingTarget::Platform,
            (Some(application), None) => BindingTarget::application(application),
            (Some(application), Some(entity)) => BindingTarget::entity(application, entity),
        }
    }

    pub(crate) fn key(&self) -> String {
        key_of(&[self.application_id.as_deref(), self.entity_id.as_deref()])
    }

    /// The target with a key.
    pub(crate) fn of_key(key: &str) -> Option<Self> {
        let [application_id, entity_id] = serde_json::from_str(key).ok()?;
        Some(Self { application_id, entity_id })
    }
}

impl From<&BindingTarget> for Target {
    fn from(target: &BindingTarget) -> Self {
        match target {
            BindingTarget::Platform => Self::default(),
            BindingTarget::Application(application) => {
                Self { application_id: Some(application.to_string()), entity_id: None }
            }
            BindingTarget::Entity(application, entity) => {
                Self { application_id: Some(application.to_string()), entity_id: Some(entity.to_string()) }
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_gateway().fmt(f)
    }
}

/// A policy with everything that it is bound with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PolicySpec {
    /// The digest of a module, or `standard`.
    pub(crate) module: String,
    /// The application that owns the module; `None` is the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
    /// `name@version`.
    pub(crate) policy: String,
    /// The keys whose signatures of the module counted when it was bound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) signed_by: Vec<KeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) settings: Option<Box<RawValue>>,
    /// In a store only: the digest of settings that are stored apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) settings_digest: Option<String>,
    /// The versions that the binding updates to by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) versions: Option<VersionReq>,
    /// The repository of an OCI registry whose newer versions are taken in, so that the binding updates to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repository: Option<Repository>,
    /// Whether it updates only to modules that the platform shares: a tenant has bound one of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) shared_only: bool,
    #[serde(default)]
    pub(crate) on_failure: FailureRule,
    #[serde(default)]
    pub(crate) on_unavailable: UnavailableRule,
    #[serde(default)]
    pub(crate) breaker: BreakerSpec,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) probes: Vec<ProbeSpec>,
}

/// What happens to a message when its policy fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum FailureRule {
    /// It is refused with `POLICY_FAILED`.
    #[default]
    Refuse,
    /// The standard policy decides.
    Standard,
}

/// What happens to a message when its pin cannot be read or written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum UnavailableRule {
    /// It is refused with `STICKY_UNAVAILABLE`.
    #[default]
    Refuse,
    /// It is decided as if the recipient had no pin.
    DecideUnpinned,
}

/// When a policy that keeps failing is no longer called for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BreakerSpec {
    /// After this many failures in a row, 1 to 1,000,000.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub(crate) failures: u32,
    /// For how many seconds it is not called, 1 to 86,400.
    #[schema(minimum = 1, maximum = 86_400)]
    pub(crate) rest_seconds: u32,
}

impl Default for BreakerSpec {
    fn default() -> Self {
        let breaker = Breaker::default();
        Self { failures: breaker.failures, rest_seconds: breaker.rest.as_secs() as u32 }
    }
}

/// A message that a policy must decide as expected before it is bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProbeSpec {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) application_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entity_id: Option<String>,
    /// `SMS`, `MMS` or `RCS`.
    pub(crate) channel: String,
    /// The recipient.
    pub(crate) to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message_type: Option<String>,
    /// When it goes out, such as `2026-03-01T21:30:00Z`; no time if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent_at: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attributes: BTreeMap<String, String>,
    /// The `senderId` that must be chosen; any if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sender_id: Option<String>,
    /// The step that must decide; any if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<String>,
    /// The code that the message must be refused with; any if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refusal: Option<String>,
}

/// A candidate that serves a share of the recipients.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CanarySpec {
    pub(crate) spec: PolicySpec,
    pub(crate) per_mille: u16,
    #[serde(rename = "recall", default)]
    pub(crate) auto_rollback: AutoRollbackSpec,
}

/// When a canary is rolled back automatically.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = RecallSpec)]
pub(crate) struct AutoRollbackSpec {
    /// The largest share of wrong answers, in thousandths.
    #[schema(maximum = 1_000)]
    pub(crate) per_mille: u16,
    /// How many answers are needed before the share counts.
    #[schema(minimum = 1)]
    pub(crate) answers: u32,
    /// For how many seconds an answer counts.
    #[schema(minimum = 1, maximum = 86_400)]
    pub(crate) window_seconds: u32,
}

impl Default for AutoRollbackSpec {
    fn default() -> Self {
        let default = AutoRollback::default();
        Self {
            per_mille: default.per_mille,
            answers: default.answers as u32,
            window_seconds: default.window.as_secs() as u32,
        }
    }
}

impl AutoRollbackSpec {
    pub(crate) fn to_gateway(self) -> AutoRollback {
        AutoRollback::new(self.per_mille, self.answers.into(), Duration::from_secs(self.window_seconds.into()))
    }
}

/// A policy that served before.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PastPolicy {
    pub(crate) spec: PolicySpec,
    /// When it was replaced, in milliseconds since 1970.
    pub(crate) until: u64,
    /// The skipped version at that time.
    #[serde(rename = "passedOver", default, skip_serializing_if = "Option::is_none")]
    pub(crate) skipped_version: Option<Version>,
}

/// A binding, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BindingRecord {
    #[serde(rename = "for")]
    pub(crate) target: Target,
    pub(crate) active: PolicySpec,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shadow: Option<PolicySpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) canary: Option<CanarySpec>,
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) history: Vec<PastPolicy>,
    /// Only newer versions than this one are updated to: it was rolled back, by hand or automatically.
    #[serde(rename = "passedOver", default, skip_serializing_if = "Option::is_none")]
    pub(crate) skipped_version: Option<Version>,
    /// The last change. Nodes need it to do the same: a rollback keeps the instances that a swap would replace.
    #[serde(rename = "by")]
    pub(crate) transition: Transition,
}

/// How a binding was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Transition {
    Swap,
    Rollback,
    Promotion,
    Shadow,
    Canary,
    Withdrawal,
}

impl PolicySpec {
    pub(crate) fn standard() -> Self {
        Self {
            module: STANDARD.into(),
            owner: None,
            policy: standard_label().into(),
            signed_by: Vec::new(),
            settings: None,
            settings_digest: None,
            versions: None,
            repository: None,
            shared_only: false,
            on_failure: FailureRule::default(),
            on_unavailable: UnavailableRule::default(),
            breaker: BreakerSpec::default(),
            probes: Vec::new(),
        }
    }

    /// Whether both describe the same policy, bound in the same way.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.module == other.module && serde_json::to_string(self).ok() == serde_json::to_string(other).ok()
    }

    pub(crate) fn version(&self) -> Option<Version> {
        self.policy.rsplit_once('@').and_then(|(_, version)| version.parse().ok())
    }

    pub(crate) fn name(&self) -> &str {
        self.policy.rsplit_once('@').map_or(&*self.policy, |(name, _)| name)
    }
}

/// `name@version` of the policy that is always there.
pub(crate) fn standard_label() -> &'static str {
    static LABEL: OnceLock<String> = OnceLock::new();
    LABEL.get_or_init(|| {
        let inspection = callsign::Inspection::of(callsign::standard_component()).unwrap_or_default();
        match (inspection.name, inspection.version) {
            (Some(name), Some(version)) => format!("{name}@{version}"),
            _ => STANDARD.to_owned(),
        }
    })
}

impl CanarySpec {
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.per_mille == other.per_mille && self.auto_rollback == other.auto_rollback && self.spec.is(&other.spec)
    }
}

impl ProbeSpec {
    pub(crate) fn probe(&self) -> Result<Probe, String> {
        let channel = Channel::parse(&self.channel)
            .ok_or_else(|| format!("the probe's channel {:?} is not SMS, MMS or RCS", self.channel))?;
        let mut message = Message::new(channel, &self.to);
        message.application = self.application_id.as_deref();
        message.entity = self.entity_id.as_deref();
        if let Some(text) = &self.message_type {
            message.message_type = Some(MessageType::parse(text).map_err(|error| format!("messageType: {error}"))?);
        }
        if let Some(text) = &self.sent_at {
            message.sent_at = Some(parse_time(text).map_err(|error| format!("sentAt: {error}"))?);
        }
        let attributes: Vec<(&str, &str)> = self.attributes.iter().map(|(name, value)| (&**name, &**value)).collect();
        message.attributes = MessageAttributes::new(&attributes).map_err(|error| format!("attributes: {error}"))?;
        let mut probe = Probe::new(&message);
        if let Some(id) = &self.sender_id {
            probe = probe.expect_sender(id);
        }
        if let Some(step) = &self.step {
            let known = STEPS.into_iter().find(|known| known.as_str() == step);
            probe = probe.expect_step(known.ok_or_else(|| format!("the probe's step {step:?} is not one"))?);
        }
        if let Some(code) = &self.refusal {
            probe = probe.expect_refusal(code);
        }
        Ok(probe)
    }
}

/// Every step that can decide a message.
pub(crate) const STEPS: [Step; 7] =
    [Step::Explicit, Step::DefaultSender, Step::Sticky, Step::AreaCode, Step::Overlay, Step::Region, Step::Pool];
