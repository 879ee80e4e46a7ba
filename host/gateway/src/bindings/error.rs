//! Why a policy was not put to use.

use std::sync::Arc;

use callsign_engine::{PolicyError, StoreError};
use semver::VersionReq;

use super::target::BindingTarget;

/// Why a policy was not put to use. What served before serves on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwapError {
    /// No instance of it starts.
    #[error("the policy does not start: {reason}")]
    Start {
        /// What happened.
        reason: String,
    },
    /// It does not accept its settings.
    #[error("the policy does not accept its settings: {reason}")]
    Settings {
        /// What the policy says.
        reason: String,
    },
    /// There is no place for an instance of it at the moment.
    #[error("the policy does not start: all {limit} instances of this process are in a call; try again")]
    Busy {
        /// How many there may be.
        limit: usize,
    },
    /// It is not of a version that its binding is for.
    #[error("{policy} is not of a version that the binding is for, {requirement}")]
    Requirement {
        /// The policy.
        policy: Arc<str>,
        /// The binding's requirement.
        requirement: VersionReq,
    },
    /// The module cannot be loaded from the store, or does not accept the settings of the binding.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It does not answer a probe as it should.
    #[error("the probe to {to} failed: {reason}")]
    Probe {
        /// `to` of the probe.
        to: Box<str>,
        /// What happened.
        reason: String,
    },
    /// There is no such binding.
    #[error("nothing is bound to {target}: swap a policy in first")]
    NotBound {
        /// Whose binding.
        target: BindingTarget,
    },
    /// There is nothing to go back to.
    #[error("{target} had no policy before this one")]
    NoHistory {
        /// Whose binding.
        target: BindingTarget,
    },
    /// There is no candidate.
    #[error("{target} has no candidate: begin with a shadow or a canary")]
    NoCandidate {
        /// Whose binding.
        target: BindingTarget,
    },
    /// The platform cannot be without a policy.
    #[error("the platform's binding can be swapped, but not removed")]
    Platform,
    /// There are too many bindings.
    #[error("a gateway has at most {limit} bindings")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// The standard policy, which the failure rule asks for, cannot run.
    #[error(transparent)]
    Standard(#[from] PolicyError),
}
