//! The receipts of a sender for a channel and a country: a window that slides in steps, and what follows from it.
//!
//! A sender falls when enough receipts of the window fail. From then on only later receipts count. It is well again when
//! enough of those are good, or its time is over and it is tried again. On trial it has to be as good as one that
//! recovers; if it is not, it falls again, for twice the time.

use serde::{Deserialize, Serialize};

use super::Counts;
use crate::config::Health as Rules;

/// In how many steps the window slides.
const STEPS: u64 = 6;

/// For how long a fall is remembered after its time, if no receipts come: the longest time to retry.
const REMEMBERED: u64 = 86_400_000;

/// What is kept of the receipts of a sender for a channel and a country. Times are in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// The counts of each step that has some, oldest first.
    steps: Vec<Step>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fall: Option<Fall>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Step {
    /// When it began, in lengths of a step.
    number: u64,
    #[serde(flatten)]
    counts: Counts,
}

/// The last time that the sender fell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Fall {
    /// When it is tried again, or was.
    retry_at: u64,
    /// How long it was to wait, in milliseconds.
    wait: u64,
    on_trial: bool,
}

/// What receipts say of a sender that they did not say before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is unhealthy until this time.
    Fell { until: u64 },
    /// It is healthy.
    Recovered,
}

impl Window {
    /// Counts receipts that came now.
    pub(crate) fn add(&mut self, now: u64, counts: Counts, rules: &Rules) -> Option<Verdict> {
        if let Some(fall) = self.fall.as_mut().filter(|fall| !fall.on_trial && fall.retry_at <= now) {
            // What came while it had no traffic to speak of says nothing about now.
            fall.on_trial = true;
            self.steps.clear();
        }
        let number = now / Self::step(rules);
        // A clock that was set back moves receipts to the newest step.
        match self.steps.last_mut().filter(|last| last.number >= number) {
            Some(last) => last.counts.add(counts),
            None => self.steps.push(Step { number, counts }),
        }
        self.steps.retain(|step| step.number + STEPS > number);
        let counts = self.counts();
        if counts.all() < rules.least_receipts {
            return None;
        }
        let recovers = counts.fail_at_most(rules.recover_percent, rules.blocked_weight);
        match self.fall {
            None if counts.fail_at_least(rules.fall_percent, rules.blocked_weight) => {
                Some(self.falls(now, rules.retry_seconds * 1_000))
            }
            None => None,
            Some(_) if recovers => {
                self.fall = None;
                Some(Verdict::Recovered)
            }
            Some(fall) if fall.on_trial => {
                let longest = rules.longest_retry_seconds * 1_000;
                Some(self.falls(now, fall.wait.saturating_mul(2).min(longest)))
            }
            Some(_) => None,
        }
    }

    fn falls(&mut self, now: u64, wait: u64) -> Verdict {
        let retry_at = now + wait;
        self.fall = Some(Fall { retry_at, wait, on_trial: false });
        self.steps.clear();
        Verdict::Fell { until: retry_at }
    }

    /// Until when it is to be kept if no more receipts come.
    pub(crate) fn keep_until(&self, now: u64, rules: &Rules) -> u64 {
        let fall = self.fall.map_or(0, |fall| fall.retry_at + REMEMBERED);
        fall.max(now + rules.window_seconds * 1_000)
    }

    fn counts(&self) -> Counts {
        let mut all = Counts::default();
        self.steps.iter().for_each(|step| all.add(step.counts));
        all
    }

