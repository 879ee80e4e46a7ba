//! A canary: a candidate that serves a share of the recipients, and is rolled back automatically when it goes wrong.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::health::BoundPolicy;
use super::tally::Tally;

/// When a candidate is rolled back automatically.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AutoRollback {
    /// The share of answers that may be failures or refusals, in thousandths. Default 50.
    pub per_mille: u16,
    /// The least number of answers before it is judged. Default 100.
    pub answers: u64,
    /// How long answers count. Default 1 minute.
    pub window: Duration,
}

impl AutoRollback {
    /// Rolls back when more than `per_mille` thousandths of at least `answers` answers within `window` are failures or
    /// refusals.
    pub fn new(per_mille: u16, answers: u64, window: Duration) -> Self {
        Self { per_mille, answers, window }
    }
}

impl Default for AutoRollback {
    fn default() -> Self {
        Self { per_mille: 50, answers: 100, window: Duration::from_secs(60) }
    }
}

/// A candidate that serves a share of the recipients.
pub(crate) struct Canary {
    pub(crate) bound: Arc<BoundPolicy>,
    pub(crate) per_mille: u16,
    pub(crate) auto_rollback: AutoRollback,
    answers: Tally,
    window: Mutex<Window>,
}

struct Window {
    began: Instant,
    answers_before: u64,
    wrong: u64,
}

impl Canary {
    pub(crate) fn new(bound: Arc<BoundPolicy>, per_mille: u16, auto_rollback: AutoRollback) -> Self {
        let window = Mutex::new(Window { began: Instant::now(), answers_before: 0, wrong: 0 });
        Self { bound, per_mille, auto_rollback, answers: Tally::default(), window }
    }

    /// Whether it serves a recipient. A larger share serves the same recipients and more.
    #[inline]
    pub(crate) fn serves(&self, recipient: u64) -> bool {
        // Mixed again, so that it does not depend on how recipients are spread over senders.
        let place = recipient.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) & 0xffff_ffff;
        (place * 1000) >> 32 < u64::from(self.per_mille)
    }

    /// Counts an answer, and rolls the candidate back when too many were wrong.
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
        if window.began.elapsed() > self.auto_rollback.window {
            *window = Window { began: Instant::now(), answers_before: total.saturating_sub(1), wrong: 0 };
        }
        window.wrong += 1;
        let (wrong, answers) = (window.wrong, total.saturating_sub(window.answers_before));
        drop(window);
        let too_many = wrong.saturating_mul(1000) > answers.saturating_mul(u64::from(self.auto_rollback.per_mille));
        if answers >= self.auto_rollback.answers
            && too_many
            && let Some(supervisor) = self.bound.supervisor.upgrade()
        {
            supervisor.roll_back(&self.bound, wrong, answers);
        }
    }
}
