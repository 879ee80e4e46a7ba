//! The policy that is tested, and how a case is decided with it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use callsign::sticky::PinRecord;
use callsign::{Binding, BindingTarget, Breaker, Catalog, DecisionRef, Gateway, Limits, Message, Policy, Refusal};

use super::super::cases::{Case, Cases, Expected};
use super::pins::{Key, TestPins};
use crate::exit::Stop;
use crate::gateway::refused_policy;
use crate::policy_log;

/// The policy, the catalog of the cases, and the pins.
pub(super) struct Subject {
    policy: Arc<Policy>,
    catalog: Catalog,
    pub(super) pins: Arc<TestPins>,
}

/// What a fresh instance decides on a case, and what it began from.
pub(super) struct Start<'c> {
    pub(super) message: Message<'c>,
    /// The pins before the last time that it was decided.
    pub(super) pins: Vec<PinRecord>,
    /// The pins that it reads or writes.
    pub(super) keys: Vec<Key>,
    pub(super) found: Found,
    /// What the policy logged.
    pub(super) lines: Vec<String>,
}

/// What was decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) decision: Expected,
    /// The words of a refusal; none of a failure, whose words tell times.
    words: Option<String>,
    /// Why the policy failed.
    failure: Option<Failure>,
    /// The senders that the decision wanted to pin the recipient to.
    pinned: Vec<String>,
}

/// The words of a failure: two failures are the same, whatever their words.
#[derive(Debug)]
struct Failure(String);

impl PartialEq for Failure {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Failure {}

impl Subject {
    /// Loads the component and the catalog.
    pub(super) fn load(
        bytes: &[u8],
        limits: Limits,
        component: &Path,
        cases: &Cases,
        file: &Path,
    ) -> Result<Self, Stop> {
        let policy = Policy::from_bytes_within(bytes, limits).and_then(|policy| policy.with_settings(cases.settings()));
        let policy = Arc::new(policy.map_err(|error| refused_policy(component, error))?);
        Ok(Self { policy, catalog: cases.catalog(file)?, pins: Arc::default() })
    }

    /// A gateway that decides with the policy.
    pub(super) fn gateway(&self) -> Result<Gateway, Stop> {
        let pins = Arc::clone(&self.pins);
        let gateway = Gateway::with(self.catalog.clone(), Arc::clone(&self.policy), pins).map_err(Stop::refused)?;
        // Many failures in a row say nothing about the next case.
        let breaker = Breaker::new(u32::MAX, Duration::from_millis(1));
        let binding = Binding::new(Arc::clone(&self.policy)).breaker(breaker);
        gateway.swap(&BindingTarget::Platform, binding).map_err(Stop::refused)?;
        Ok(gateway)
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The next decision is that of a fresh instance.
    pub(super) fn freshen(&self) {
        self.policy.forget_idle();
    }

    /// Decides the cases in their order, each as often as it says, every time with a fresh instance. Pins are kept from
    /// case to case.
    pub(super) fn begin<'c>(&self, gateway: &Gateway, cases: &'c [Case]) -> Vec<Start<'c>> {
        let mut pins = Vec::new();
        let begin = |case: &'c Case| {
            let message = case.message();
            for _ in 1..case.repeat.get() {
                self.decide(gateway, &message, &pins);
                pins = self.pins.all();
            }
            let (found, lines) = policy_log::keep(|| self.decide(gateway, &message, &pins));
            let before = std::mem::replace(&mut pins, self.pins.all());
            Start { message, pins: before, keys: self.pins.used(), found, lines }
        };
        cases.iter().map(begin).collect()
    }

    /// Decides with a fresh instance, under these pins.
    fn decide(&self, gateway: &Gateway, message: &Message<'_>, pins: &[PinRecord]) -> Found {
        self.freshen();
        self.decide_warm(gateway, message, pins)
    }

    /// Decides with whatever instance there is, under these pins.
    pub(super) fn decide_warm(&self, gateway: &Gateway, message: &Message<'_>, pins: &[PinRecord]) -> Found {
        self.pins.put_back(pins);
        let decision = gateway.resolve(message);
        Found::of(&decision.get(), self.pins.pinned(&self.pins.used()))
    }

    /// Why a case is decided as it is, in words.
    pub(super) fn explain(&self, gateway: &Gateway, start: &Start<'_>) -> String {
        self.pins.put_back(&start.pins);
        self.freshen();
        gateway.explain(&start.message).to_string()
    }
}

impl Found {
    /// Whether the policy failed.
    pub(super) fn is_failure(&self) -> bool {
        self.failure.is_some()
    }

    pub(super) fn of(decision: &DecisionRef<'_>, pinned: Vec<String>) -> Self {
        let (words, failure) = match decision.refusal() {
            Some(failure @ Refusal::PolicyFailed(_)) => (None, Some(Failure(failure.to_string()))),
            refusal => (refusal.map(ToString::to_string), None),
        };
        Self { decision: Expected::of(decision), words, failure, pinned }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.decision)?;
        if let Some(words) = self.words.as_ref().or(self.failure.as_ref().map(|Failure(words)| words)) {
            write!(f, ": {words}")?;
        }
        for sender in &self.pinned {
            write!(f, ", pins {sender}")?;
        }
        Ok(())
    }
}