    /// The length of a step in milliseconds.
    fn step(rules: &Rules) -> u64 {
        (rules.window_seconds * 1_000 / STEPS).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000;
    const BEGIN: u64 = 1_767_225_600_000;

    fn counts(delivered: u64, undelivered: u64, blocked: u64) -> Counts {
        Counts { delivered, undelivered, blocked }
    }

    fn add(window: &mut Window, seconds: u64, given: (u64, u64, u64)) -> Option<Verdict> {
        window.add(BEGIN + seconds * SECOND, counts(given.0, given.1, given.2), &Rules::default())
    }

    fn fell_until(seconds: u64) -> Option<Verdict> {
        Some(Verdict::Fell { until: BEGIN + seconds * SECOND })
    }

    #[test]
    fn a_sender_falls_at_half_of_thirty_receipts_and_not_before() {
        let mut window = Window::default();
        assert_eq!(add(&mut window, 0, (0, 29, 0)), None, "29 say nothing");
        assert_eq!(add(&mut window, 1, (1, 0, 0)), fell_until(301));
        let mut window = Window::default();
        assert_eq!(add(&mut window, 0, (16, 14, 0)), None, "47 %");
        assert_eq!(add(&mut window, 1, (0, 2, 0)), fell_until(301), "50 %");
    }

    #[test]
    fn a_blocked_message_counts_as_three_that_do_not_arrive_but_not_as_three_receipts() {
        let mut window = Window::default();
        assert_eq!(add(&mut window, 0, (20, 0, 7)), None, "27 receipts");
        assert_eq!(add(&mut window, 0, (3, 0, 0)), None, "21 of 44");
        assert_eq!(add(&mut window, 0, (0, 0, 1)), fell_until(300), "24 of 47");
    }

    #[test]
    fn receipts_older_than_the_window_do_not_count() {
        let mut window = Window::default();
        assert_eq!(add(&mut window, 0, (0, 29, 0)), None);
        assert_eq!(add(&mut window, 300, (0, 29, 0)), None);
        assert_eq!(add(&mut window, 549, (0, 1, 0)), fell_until(849), "those of 300 s count until 550 s");
    }

    #[test]
    fn good_receipts_after_the_fall_make_it_well_before_its_time() {
        let mut window = Window::default();
        assert!(add(&mut window, 0, (0, 100, 0)).is_some());
        assert_eq!(add(&mut window, 10, (20, 9, 0)), None, "29 say nothing; those of before the fall are gone");
        assert_eq!(add(&mut window, 10, (15, 0, 0)), None, "20.5 %: too many fail to recover, too few to fall");
        assert_eq!(add(&mut window, 20, (1, 0, 0)), Some(Verdict::Recovered), "20 %");
        assert_eq!(add(&mut window, 20, (0, 20, 0)), None, "44 %");
        assert!(add(&mut window, 20, (0, 16, 0)).is_some());
    }

    #[test]
    fn a_sender_without_traffic_is_tried_again_and_falls_for_twice_the_time_up_to_an_hour() {
        let mut window = Window::default();
        assert_eq!(add(&mut window, 0, (0, 30, 0)), fell_until(300));
        assert_eq!(add(&mut window, 299, (0, 500, 0)), None, "it is down already");
        let mut now = 300;
        for wait in [600, 1_200, 2_400, 3_600, 3_600] {
            assert_eq!(add(&mut window, now, (20, 9, 0)), None, "on trial, 29 say nothing");
            // 30 %, which is not enough to fall but too much to be well again.
            assert_eq!(add(&mut window, now, (1, 0, 0)), fell_until(now + wait));
            now += wait;
        }
        assert_eq!(add(&mut window, now, (25, 5, 0)), Some(Verdict::Recovered));
        assert_eq!(add(&mut window, now + 1, (0, 30, 0)), fell_until(now + 301), "and the time begins anew");
    }

    #[test]
    fn a_window_has_at_most_six_steps_and_is_forgotten_after_a_while() {
        let mut window = Window::default();
        for second in 0..2_000 {
            add(&mut window, second, (1, 0, 0));
            assert!(window.steps.len() <= 6);
        }
        assert_eq!(window.counts().all(), 300 - 50 + 1_999 % 50 + 1);
        let now = BEGIN + 2_000 * SECOND;
        assert_eq!(window.keep_until(now, &Rules::default()), now + 300 * SECOND);
        let stored = serde_json::to_string(&window).expect("JSON");
        assert_eq!(serde_json::from_str::<Window>(&stored).expect("a window"), window);
    }

    #[test]
    fn counts_as_large_as_they_can_be_do_not_overflow() {
        let mut window = Window::default();
        for _ in 0..3 {
            add(&mut window, 0, (u64::MAX, u64::MAX, u64::MAX));
        }
        assert_eq!(window.fall.map(|fall| fall.on_trial), Some(false));
    }
}
