//! A bound policy and its health: how often it failed, and whether its circuit is open.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use callsign_breaker::CircuitBreaker;
use callsign_engine::{Failure, Policy, RefusalAuthor};

use super::binding::Binding;
use super::target::BindingTarget;
use crate::event::{Event, EventKind};

/// Whom a bound policy tells what happened to it.
pub(crate) trait Supervisor: Send + Sync {
    /// Tells those who listen.
    fn report(&self, event: &Event);

    /// Takes a candidate off that went wrong too often.
    fn roll_back(&self, candidate: &Arc<BoundPolicy>, wrong: u64, answers: u64);
}

/// A bound policy, and its health.
pub(crate) struct BoundPolicy {
    pub(crate) binding: Binding,
    pub(crate) target: BindingTarget,
    pub(super) supervisor: Weak<dyn Supervisor>,
    /// The standard policy, where the failure rule asks for it.
    pub(crate) fallback: Option<Arc<Policy>>,
    breaker: CircuitBreaker,
    failures: AtomicU64,
}

impl BoundPolicy {
    pub(crate) fn new(binding: Binding, target: BindingTarget, supervisor: Weak<dyn Supervisor>) -> Self {
        Self {
            breaker: CircuitBreaker::new(binding.breaker.failures, binding.breaker.rest),
            binding,
            target,
            supervisor,
            fallback: None,
            failures: AtomicU64::new(0),
        }
    }

    /// Whether it may be called. Of the callers that find its rest over, one tries it.
    #[inline]
    pub(crate) fn may_be_called(&self) -> bool {
        self.breaker.allows_call()
    }

    /// It answered.
    #[inline]
    pub(crate) fn succeeded(&self) {
        if self.breaker.succeeded() {
            self.report_recovery();
        }
    }

    #[cold]
    fn report_recovery(&self) {
        self.report(EventKind::CircuitClosed { policy: self.binding.policy.label().into() });
    }

    /// It failed. That all instances of the process were busy is counted, but not held against it.
    #[cold]
    pub(crate) fn failed(&self, failure: &Failure) {
        if matches!(failure, Failure::CircuitOpen) {
            return;
        }
        let policy = self.count(failure);
        if !matches!(failure, Failure::Busy(_)) && self.breaker.failed() {
            self.report(EventKind::CircuitOpened { policy });
        }
    }

    /// Whether it is left alone. Unlike [`BoundPolicy::may_be_called`] this does not take the turn to try it again.
    pub(crate) fn circuit_is_open(&self) -> bool {
        self.breaker.is_open()
    }

    fn count(&self, failure: &Failure) -> Arc<str> {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let policy: Arc<str> = self.binding.policy.label().into();
        let event = EventKind::Failed { policy: Arc::clone(&policy), kind: failure.kind(), cause: failure.to_string() };
        self.report(event);
        policy
    }

    /// How often it failed.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    fn report(&self, kind: EventKind) {
        if let Some(supervisor) = self.supervisor.upgrade() {
            supervisor.report(&Event { target: self.target.clone(), kind });
        }
    }
}

impl RefusalAuthor for BoundPolicy {
    fn policy(&self) -> &Policy {
        &self.binding.policy
    }

    fn circuit_is_open(&self) -> bool {
        self.circuit_is_open()
    }

    fn report_failure(&self, failure: &Failure) {
        self.failed(failure);
    }
}
