//! Where the calls for some messages are made, how long they may take, and what is left to do after the decisions.

use std::time::Duration;

use callsign_breaker::Permit;
use callsign_engine::{CallTime, Failure, Policy, RequestTime};
use cpu_time::ThreadTime;

use super::call::{Answerer, Query};
use super::shadow::Comparing;
use crate::bindings::BoundPolicy;
use crate::lanes::{SlowLane, Tenant, quick_time};
use crate::snapshot::Snapshot;

/// The most ticks of half a millisecond that a request may take on the thread of an asynchronous caller, in all of its
/// calls together.
const QUICK_TICKS: u64 = 6;

/// The most ticks that a call on that thread is charged: those and 10 ms, within which a call is stopped that has begun to fill its
/// memory, say. In whatever else passed, the thread waited for a core.
const MOST_CHARGED: u64 = QUICK_TICKS + 20;

/// How many times as long calls may take on a thread of lower priority, which waits for a core now and then: 20 ms, and 60 ms
/// in all.
const BULK_PATIENCE: u64 = 20;

/// How long a call may take on a core there to count as quick.
const QUICK_ON_CORE: Duration = Duration::from_millis(1);

/// Whose thread calls are made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// That of a caller who waits for nothing else.
    Caller,
    /// That of an asynchronous caller, which others wait for: a call that is not quick is given up.
    Worker,
    /// The same, but one of lower priority: it often waits for a core in the middle of a call, and little else waits for it.
    Bulk,
    /// One of the slow lane.
    SlowLane,
}

/// When a call began.
#[derive(Clone, Copy)]
pub(crate) struct CallBegun {
    /// In ticks of its request.
    ticks: u64,
    /// The time of its thread on a core, where it is measured.
    on_core: Option<ThreadTime>,
    is_single: bool,
}

/// The calls for some messages of a request.
pub(crate) struct Turn<'a> {
    pub(crate) lane: &'a SlowLane,
    pub(crate) place: Place,
    pub(crate) time: RequestTime,
    /// The ticks of the request when the caller's thread began to work on it.
    quick_from: u64,
    /// What the shadows of the messages are still to be asked.
    pub(crate) shadows: Vec<Comparing>,
}

impl<'a> Turn<'a> {
    /// Calls that are made now, at a place.
    #[inline]
    pub(crate) fn new(lane: &'a SlowLane, place: Place, time: RequestTime) -> Self {
        Self { lane, place, time, quick_from: 0, shadows: Vec::new() }
    }

    /// Counts the time on the caller's thread from now: it has done something else meanwhile.
    #[inline]
    pub(crate) fn quick_from_now(&mut self) {
        self.quick_from = self.time.spent();
    }

    /// Whether calls that are not quick are given up, to be made in the slow lane.
    #[inline]
    pub(crate) fn is_quick(&self) -> bool {
        matches!(self.place, Place::Worker | Place::Bulk)
    }

    /// How long a call about a number of messages may take.
    ///
    /// # Errors
    /// No time is left.
    #[inline]
    pub(crate) fn call_time(&self, policy: &Policy, messages: usize) -> Result<CallTime, Failure> {
        if self.is_quick() {
            let patience = if self.place == Place::Bulk { BULK_PATIENCE } else { 1 };
            let is_spent = self.time.spent() - self.quick_from >= QUICK_TICKS * patience || !self.lane.tries_quick();
            if is_spent { Err(Failure::Stopped) } else { Ok(CallTime::first(messages).times(patience)) }
        } else {
            self.time.left(policy.limits()).ok_or_else(|| self.time.used_up())
        }
    }

    /// A call that was stopped before its deadline ran out of the request's time, unless it was to be quick.
    #[cold]
    pub(crate) fn of_request(&self, failure: Failure) -> Failure {
        if failure == Failure::Stopped && !self.is_quick() { self.time.used_up() } else { failure }
    }

    /// Whether the call about a message may be made here.
    ///
    /// # Errors
    /// [`Failure::Stopped`]: it belongs in the slow lane. Otherwise the application's budget is used up.
    #[inline]
    pub(crate) fn enter(&self, snapshot: &Snapshot, answerer: &Answerer<'_>, query: &Query<'_>) -> Result<(), Failure> {
        if answerer.bound.slow.are_any() {
            self.enter_slow(answerer, snapshot.tenant(query.question.request.scope))
        } else {
            Ok(())
        }
    }

