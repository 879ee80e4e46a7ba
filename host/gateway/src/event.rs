//! What happens to policies while they serve.

use std::fmt;
use std::sync::Arc;

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
        /// The one before; none where the more general binding served.
        from: Option<Arc<str>>,
        /// The one now.
        to: Arc<str>,
    },
    /// The policy before serves again.
    RolledBack {
        /// The one that was taken off.
        from: Arc<str>,
        /// The one now.
        to: Arc<str>,
    },
    /// The binding is gone: the more general one serves.
    Unbound {
        /// The one that was taken off.
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
    /// A candidate was taken off by hand.
    Withdrawn {
        /// The candidate.
        candidate: Arc<str>,
    },
    /// A candidate was taken off because it went wrong too often.
    AutoRolledBack {
        /// The candidate.
        candidate: Arc<str>,
        /// How many of its answers were wrong.
        wrong: u64,
        /// Of how many.
        answers: u64,
    },
    /// A call of a policy failed.
    Failed {
        /// The policy.
        policy: Arc<str>,
        /// What kind of failure it was, for programs: `deadline`, `memory`, `trap` and so on, of a fixed few.
        kind: &'static str,
        /// Why.
        cause: String,
    },
    /// A policy that keeps failing is left alone for a while.
    CircuitOpened {
        /// The policy.
        policy: Arc<str>,
    },
    /// A policy that was left alone answers again.
    CircuitClosed {
        /// The policy.
        policy: Arc<str>,
    },
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
