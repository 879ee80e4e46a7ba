//! Which applications a policy is slow for. Their calls go to the slow lane at once.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use super::fair_queue::Tenant;

/// After how many quick pieces of work in a row a policy is not slow any more.
const QUICK_AGAIN: u32 = 8;

/// The most of them: the number doubles each time the policy is soon slow again.
const MOST_QUICK_AGAIN: u32 = 1_024;

/// How many measured calls in a row take long until a policy is slow that is never stopped.
const LONG_CALLS: u32 = 4;

/// How soon.
const SOON: Duration = Duration::from_secs(10);

/// How many marks are kept before old ones are looked for.
const MANY: usize = 256;

/// The applications that a policy is slow for.
#[derive(Debug, Default)]
pub(crate) struct SlowMarks {
    /// A bit for a 64th of the applications, set if the policy is slow for any of them.
    bits: AtomicU64,
    marks: Mutex<HashMap<Tenant, Mark>>,
    /// The application whose calls are measured, 0 for none.
    watched: AtomicU64,
    /// How many of them took long, in a row.
    long: AtomicU32,
}

#[derive(Debug)]
struct Mark {
    is_slow: bool,
    /// Whether the slow lane found it slow too. A call may also have passed its first deadline because its thread had to
    /// wait for a core.
    is_confirmed: bool,
    /// Quick pieces of work since the last slow one.
    quick: u32,
    /// How many of them it took to be quick again, last time.
    needed: u32,
    /// When it became quick again.
    since: Instant,
}

impl SlowMarks {
    /// Whether the policy is slow for anybody.
    #[inline]
    pub(crate) fn are_any(&self) -> bool {
        self.bits.load(Ordering::Relaxed) != 0
    }

    /// Whether the policy is slow for an application.
    #[cold]
    pub(crate) fn is_slow(&self, tenant: Tenant) -> bool {
        self.bits.load(Ordering::Relaxed) & bit(tenant) != 0
            && self.lock().get(&tenant).is_some_and(|mark| mark.is_slow)
    }

    /// Notes that a call passed its first deadline: the policy counts as slow until the slow lane has found out.
    #[cold]
    pub(crate) fn mark(&self, tenant: Tenant) {
        let mut marks = self.lock();
        if marks.len() >= MANY {
            marks.retain(|_, mark| mark.is_slow || mark.since.elapsed() < SOON);
        }
        let new = || Mark { is_slow: false, is_confirmed: false, quick: 0, needed: 0, since: Instant::now() };
        let mark = marks.entry(tenant).or_insert_with(new);
        if !mark.is_slow {
            (mark.is_slow, mark.is_confirmed, mark.quick) = (true, false, 0);
        }
        self.bits.fetch_or(bit(tenant), Ordering::Relaxed);
    }

    /// Whether the calls of an application are measured; `tenant` is asked only if those of any are.
    #[inline]
    pub(crate) fn is_watched(&self, tenant: impl FnOnce() -> Tenant) -> bool {
        let watched = self.watched.load(Ordering::Relaxed);
        watched != 0 && watched == tenant()
    }

    /// Notes that a tick of the clock ended during a call. That happens to one quick call in thousands and to most that take
    /// nearly a tick, so the next calls of the application are measured. One is measured at a time, the last.
    #[cold]
    pub(crate) fn watch(&self, tenant: Tenant) {
        if self.watched.swap(tenant, Ordering::Relaxed) != tenant {
            self.long.store(0, Ordering::Relaxed);
        }
    }

    /// Notes a call that was measured. After several long ones in a row the policy is slow; a short one ends the measuring.
    #[cold]
    pub(crate) fn measured(&self, tenant: Tenant, is_long: bool) {
        let is_slow = is_long && self.long.fetch_add(1, Ordering::Relaxed) + 1 >= LONG_CALLS;
        if is_slow {
            self.mark(tenant);
        }
        if is_slow || !is_long {
            self.long.store(0, Ordering::Relaxed);
            self.watched.store(0, Ordering::Relaxed);
        }
    }