    #[cold]
    fn enter_slow(&self, answerer: &Answerer<'_>, tenant: Tenant) -> Result<(), Failure> {
        match self.place {
            Place::Worker | Place::Bulk if answerer.bound.slow.is_slow(tenant) => Err(Failure::Stopped),
            Place::Caller => {
                answerer.bound.check_budget(self.lane, tenant)?;
                // Only the budget keeps anybody from a thread of its own.
                answerer.bound.slow.ran(tenant, true);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes back the permit of a call that was given up, to be made again in the slow lane.
    #[inline]
    pub(crate) fn give_back<T>(&self, bound: &BoundPolicy, permit: Permit, called: &Result<T, Failure>) {
        if let Err(failure) = called
            && *failure == Failure::Stopped
            && self.is_quick()
        {
            bound.give_back(permit);
        }
    }

    /// A call begins, which is about several messages or one. It is measured where its thread may have to wait for a core, and
    /// where a tick ended during one before it.
    #[inline]
    pub(crate) fn begin(
        &self,
        snapshot: &Snapshot,
        answerer: &Answerer<'_>,
        query: &Query<'_>,
        is_single: bool,
    ) -> CallBegun {
        let is_watched = || answerer.bound.slow.is_watched(|| snapshot.tenant(query.question.request.scope));
        let is_measured = match self.place {
            Place::Bulk => true,
            Place::Worker => is_single && is_watched(),
            Place::Caller | Place::SlowLane => false,
        };
        let on_core = if is_measured { Some(ThreadTime::now()) } else { None };
        CallBegun { ticks: self.time.spent(), on_core, is_single }
    }

    /// Notes how a call went: whether it passed its first deadline, and the time that it took, which is sampled by the ticks
    /// that ended meanwhile, or measured on the core where its thread may have waited for one.
    #[inline]
    pub(crate) fn note<T>(
        &self,
        snapshot: &Snapshot,
        answerer: &Answerer<'_>,
        query: &Query<'_>,
        began: CallBegun,
        result: &Result<T, Failure>,
    ) {
        let ticks = self.time.spent() - began.ticks;
        if ticks != 0 || began.on_core.is_some() || result.is_err() {
            self.note_slow(
                answerer,
                snapshot.tenant(query.question.request.scope),
                ticks,
                began,
                result.as_ref().err(),
            );
        }
    }

    #[cold]
    fn note_slow(
        &self,
        answerer: &Answerer<'_>,
        tenant: Tenant,
        ticks: u64,
        began: CallBegun,
        failure: Option<&Failure>,
    ) {
        let slow = &answerer.bound.slow;
        let is_over = match (self.place, began.on_core) {
            // Its time is measured.
            (Place::SlowLane, _) => return,
            (Place::Bulk, Some(on_core)) => {
                let took = on_core.elapsed();
                if took >= QUICK_ON_CORE {
                    slow.mark(tenant);
                }
                self.lane.spend(tenant, took)
            }
            (_, on_core) => {
                if let Some(on_core) = on_core {
                    slow.measured(tenant, on_core.elapsed() >= quick_time(1));
                }
                // A call that was not made because others took the time of the request is not slow.
                if ticks > 0 && failure == Some(&Failure::Stopped) {
                    slow.mark(tenant);
                } else if ticks > 0 && self.place == Place::Worker && began.is_single {
                    slow.watch(tenant);
                }
                let ticks = if self.place == Place::Worker { charged(ticks) } else { ticks };
                ticks > 0 && self.lane.sample(tenant, ticks)
            }
        };
        if is_over && answerer.bound.has_budget() {
            slow.mark(tenant);
        }
    }
}

/// What a call on the thread of an asynchronous caller is charged of the ticks that passed meanwhile.
pub(super) fn charged(ticks: u64) -> u64 {
    ticks.min(MOST_CHARGED)
}

#[cfg(test)]
mod tests {
    use callsign_engine::Limits;

    use super::*;

    #[test]
    fn a_call_whose_thread_waits_for_a_core_is_charged_13_ms_at_most_and_any_other_in_full() {
        let ticks_in = |milliseconds| (Duration::from_millis(milliseconds).as_nanos() / Limits::TICK.as_nanos()) as u64;
        assert_eq!(charged(ticks_in(2_000)), ticks_in(13));
        // The first deadline, and the 10 ms within which a call is stopped after it.
        assert_eq!(charged(ticks_in(13)), ticks_in(13));
    }
}
