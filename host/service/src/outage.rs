//! A store that does not answer: since when, and what the log says of it. However many requests meet it, the log has a line
//! at the beginning, one at the end, and between them one for a while, with the count.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;

use crate::change::now;

/// The outages of one store, one after the other.
pub(crate) struct Outage {
    /// Which store, for the log.
    store: String,
    /// What that means, for the log.
    meaning: &'static str,
    /// How much time is between two lines.
    between: Duration,
    /// How long no operation may fail until the store counts as back. A store of several servers works and fails by turns.
    quiet: Duration,
    /// The only thing that is looked at while the store answers.
    is_away: AtomicBool,
    /// Failures since the last line.
    failures: AtomicU64,
    /// When the last one was, in milliseconds since 1970.
    last: AtomicU64,
    /// Whether an operation succeeded since.
    recovered: AtomicBool,
    current: Mutex<Option<Current>>,
    /// All failures, for the metrics.
    total: Counter,
}

/// An outage that goes on.
struct Current {
    /// Milliseconds since 1970.
    since: u64,
    began: Instant,
    told: Instant,
}

impl Outage {
    pub(crate) fn new(
        store: String,
        meaning: &'static str,
        between: Duration,
        quiet: Duration,
        total: Counter,
    ) -> Self {
        Self {
            store,
            meaning,
            between,
            quiet,
            is_away: AtomicBool::new(false),
            failures: AtomicU64::new(0),
            last: AtomicU64::new(0),
            recovered: AtomicBool::new(false),
            current: Mutex::default(),
            total,
        }
    }

    /// Since when it does not answer, in milliseconds since 1970.
    pub(crate) fn since(&self) -> Option<u64> {
        if !self.is_away.load(Ordering::Relaxed) {
            return None;
        }
        self.current.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|current| current.since)
    }

    pub(crate) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    /// Operations failed.
    pub(crate) fn failed(&self, count: u64, reason: &dyn Display) {
        self.total.inc_by(count);
        self.last.store(now(), Ordering::Relaxed);
        self.recovered.store(false, Ordering::Relaxed);
        if !self.is_away.swap(true, Ordering::Relaxed) {
            let began = Instant::now();
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            *current = Some(Current { since: now(), began, told: began });
            tracing::warn!("{} does not answer: {reason}; {}", self.store, self.meaning);
        } else {
            self.failures.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// An operation succeeded.
    pub(crate) fn works(&self) {
        if self.is_away.load(Ordering::Relaxed) {
            self.recovered.store(true, Ordering::Relaxed);
            if self.quiet.is_zero() {
                self.tell();
            }
        }
    }

    /// Tells the log what is due. Called all the time.
    pub(crate) fn tell(&self) {
        if !self.is_away.load(Ordering::Relaxed) {
            return;
        }
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(outage) = current.as_mut() else { return };
        let seconds = outage.began.elapsed().as_secs_f64();
        let quiet = now().saturating_sub(self.last.load(Ordering::Relaxed));
        if self.recovered.load(Ordering::Relaxed) && u128::from(quiet) >= self.quiet.as_millis() {
            let more = self.failures.swap(0, Ordering::Relaxed);
            let more = if more > 0 { format!("; {more} more operations failed") } else { String::new() };
            tracing::info!("{} answers again after {seconds:.1} s{more}", self.store);
            *current = None;
            self.is_away.store(false, Ordering::Relaxed);
        } else if outage.told.elapsed() >= self.between {
            let more = self.failures.swap(0, Ordering::Relaxed);
            // Nobody asked: nothing is known that was not said.
            if more > 0 {
                outage.told = Instant::now();
                tracing::warn!("{} does not answer for {seconds:.0} s: {more} more operations failed", self.store);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_has_a_beginning_and_ends_when_nothing_fails_any_more() {
        let counter = Counter::default();
        let outage = Outage::new("a store".into(), "so what", Duration::from_secs(60), Duration::ZERO, counter.clone());
        outage.works();
        assert_eq!((outage.since(), outage.is_away()), (None, false));
        outage.failed(1, &"no");
        let since = outage.since();
        assert!(since.is_some() && outage.is_away());
        outage.failed(3, &"no");
        assert_eq!((outage.since(), counter.get()), (since, 4));
        outage.tell();
        assert!(outage.is_away());
        outage.works();
        assert_eq!((outage.since(), outage.is_away()), (None, false));
        // One that works and fails by turns is away until it was quiet for a while.
        let flapping = Outage::new("b".into(), "", Duration::ZERO, Duration::from_secs(60), counter);
        flapping.failed(1, &"no");
        flapping.works();
        flapping.tell();
        assert!(flapping.is_away());
    }
}
