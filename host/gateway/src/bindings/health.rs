//! A bound policy and its health: how often it failed, and whether its circuit is open.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use callsign_engine::{Failure, Policy, RefusalAuthor};

use super::binding::Binding;
use super::target::BindingTarget;
use crate::event::{Event, EventKind};

/// What a bound policy reports to.
pub(crate) trait Supervisor: Send + Sync {
    /// Tells the listeners.
    fn report(&self, event: &Event);

    /// Takes off a candidate of which too many answers were failures or refusals.
    fn roll_back(&self, candidate: &Arc<BoundPolicy>, wrong: u64, answers: u64);
}

/// A bound policy, and its health.
pub(crate) struct BoundPolicy {
    pub(crate) binding: Binding,
    pub(crate) target: BindingTarget,
    pub(super) supervisor: Weak<dyn Supervisor>,
    /// The standard policy, where the failure rule asks for it.
    pub(crate) fallback: Option<Arc<Policy>>,
    failures_in_a_row: AtomicU32,
    failures: AtomicU64,
    /// When it may be called again, in milliseconds of [`since_start`]; 0 while it may.
    rests_until: AtomicU64,
}

impl BoundPolicy {
    pub(crate) fn new(binding: Binding, target: BindingTarget, supervisor: Weak<dyn Supervisor>) -> Self {
        Self {
            binding,
            target,
            supervisor,
            fallback: None,
            failures_in_a_row: AtomicU32::new(0),
            failures: AtomicU64::new(0),
            rests_until: AtomicU64::new(0),
        }
    }

    /// Whether it may be called. After the rest exactly one caller tries it.
    #[inline]
    pub(crate) fn may_be_called(&self) -> bool {
        match self.rests_until.load(Ordering::Relaxed) {
            0 => true,
            until => self.rest_is_over(until),
        }
    }

    #[cold]
    fn rest_is_over(&self, until: u64) -> bool {
        let now = since_start();
        now >= until
            && self
                .rests_until
                .compare_exchange(until, self.next_try(now), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    fn next_try(&self, now: u64) -> u64 {
        now + (self.binding.breaker.rest.as_millis() as u64).max(1)
    }

    /// Notes an answer.
    #[inline]
    pub(crate) fn succeeded(&self) {
        // Written only after a failure: other threads read these too.
        if self.failures_in_a_row.load(Ordering::Relaxed) != 0 {
            self.recover();
        }
    }

    #[cold]
    fn recover(&self) {
        self.failures_in_a_row.store(0, Ordering::Relaxed);
        if self.rests_until.swap(0, Ordering::Relaxed) != 0 {
            self.report(EventKind::CircuitClosed { policy: self.binding.policy.label().into() });
        }
    }

    /// Notes a failure. A lack of free instances is counted, but does not open the circuit.
    #[cold]
    pub(crate) fn failed(&self, failure: &Failure) {
        if matches!(failure, Failure::CircuitOpen) {
            return;
        }
        let policy = self.count(failure);
        if !matches!(failure, Failure::Busy(_))
            && self.failures_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= self.binding.breaker.failures
            && self.rests_until.swap(self.next_try(since_start()), Ordering::Relaxed) == 0
        {
            self.report(EventKind::CircuitOpened { policy });
        }
    }

    /// Whether the circuit is open. Unlike [`BoundPolicy::may_be_called`] this does not take the turn to try again.
    pub(crate) fn circuit_is_open(&self) -> bool {
        self.rests_until.load(Ordering::Relaxed) != 0
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

/// Milliseconds, at least 1, since this was first asked.
fn since_start() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_millis() as u64 + 1
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
