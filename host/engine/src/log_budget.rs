//! How many lines the policies of one owner may log a second. What is over it is counted, and told as one line.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A budget of log lines a second, shared by all policies that are given it. Taking a line is one atomic operation, without a
/// lock.
#[derive(Debug)]
pub struct LogBudget {
    owner: Box<str>,
    lines_per_second: u32,
    /// The second in the upper half, and the lines of it that were taken in the lower.
    taken: AtomicU64,
    /// Lines over the budget that were not told of yet.
    untold: AtomicU64,
    /// The second in which they were told of last.
    told: AtomicU64,
    dropped: AtomicU64,
}

impl LogBudget {
    /// A budget of an owner, which the line about dropped lines names. 0 lines a second is no limit.
    pub fn new(owner: &str, lines_per_second: u32) -> Self {
        Self {
            owner: owner.into(),
            lines_per_second,
            taken: AtomicU64::new(0),
            untold: AtomicU64::new(0),
            told: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// Takes a line; false if the budget of this second is used up.
    pub(crate) fn take(&self) -> bool {
        if self.lines_per_second == 0 || self.take_in(second()) {
            return true;
        }
        self.untold.fetch_add(1, Ordering::Relaxed);
        self.dropped.fetch_add(1, Ordering::Relaxed);
        false
    }

    fn take_in(&self, second: u64) -> bool {
        let take = |taken: u64| match (taken >> 32 == second, taken & u64::from(u32::MAX)) {
            (true, lines) if lines >= u64::from(self.lines_per_second) => None,
            (true, _) => Some(taken + 1),
            (false, _) => Some(second << 32 | 1),
        };
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Logs how many lines were dropped since this was told last, if any, at most once a second. It is called again and again by
    /// whoever holds the budget, since a policy that is quiet afterwards would not tell it.
    pub fn tell_dropped(&self) {
        let now = second();
        if self.untold.load(Ordering::Relaxed) == 0 || self.told.swap(now, Ordering::Relaxed) == now {
            return;
        }
        let lines = self.untold.swap(0, Ordering::Relaxed);
        if lines > 0 {
            log::warn!(
                target: "callsign::policy",
                "{lines} lines more of the policies of {:?} were not logged: {} a second are",
                self.owner, self.lines_per_second
            );
        }
    }

    /// How many lines were taken in this second.
    pub fn used(&self) -> u64 {
        let taken = self.taken.load(Ordering::Relaxed);
        if taken >> 32 == second() { taken & u64::from(u32::MAX) } else { 0 }
    }

    /// How many lines were dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// Seconds since the process first asked, from 1.
fn second() -> u64 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    BEGAN.get_or_init(Instant::now).elapsed().as_secs() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_lines_and_the_next_one_as_many_again() {
        let budget = LogBudget::new("shop", 3);
        assert_eq!((0..5).filter(|_| budget.take_in(7)).count(), 3);
        assert_eq!((0..5).filter(|_| budget.take_in(8)).count(), 3);
    }

    #[test]
    fn what_is_dropped_is_counted_and_no_limit_drops_nothing() {
        let budget = LogBudget::new("shop", 1);
        // Within two seconds at most three lines are taken.
        let taken = (0..10_000).filter(|_| budget.take()).count() as u64;
        assert_eq!(budget.dropped(), 10_000 - taken);
        let free = LogBudget::new("shop", 0);
        assert!((0..10_000).all(|_| free.take()));
        assert_eq!((free.dropped(), free.used()), (0, 0));
    }
}
