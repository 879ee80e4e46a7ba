//! A route: the policy that serves a binding, the candidates beside it, and how they fare.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::binding::{Binding, Bound};
use crate::control::Control;
use crate::event::{Event, What};
use crate::policy::{Failure, Policy};
use crate::tally::Tally;

/// Where the messages of a binding go.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) bound: Bound,
    pub(crate) active: Arc<Member>,
    pub(crate) canary: Option<Arc<Canary>>,
    pub(crate) shadow: Option<Arc<Shadow>>,
}

/// A bound policy, and its health.
pub(crate) struct Member {
    pub(crate) binding: Binding,
    pub(crate) bound: Bound,
    pub(crate) control: Weak<Control>,
    /// The standard policy, where the failure rule asks for it.
    pub(crate) fallback: Option<Arc<Policy>>,
    failures_in_a_row: AtomicU32,
    failures: AtomicU64,
    /// When it may be called again, in milliseconds of [`since_start`]; 0 while it may.
    rests_until: AtomicU64,
}

impl Member {
    pub(crate) fn new(binding: Binding, bound: Bound, control: Weak<Control>) -> Self {
        Self {
            binding,
            bound,
            control,
            fallback: None,
            failures_in_a_row: AtomicU32::new(0),
            failures: AtomicU64::new(0),
            rests_until: AtomicU64::new(0),
        }
    }

    /// Whether it may be called. Of the callers that find its rest over, one tries it.
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

    /// It answered.
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
            self.report(What::Recovered { policy: self.binding.policy.label().into() });
        }
    }

    /// It failed. That all instances of the process were busy is counted, but not held against it.
    #[cold]
    pub(crate) fn failed(&self, failure: &Failure) {
        if matches!(failure, Failure::Resting) {
            return;
        }
        let policy = self.count(failure);
        if !matches!(failure, Failure::Busy(_))
            && self.failures_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= self.binding.breaker.failures
            && self.rests_until.swap(self.next_try(since_start()), Ordering::Relaxed) == 0
        {
            self.report(What::Rested { policy });
        }
    }

    /// Whether it is left alone. Unlike [`Member::may_be_called`] this does not take the turn to try it again.
    pub(crate) fn is_resting(&self) -> bool {
        self.rests_until.load(Ordering::Relaxed) != 0
    }

    fn count(&self, failure: &Failure) -> Arc<str> {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let policy: Arc<str> = self.binding.policy.label().into();
        let what = What::Failed { policy: Arc::clone(&policy), kind: failure.kind(), cause: failure.to_string() };
        self.report(what);
        policy
    }

    /// How often it failed.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    fn report(&self, what: What) {
        if let Some(control) = self.control.upgrade() {
            control.report(&Event { bound: self.bound.clone(), what });
        }
    }
}

/// Milliseconds, at least 1, since this was first asked.
fn since_start() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_millis() as u64 + 1
}

/// When a candidate is taken off by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recall {
    /// It goes when more than this share of its answers is wrong: a failure, or a refusal. In thousandths; default 50.
    pub per_mille: u16,
    /// But not before it gave this many answers. Default 100.
    pub answers: u64,
    /// Answers are forgotten after this time. Default one minute.
    pub window: Duration,
}

impl Recall {
    /// A candidate goes when more than so many thousandths of at least so many answers are wrong.
    pub fn new(per_mille: u16, answers: u64, window: Duration) -> Self {
        Self { per_mille, answers, window }
    }
}

impl Default for Recall {
    fn default() -> Self {
        Self { per_mille: 50, answers: 100, window: Duration::from_secs(60) }
    }
}

/// A candidate that serves a share of the recipients.
pub(crate) struct Canary {
    pub(crate) member: Arc<Member>,
    pub(crate) per_mille: u16,
    pub(crate) recall: Recall,
    answers: Tally,
    window: Mutex<Window>,
}

struct Window {
    began: Instant,
    answers_before: u64,
    wrong: u64,
}

impl Canary {
    pub(crate) fn new(member: Arc<Member>, per_mille: u16, recall: Recall) -> Self {
        let window = Mutex::new(Window { began: Instant::now(), answers_before: 0, wrong: 0 });
        Self { member, per_mille, recall, answers: Tally::default(), window }
    }

    /// Whether it serves a recipient: always the same ones, and more of them as its share grows.
    #[inline]
    pub(crate) fn serves(&self, recipient: u64) -> bool {
        // Apart from what spreads the recipient over senders.
        let place = recipient.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) & 0xffff_ffff;
        (place * 1000) >> 32 < u64::from(self.per_mille)
    }

    /// Counts an answer, and takes the candidate off when too many were wrong.
    pub(crate) fn answered(&self, wrong: bool) {
        self.answers.add();
        if wrong {
            self.went_wrong();
        }
    }

    #[cold]
    fn went_wrong(&self) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let total = self.answers.sum();
        if window.began.elapsed() > self.recall.window {
            *window = Window { began: Instant::now(), answers_before: total.saturating_sub(1), wrong: 0 };
        }
        window.wrong += 1;
        let (wrong, answers) = (window.wrong, total.saturating_sub(window.answers_before));
        drop(window);
        let too_many = wrong.saturating_mul(1000) > answers.saturating_mul(u64::from(self.recall.per_mille));
        if answers >= self.recall.answers
            && too_many
            && let Some(control) = self.member.control.upgrade()
        {
            control.recall(&self.member, wrong, answers);
        }
    }
}

/// A candidate that decides beside the policy that serves; its answers are compared and thrown away.
pub(crate) struct Shadow {
    pub(crate) member: Arc<Member>,
    compared: Tally,
    different: AtomicU64,
    samples: Mutex<VecDeque<Difference>>,
}

/// How many differences of a shadow are kept: the last ones.
const SAMPLES: usize = 100;

/// A message that a candidate decides otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// `applicationId` of the message.
    pub application: Box<str>,
    /// `entityId` of the message.
    pub entity: Option<Box<str>>,
    /// `to` of the message.
    pub to: Box<str>,
    /// What the policy that serves made of it: `senderId STEP`, or the code of a refusal.
    pub serving: String,
    /// What the candidate made of it.
    pub candidate: String,
}

/// What a shadow has found so far.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// The candidate, as `name@version`.
    pub candidate: Arc<str>,
    /// How many messages both decided.
    pub compared: u64,
    /// How many of them the candidate decided otherwise.
    pub different: u64,
    /// The last of these.
    pub samples: Vec<Difference>,
}

impl Shadow {
    pub(crate) fn new(member: Arc<Member>) -> Self {
        Self { member, compared: Tally::default(), different: AtomicU64::new(0), samples: Mutex::default() }
    }

    /// Counts a comparison; `difference` tells what was different.
    pub(crate) fn compared(&self, difference: Option<Difference>) {
        self.compared.add();
        if let Some(difference) = difference {
            self.different.fetch_add(1, Ordering::Relaxed);
            let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
            if samples.len() == SAMPLES {
                samples.pop_front();
            }
            samples.push_back(difference);
        }
    }

    pub(crate) fn comparison(&self) -> Comparison {
        Comparison {
            candidate: self.member.binding.policy.label().into(),
            compared: self.compared.sum(),
            different: self.different.load(Ordering::Relaxed),
            samples: self.samples.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect(),
        }
    }
}
