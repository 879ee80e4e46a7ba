//! A bound policy and its health: how often it failed, and whether its circuit is open.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use callsign_breaker::{CircuitBreaker, Permit};
use callsign_engine::{Failure, Policy, RefusalAuthor};

use super::binding::Binding;
use super::target::BindingTarget;
use crate::event::{Event, EventKind};
use crate::lanes::{SlowLane, SlowMarks, Tenant};

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
    breaker: CircuitBreaker,
    failures: AtomicU64,
    /// Whether it only holds the place of a policy that is not ready yet.
    starting: bool,
    /// The applications that the policy is slow for.
    pub(crate) slow: SlowMarks,
}

/// How long the circuit of a policy stays open that only holds a place: as good as forever.
const NEVER: Duration = Duration::from_secs(u32::MAX as u64);

impl BoundPolicy {
    pub(crate) fn new(binding: Binding, target: BindingTarget, supervisor: Weak<dyn Supervisor>) -> Self {
        Self {
            breaker: CircuitBreaker::new(binding.breaker.failures, binding.breaker.rest),
            binding,
            target,
            supervisor,
            fallback: None,
            failures: AtomicU64::new(0),
            starting: false,
            slow: SlowMarks::default(),
        }
    }

    /// A binding that holds the place of a policy that is not ready yet. It is never called, as if its circuit were open,
    /// so its failure rule answers.
    pub(super) fn starting(binding: Binding, target: BindingTarget, supervisor: Weak<dyn Supervisor>) -> Self {
        let breaker = CircuitBreaker::new(1, NEVER);
        breaker.failed();
        Self { breaker, starting: true, ..Self::new(binding, target, supervisor) }
    }

    /// Whether it only holds the place of a policy that is not ready yet.
    pub(crate) fn is_starting(&self) -> bool {
        self.starting
    }

    /// Lets it be called. After the rest exactly one caller tries it.
    ///
    /// # Errors
    /// Its circuit is open.
    #[inline]
    pub(crate) fn permit(&self) -> Result<Permit, Failure> {
        self.breaker.permit().ok_or(Failure::CircuitOpen)
    }

    /// A call was given up, to be made again in the slow lane: if it was the try after a rest, it is one there.
    #[cold]
    pub(crate) fn give_back(&self, permit: Permit) {
        self.breaker.give_back(permit);
    }

    /// Notes an answer.
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

    /// Notes a failure. A lack of room or time that others caused is counted, but does not open the circuit.
    #[cold]
    pub(crate) fn failed(&self, failure: &Failure) {
        if matches!(failure, Failure::CircuitOpen | Failure::Starting) {
            return;
        }
        let policy = self.count(failure);
        if !failure.is_for_lack_of_room() && self.breaker.failed() {
            self.report(EventKind::CircuitOpened { policy });
        }
    }

    /// Whether the budget of its application counts for it. A policy of the platform serves many applications: what one
    /// of them makes it take must not open its circuit for the others.
    pub(crate) fn has_budget(&self) -> bool {
        self.target != BindingTarget::Platform
    }

    /// Fails if the budget of its application is used up: that counts as a failure until the circuit opens.
    pub(crate) fn check_budget(&self, lane: &SlowLane, tenant: Tenant) -> Result<(), Failure> {
        if !self.has_budget() {
            return Ok(());
        }
        let checked = lane.check_budget(tenant);
        checked.map_err(|failure| if self.circuit_is_open() { Failure::CircuitOpen } else { failure })
    }

    /// Whether the circuit is open. Unlike [`BoundPolicy::permit`] this does not take the turn to try again.
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
