//! The bounds of an explanation: a policy can say something of each strategy and each sender of the scope, and no more.

use callsign_catalog::escape;
use callsign_index::Revision;

use crate::bindings::explain::Trace;

/// The most steps that an explanation has senders left after. The contract has six.
const STAGES: usize = 8;

/// The most reasons of the policy's own, and the longest in characters.
const REASONS: usize = 256;
const MAX_REASON: usize = 250;

/// An explained answer.
#[derive(Debug)]
pub struct Explained {
    /// What the policy says.
    pub trace: Trace,
    /// Whether the policy said more than there is in the scope, and the rest was cut off.
    pub is_cut: bool,
}

/// How much an explanation may say.
#[derive(Debug, Clone, Copy)]
pub(super) struct TraceBounds {
    strategies: usize,
    senders: usize,
}

impl TraceBounds {
    /// The bounds for a scope of a revision.
    pub(super) fn of(revision: Option<&Revision>, scope: u32) -> Self {
        let scope = revision.and_then(|revision| revision.scope(scope));
        scope.map_or(Self { strategies: 0, senders: 0 }, |scope| Self {
            strategies: scope.strategies.len(),
            senders: scope.members.len(),
        })
    }

    /// The most bytes of lists that the policy may pass: twice what a full explanation needs, and 4 KiB. A note is 8 bytes
    /// on a strategy and 16 on a sender, each step leaves at most all senders, 4 bytes each, and a reason is a text.
    pub(super) fn bytes(self) -> usize {
        let senders = self.senders.saturating_mul(16 + 6 * 4);
        let reasons = REASONS * (8 + MAX_REASON);
        let all = self.strategies.saturating_mul(8).saturating_add(senders).saturating_add(reasons);
        all.saturating_mul(2).saturating_add(4 << 10)
    }

    /// Cuts off what is more than there is in the scope.
    pub(super) fn cut(self, mut trace: Trace) -> Explained {
        let mut is_cut = trace.strategies.len() > self.strategies
            || trace.senders.len() > self.senders
            || trace.stages.len() > STAGES
            || trace.reasons.len() > REASONS;
        trace.strategies.truncate(self.strategies);
        trace.senders.truncate(self.senders);
        trace.stages.truncate(STAGES);
        trace.reasons.truncate(REASONS);
        for stage in &mut trace.stages {
            is_cut |= stage.left.len() > self.senders;
            stage.left.truncate(self.senders);
        }
        for reason in &mut trace.reasons {
            *reason = escape::line(reason, MAX_REASON);
        }
        Explained { trace, is_cut }
    }
}
