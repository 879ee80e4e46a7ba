//! The policy that is tested, and how a case is decided with it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use callsign::sticky::PinRecord;
use callsign::{
    Binding, BindingTarget, Breaker, Catalog, CompiledCache, DecisionRef, Gateway, Limits, Message, Policy, Refusal,
    StickyStore,
};

use super::super::cases::{Case, Expected};
use super::pins::{Key, TestPins};
use crate::exit::Stop;
use crate::gateway::refused_policy;
use crate::policy_log;

/// The policy with a gateway and pins of its own.
pub(super) struct Subject {
    pub(super) form: PoolForm,
    policy: Arc<Policy>,
    gateway: Gateway,
    pins: Arc<TestPins>,
}

/// How the policy comes to know the senders of a pool. Both must give the same answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PoolForm {
    /// As the host advises: it copies small pools, and asks about large ones.
    Advised,
    /// It always asks the host.
    Asked,
    /// It always copies the pool.
    Copied,
}

impl PoolForm {
    /// In words.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Advised => "",
            Self::Asked => " where it asks about the pool",
            Self::Copied => " where it copies the pool",
        }
    }

    fn of(self, policy: Policy) -> Policy {
        match self {
            Self::Advised => policy,
            Self::Asked => policy.with_copy_up_to(0),
            Self::Copied => policy.with_copy_up_to(u32::MAX),
        }
    }
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
    /// The policy of the component, for the cases.
    pub(super) fn load(
        bytes: &[u8],
        limits: Limits,
        form: PoolForm,
        component: &Path,
        settings: &str,
        catalog: &Catalog,
    ) -> Result<Self, Stop> {
        // Compiled once for all forms: that of a whole interpreter takes seconds.
        let policy = CompiledCache::of_user().policy(bytes, limits).map(|policy| form.of(policy));
        let policy = policy.and_then(|policy| policy.with_settings(settings));
        let policy = Arc::new(policy.map_err(|error| refused_policy(component, error))?);
        let pins = Arc::<TestPins>::default();
        let gateway = Gateway::with(catalog.clone(), Arc::clone(&policy), Arc::clone(&pins) as Arc<dyn StickyStore>)
            .map_err(Stop::refused)?;
        // Many failures in a row say nothing about the next case.
        let breaker = Breaker::new(u32::MAX, Duration::from_millis(1));
        let binding = Binding::new(Arc::clone(&policy)).breaker(breaker);
        gateway.swap(&BindingTarget::Platform, binding).map_err(Stop::refused)?;
        Ok(Self { form, policy, gateway, pins })
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The next decision is that of a fresh instance.
    pub(super) fn freshen(&self) {
        self.policy.forget_idle();
    }

    /// Decides the cases in their order, each as often as it says, every time with a fresh instance. Pins are kept from
    /// case to case.
    pub(super) fn begin<'c>(&self, cases: &[Case], messages: &[Message<'c>]) -> Vec<Start<'c>> {
        let mut pins = Vec::new();
        let begin = |(case, &message): (&Case, &Message<'c>)| {
            for _ in 1..case.repeat.get() {
                self.decide_fresh(&message, &pins);
                pins = self.pins.all();
            }
            let (found, lines) = policy_log::keep(|| self.decide_fresh(&message, &pins));
            let before = std::mem::replace(&mut pins, self.pins.all());
            Start { message, pins: before, keys: self.pins.used(), found, lines }
        };
        cases.iter().zip(messages).map(begin).collect()
    }

    /// Decides with a fresh instance, under these pins.
    fn decide_fresh(&self, message: &Message<'_>, pins: &[PinRecord]) -> Found {
        self.freshen();
        self.decide(message, pins)
    }

    /// Decides with whatever instance there is, under these pins.
    fn decide(&self, message: &Message<'_>, pins: &[PinRecord]) -> Found {
        self.pins.put_back(pins);
        let decision = self.gateway.resolve(message);
        Found::of(&decision.get(), self.pins.pinned(&self.pins.used()))
    }

    /// Decides a case with whatever instance there is, under the pins that it began with.
    pub(super) fn again(&self, case: &Start<'_>) -> Found {
        self.decide(&case.message, &case.pins)
    }

    /// Decides cases in one call of a fresh instance, under the pins of all of them.
    pub(super) fn batch(&self, cases: &[&Start<'_>]) -> Vec<Found> {
        let messages: Vec<Message<'_>> = cases.iter().map(|case| case.message).collect();
        let own = |case: &&Start<'_>| {
            let is_own = |record: &&PinRecord| case.keys.contains(&(record.scope, record.channel, record.recipient));
            case.pins.iter().filter(is_own).cloned().collect::<Vec<_>>()
        };
        let pins: Vec<PinRecord> = cases.iter().flat_map(own).collect();
        self.freshen();
        self.pins.put_back(&pins);
        let decisions = self.gateway.resolve_batch(&messages);
        cases
            .iter()
            .zip(decisions.iter())
            .map(|(case, decision)| Found::of(&decision, self.pins.pinned(&case.keys)))
            .collect()
    }

    /// Why a case is decided as it is, in words.
    pub(super) fn explain(&self, start: &Start<'_>) -> String {
        self.pins.put_back(&start.pins);
        self.freshen();
        self.gateway.explain(&start.message).to_string()
    }
}

impl Found {
    /// Whether the policy failed.
    pub(super) fn is_failure(&self) -> bool {
        self.failure.is_some()
    }

    fn of(decision: &DecisionRef<'_>, pinned: Vec<String>) -> Self {
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