    /// Notes a piece of work in the slow lane, and whether it was quick.
    pub(crate) fn ran(&self, tenant: Tenant, quick: bool) {
        if !self.are_any() {
            return;
        }
        let mut marks = self.lock();
        let Some(mark) = marks.get_mut(&tenant).filter(|mark| mark.is_slow) else { return };
        if !quick {
            mark.quick = 0;
            if !mark.is_confirmed {
                let is_again = mark.needed > 0 && mark.since.elapsed() < SOON;
                mark.needed = if is_again { (mark.needed * 2).min(MOST_QUICK_AGAIN) } else { QUICK_AGAIN };
                mark.is_confirmed = true;
            }
            return;
        }
        mark.quick += 1;
        if mark.quick >= mark.needed || !mark.is_confirmed {
            mark.is_slow = false;
            mark.since = Instant::now();
            let slow = marks.iter().filter(|(_, mark)| mark.is_slow);
            self.bits.store(slow.fold(0, |bits, (&tenant, _)| bits | bit(tenant)), Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Tenant, Mark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bit(tenant: Tenant) -> u64 {
    1 << (tenant >> 58)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(marks: &SlowMarks, tenant: Tenant, times: u32) {
        (0..times).for_each(|_| marks.ran(tenant, true));
    }

    #[test]
    fn a_policy_is_slow_for_the_application_that_found_it_so() {
        let marks = SlowMarks::default();
        assert!(!marks.are_any() && !marks.is_slow(7));
        marks.mark(7);
        assert!(marks.are_any() && marks.is_slow(7));
        assert!(!marks.is_slow(8), "with the same bit");
        assert!(!marks.is_slow(u64::MAX), "with another bit");
    }

    #[test]
    fn a_call_that_only_waited_for_a_core_does_not_make_its_policy_slow() {
        let marks = SlowMarks::default();
        for _ in 0..100 {
            marks.mark(7);
            marks.ran(7, true);
            assert!(!marks.is_slow(7) && !marks.are_any());
        }
    }

    #[test]
    fn it_is_quick_again_after_eight_quick_ones_in_a_row() {
        let marks = SlowMarks::default();
        marks.mark(7);
        marks.ran(7, false);
        quick(&marks, 7, QUICK_AGAIN - 1);
        marks.ran(7, false);
        quick(&marks, 7, QUICK_AGAIN - 1);
        assert!(marks.is_slow(7));
        quick(&marks, 7, 1);
        assert!(!marks.is_slow(7) && !marks.are_any());
    }

    #[test]
    fn one_that_is_soon_slow_again_stays_twice_as_long() {
        let marks = SlowMarks::default();
        let mut needed = QUICK_AGAIN;
        for _ in 0..10 {
            marks.mark(7);
            marks.ran(7, false);
            quick(&marks, 7, needed - 1);
            assert!(marks.is_slow(7), "after {needed}");
            quick(&marks, 7, 1);
            assert!(!marks.is_slow(7), "after {needed}");
            needed = (needed * 2).min(MOST_QUICK_AGAIN);
        }
    }

    #[test]
    fn a_policy_whose_calls_all_take_long_is_slow_after_four_and_a_short_one_ends_the_measuring() {
        let marks = SlowMarks::default();
        let is_watched = |tenant| marks.is_watched(|| tenant);
        assert!(!is_watched(7) && !is_watched(0), "nobody is");
        marks.watch(7);
        (1..LONG_CALLS).for_each(|_| marks.measured(7, true));
        assert!(is_watched(7) && !is_watched(8) && !marks.are_any());
        marks.watch(7);
        marks.measured(7, true);
        assert!(marks.is_slow(7) && !is_watched(7), "it was watched all the time");
        quick(&marks, 7, 1);
        assert!(!marks.are_any(), "the slow lane found it quick");
        marks.watch(7);
        marks.measured(7, true);
        marks.measured(7, false);
        assert!(!is_watched(7));
        marks.watch(7);
        (1..LONG_CALLS).for_each(|_| marks.measured(7, true));
        marks.watch(8);
        marks.measured(8, true);
        assert!(is_watched(8) && !marks.are_any(), "calls of another count from the first");
    }

    #[test]
    fn marks_of_the_past_are_forgotten() {
        let marks = SlowMarks::default();
        for tenant in 0..2 * MANY as u64 {
            marks.mark(tenant);
            quick(&marks, tenant, 1);
            let mut all = marks.lock();
            let mark = all.get_mut(&tenant).expect("a mark");
            mark.since = mark.since.checked_sub(SOON).expect("the clock is older");
        }
        assert!(marks.lock().len() <= MANY);
    }
}
