//! Bindings: which policy decides for whom, and what happens when it fails.

use std::sync::Arc;
use std::time::Duration;

use semver::VersionReq;

use super::skipped_versions::SkippedVersions;
use crate::message::{Message, OwnedMessage};
use crate::step::Step;
use callsign_engine::Policy;

/// What happens to a message when its policy fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// Refuse it with `POLICY_FAILED`. The default, since a policy may be there to stop messages.
    #[default]
    Refuse,
    /// Let the standard policy decide.
    Standard,
}

/// What happens to a message when its pin cannot be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnUnavailable {
    /// Refuse it with `STICKY_UNAVAILABLE`. The default, since a message from another sender cannot be taken back.
    #[default]
    Refuse,
    /// Decide as if the recipient had no pin, and write none. [`DecisionRef::unpinned`](crate::DecisionRef::unpinned) says
    /// so. A pinned recipient may hear from another sender.
    DecideUnpinned,
}

/// The circuit breaker of a binding: after how many failures its policy is not called, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breaker {
    /// Failures in a row that open the circuit. Default 20.
    pub failures: u32,
    /// How long the policy is then not called; after that one call tries it. Default 5 seconds.
    pub rest: Duration,
}

impl Breaker {
    /// A breaker that opens after this many failures in a row and rests for this long.
    pub fn new(failures: u32, rest: Duration) -> Self {
        Self { failures: failures.max(1), rest }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 20, rest: Duration::from_secs(5) }
    }
}

/// A policy, and the rules under which it decides for its target.
#[derive(Debug, Clone)]
pub struct Binding {
    pub(crate) policy: Arc<Policy>,
    pub(crate) on_failure: OnFailure,
    pub(crate) on_unavailable: OnUnavailable,
    pub(crate) breaker: Breaker,
    pub(crate) probes: Vec<Probe>,
    /// The versions that it is for.
    pub(crate) requirement: Option<VersionReq>,
    pub(crate) skipped_versions: Arc<SkippedVersions>,
}

impl Binding {
    /// Binds a policy. By default a message that it fails on is refused, and no probe is asked.
    pub fn new(policy: impl Into<Arc<Policy>>) -> Self {
        Self {
            policy: policy.into(),
            on_failure: OnFailure::default(),
            on_unavailable: OnUnavailable::default(),
            breaker: Breaker::default(),
            probes: Vec::new(),
            requirement: None,
            skipped_versions: Arc::default(),
        }
    }

    /// With a failure rule.
    #[must_use]
    pub fn on_failure(mut self, rule: OnFailure) -> Self {
        self.on_failure = rule;
        self
    }

    /// With a rule for messages whose pin cannot be read or written.
    #[must_use]
    pub fn on_unavailable(mut self, rule: OnUnavailable) -> Self {
        self.on_unavailable = rule;
        self
    }

    /// With a circuit breaker.
    #[must_use]
    pub fn breaker(mut self, breaker: Breaker) -> Self {
        self.breaker = breaker;
        self
    }

    /// With a message that the policy must answer before it is put to use.
    #[must_use]
    pub fn probe(mut self, probe: Probe) -> Self {
        self.probes.push(probe);
        self
    }

    /// With the versions that it is for: an exact one (`=1.2.0`), or a range (`^1.2`) within which
    /// [`Gateway::refresh`](crate::Gateway::refresh) moves it. Default none: it stays with the policy that was given.
    ///
    /// The policy that is given must meet the requirement. As in Cargo, a pre-release meets only a requirement that names
    /// a pre-release of the same version.
    #[must_use]
    pub fn versions(mut self, requirement: VersionReq) -> Self {
        self.requirement = Some(requirement);
        self
    }

    /// The versions that it is for.
    pub fn requirement(&self) -> Option<&VersionReq> {
        self.requirement.as_ref()
    }

    /// The policy.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }
}

/// A message that a policy must answer before it is put to use, on the present catalog. No pin is written.
///
/// Any decision or refusal passes unless the probe says what it expects; a failure of the policy never passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    message: OwnedMessage,
    pub(crate) sender: Option<Box<str>>,
    pub(crate) step: Option<Step>,
    pub(crate) refusal: Option<Box<str>>,
}

impl Probe {
    /// A probe from a message. Its id and its `from` are ignored: the policy never sees them. Of several channels the
    /// first counts.
    pub fn new(message: &Message<'_>) -> Self {
        let message = Message { id: None, from: None, ..*message };
        Self { message: OwnedMessage::of(&message), sender: None, step: None, refusal: None }
    }

    /// Expects this sender, by its `senderId`.
    #[must_use]
    pub fn expect_sender(mut self, id: &str) -> Self {
        self.sender = Some(id.into());
        self
    }

    /// Expects this step.
    #[must_use]
    pub fn expect_step(mut self, step: Step) -> Self {
        self.step = Some(step);
        self
    }

    /// Expects a refusal with this code.
    #[must_use]
    pub fn expect_refusal(mut self, code: &str) -> Self {
        self.refusal = Some(code.into());
        self
    }

    pub(crate) fn message(&self) -> &OwnedMessage {
        &self.message
    }
}
