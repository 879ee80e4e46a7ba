//! What happens to policies while they serve.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::bindings::BindingTarget;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Whose binding.
    pub target: BindingTarget,
    /// What.
    pub kind: EventKind,
}

/// What happened to a binding. Policies are named `name@version`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// Another policy serves.
    Swapped {
        /// The policy before; none where a more general binding served.
        from: Option<Arc<str>>,
        /// The policy now.
        to: Arc<str>,
    },
    /// The policy before serves again.
    RolledBack {
        /// The policy that was taken off.
        from: Arc<str>,
        /// The policy now.
        to: Arc<str>,
    },
    /// The binding is gone: the more general one serves.
    Unbound {
        /// The policy that was taken off.
        from: Arc<str>,
    },
    /// A policy was not put to use.
    Rejected {
        /// The policy.
        policy: Arc<str>,
        /// Why.
        reason: String,
    },
    /// A candidate decides beside the policy that serves, and its answers are compared.
    Shadowed {
        /// The candidate.
        candidate: Arc<str>,
    },
    /// A candidate serves a share of the recipients.
    Canary {
        /// The candidate.
        candidate: Arc<str>,
        /// The share, in thousandths.
        per_mille: u16,
    },
    /// An operator withdrew a candidate.
    Withdrawn {
        /// The candidate.
        candidate: Arc<str>,
    },
    /// A candidate was rolled back automatically: too many of its answers were failures or refusals.
    AutoRolledBack {
        /// The candidate.
        candidate: Arc<str>,
        /// How many of its answers were failures or refusals.
        wrong: u64,
        /// Of how many.
        answers: u64,
    },
    /// A call of a policy failed.
    Failed {
        /// The policy.
        policy: Arc<str>,
        /// The kind of failure, for programs: `deadline`, `memory`, `trap` and a few more.
        kind: &'static str,
        /// Why.
        cause: String,
    },
    /// A policy failed too often: it is not called for a while.
    CircuitOpened {
        /// The policy.
        policy: Arc<str>,
    },
    /// A policy whose circuit was open answers again.
    CircuitClosed {
        /// The policy.
        policy: Arc<str>,
    },
}

impl EventKind {
    /// The event for programs: its name, and an object with all else that is known of it. They are those of `/v1/events` of the
    /// service.
    pub fn to_json(&self) -> (&'static str, Value) {
        match self {
            Self::Swapped { from, to } => ("swapped", json!({ "from": from.as_deref(), "to": &**to })),
            Self::RolledBack { from, to } => ("rolledBack", json!({ "from": &**from, "to": &**to })),
            Self::Unbound { from } => ("unbound", json!({ "from": &**from })),
            Self::Rejected { policy, reason } => ("rejected", json!({ "policy": &**policy, "reason": reason })),
            Self::Shadowed { candidate } => ("shadowed", json!({ "policy": &**candidate })),
            Self::Canary { candidate, per_mille } => {
                ("canary", json!({ "policy": &**candidate, "perMille": per_mille }))
            }
            Self::Withdrawn { candidate } => ("withdrawn", json!({ "policy": &**candidate })),
            Self::AutoRolledBack { candidate, wrong, answers } => {
                ("recalled", json!({ "policy": &**candidate, "wrong": wrong, "answers": answers }))
            }
            Self::Failed { policy, kind, cause } => {
                ("failed", json!({ "policy": &**policy, "kind": kind, "reason": cause }))
            }
            Self::CircuitOpened { policy } => ("rested", json!({ "policy": &**policy })),
            Self::CircuitClosed { policy } => ("recovered", json!({ "policy": &**policy })),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.target)?;
        match &self.kind {
            EventKind::Swapped { from: Some(from), to } => write!(f, "{to} serves instead of {from}"),
            EventKind::Swapped { from: None, to } => write!(f, "{to} serves"),
            EventKind::RolledBack { from, to } => write!(f, "rolled back from {from} to {to}"),
            EventKind::Unbound { from } => write!(f, "{from} does not serve any more"),
            EventKind::Rejected { policy, reason } => write!(f, "{policy} was not put to use: {reason}"),
            EventKind::Shadowed { candidate } => write!(f, "{candidate} decides in the shadow"),
            EventKind::Canary { candidate, per_mille } => {
                write!(f, "{candidate} serves {}.{} % of the recipients", per_mille / 10, per_mille % 10)
            }
            EventKind::Withdrawn { candidate } => write!(f, "candidate {candidate} was withdrawn"),
            EventKind::AutoRolledBack { candidate, wrong, answers } => {
                write!(
                    f,
                    "candidate {candidate} was rolled back automatically: {wrong} of {answers} answers were wrong"
                )
            }
            EventKind::Failed { policy, cause, .. } => write!(f, "{policy}: {cause}"),
            EventKind::CircuitOpened { policy } => write!(f, "{policy} keeps failing and is left alone for a while"),
            EventKind::CircuitClosed { policy } => write!(f, "{policy} answers again"),
        }
    }
}
