//! Rounds of the writer, and waiting for them.
//!
//! In a round the writer takes all that is in the rings, writes it and, under [`Promise::Keep`](crate::Promise::Keep), makes sure that
//! it is on the disk. So a record is on the disk once a round has ended that began after it was put into its ring. All who wait
//! share the round.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::error::LogUnavailable;

/// How many series of failed rounds are remembered for those who wait.
const FAILURES: usize = 64;

/// What a record waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The first round that may have the record; 0 if there is nothing to wait for.
    pub(crate) first: u64,
    /// The last one.
    pub(crate) last: u64,
}

impl Ticket {
    pub(crate) const NOTHING: Ticket = Ticket { first: 0, last: 0 };

    /// What two records wait for that one thread recorded: a batch waits once.
    #[must_use]
    pub fn and(self, other: Ticket) -> Ticket {
        match (self, other) {
            (Ticket::NOTHING, one) | (one, Ticket::NOTHING) => one,
            (one, other) => Ticket { first: one.first.min(other.first), last: one.last.max(other.last) },
        }
    }
}

/// The rounds of a writer.
#[derive(Debug)]
pub(crate) struct Rounds {
    started: AtomicU64,
    ended: AtomicU64,
    /// The same for those who wait.
    waiting: watch::Sender<u64>,
    failures: Mutex<Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    /// From which round to which, and why. The oldest first.
    series: VecDeque<(u64, u64, LogUnavailable)>,
    /// Rounds up to this one may have failed and are not in `series` any more.
    forgotten: u64,
    /// No round after this one.
    closed: Option<u64>,
}

impl Default for Rounds {
    fn default() -> Self {
        Self {
            started: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            waiting: watch::Sender::new(0),
            failures: Mutex::default(),
        }
    }
}

impl Rounds {
    fn failures(&self) -> std::sync::MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many rounds have begun.
    pub(crate) fn started(&self) -> u64 {
        self.started.load(Ordering::SeqCst)
    }

    /// How many rounds have ended. A record that is put into its ring after this is in none of them.
    pub(crate) fn ended(&self) -> u64 {
        self.ended.load(Ordering::SeqCst)
    }

    /// What a record waits for that was put into its ring since `ended` was read.
    pub(crate) fn ticket(&self, ended: u64) -> Ticket {
        // Either the writer sees the record in the round after this, or that round has begun here.
        fence(Ordering::SeqCst);
        Ticket { first: ended + 1, last: self.started() + 1 }
    }

    /// Begins a round; by the writer only.
    pub(crate) fn begin(&self) -> u64 {
        let round = self.started.fetch_add(1, Ordering::SeqCst) + 1;
        fence(Ordering::SeqCst);
        round
    }

    /// Ends it.
    pub(crate) fn end(&self, round: u64, outcome: Result<(), LogUnavailable>) {
        if let Err(failure) = outcome {
            let mut failures = self.failures();
            match failures.series.back_mut() {
                Some((_, last, why)) if *last + 1 == round => (*last, *why) = (round, failure),
                _ => failures.series.push_back((round, round, failure)),
            }
            if failures.series.len() > FAILURES
                && let Some((_, last, _)) = failures.series.pop_front()
            {
                failures.forgotten = last;
            }
        }
        self.ended.store(round, Ordering::SeqCst);
        self.waiting.send_replace(round);
    }

    /// There are no further rounds.
    pub(crate) fn close(&self) {
        self.failures().closed = Some(self.started());
        self.waiting.send_replace(u64::MAX);
    }

    /// Waits until a record is on the disk.
    pub(crate) async fn wait(&self, ticket: Ticket) -> Result<(), LogUnavailable> {
        // The sender lives as long as this does.
        let _ = self.waiting.subscribe().wait_for(|ended| *ended >= ticket.last).await;
        let failures = self.failures();
        if failures.closed.is_some_and(|closed| ticket.last > closed) {
            return Err(LogUnavailable::Closed);
        }
        // A record that waited through many failures may have been in any of them.
        let failed = failures.series.iter().find(|(from, to, _)| *from <= ticket.last && *to >= ticket.first);
        match failed {
            Some((.., failure)) => Err(failure.clone()),
            None if ticket.first.max(1) <= failures.forgotten => Err(LogUnavailable::Late),
            None => Ok(()),
        }
    }
}
