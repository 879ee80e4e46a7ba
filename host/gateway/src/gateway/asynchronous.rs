//! The ways to decide for callers that must not block.

use std::sync::Arc;

use arc_swap::Guard;
use callsign_engine::RequestTime;
use callsign_sticky::{AsyncStore, PinKey};

use super::Gateway;
use crate::decision::{Decision, Decisions, Verdict};
use crate::message::Message;
use crate::recording::{Begun, Receipts, ToKeep};
use crate::refusal::Refusal;
use crate::resolve::batch::key as pin_key;
use crate::resolve::call::Query;
use crate::resolve::channels::Rounds;
use crate::resolve::destination::prepare;
use crate::resolve::in_lanes::{self, Again};
use crate::resolve::shadow::{Comparing, compare_in_slow_lane};
use crate::resolve::single::{decide, decide_awaiting};
use crate::resolve::turn::{Place, Turn};
use crate::resolve::wording::{word, word_quickly};
use crate::snapshot::Snapshot;

/// Deciding without blocking.
impl Gateway {
    /// [`Gateway::resolve`] for callers that must not block. Works on any executor. A store of pins on a network or a disk is
    /// awaited. The policy runs on the caller's thread if it answers within a millisecond; if not, it is asked again on
    /// threads of the gateway (the slow lane) and awaited. Refusals in a policy's own words are worded.
    ///
    /// A future that is dropped decides nothing more, but a pin that was on its way may be written.
    pub async fn resolve_async(&self, message: &Message<'_>) -> Decision {
        self.resolve_within(message, self.request_time(1)).await
    }

    /// The same as a part of a request that has begun before.
    pub async fn resolve_within(&self, message: &Message<'_>, time: RequestTime) -> Decision {
        if message.channels.is_some() {
            let messages = std::slice::from_ref(message);
            return Decision::only(self.resolve_in_lanes(self.snapshot(), messages, Some(time), Place::Worker).await);
        }
        let lane = &self.control.slow_lane;
        let (mut decision, query, begun, mut again) = match self.resolve_at_once(message, time) {
            AtOnce::Decided(decision) => return decision,
            AtOnce::Recorded(decision, to_keep) => return keep(decision, to_keep).await,
            AtOnce::Unworded(decision, query, begun, shadows) => {
                return self.finish(decision, &query, begun, shadows, time).await;
            }
            AtOnce::NotYet(decision, query, begun, again) => (decision, query, begun, again),
        };
        if again.is_none()
            && lane.tries_quick()
            && let Some(pin) = awaited_pin(&decision.snapshot, &query)
        {
            let mut turn = Turn::new(lane, Place::Worker, time);
            match decide_awaiting(&decision.snapshot, &query, pin, &mut turn).await {
                Ok(outcome) => {
                    decision.outcome = outcome;
                    return self.finish(decision, &query, begun, turn.shadows, time).await;
                }
                Err(retry) => again = Some((retry, turn.shadows)),
            }
        }
        let (snapshot, mut receipts) = (Guard::into_inner(decision.snapshot), Receipts::since(begun));
        let message = std::slice::from_ref(message);
        let outcomes = in_lanes::decide(lane, &snapshot, message, time, Place::Worker, &mut receipts, again).await;
        let mut decisions = Decisions { snapshot, outcomes, by_channel: Vec::new() };
        receipts.wait_async(&mut decisions, message).await;
        Decision::only(decisions)
    }

    /// Decides a message that needs no pin from a distant store, by a quick policy, as most do.
    #[inline]
    fn resolve_at_once<'a>(&self, message: &'a Message<'a>, time: RequestTime) -> AtOnce<'a> {
        let mut decision = Decision::none_yet(self.control.snapshot.load());
        let (snapshot, outcome) = (&*decision.snapshot, &mut decision.outcome);
        let begun = snapshot.begin_record();
        let to_keep = match prepare(snapshot, message) {
            Ok(query) => {
                let lane = &self.control.slow_lane;
                if awaited_pin(snapshot, &query).is_some() || !lane.tries_quick() {
                    return AtOnce::NotYet(owned(decision), query, begun, None);
                }
                let mut turn = Turn::new(lane, Place::Worker, time);
                turn.quick_from_now();
                if let Err(retry) = decide(snapshot, &query, &mut turn, outcome) {
                    return AtOnce::NotYet(owned(decision), query, begun, Some((*retry, turn.shadows)));
                }
                if let Verdict::Refused(Refusal::Own(own)) = &outcome.verdict
                    && !word_quickly(own, lane, snapshot, (query.question.request.scope, outcome.by), &time)
                {
                    return AtOnce::Unworded(owned(decision), query, begun, turn.shadows);
                }
                let to_keep = snapshot.record(begun, message, Some(&query.question), outcome);
                if !turn.shadows.is_empty() {
                    decision = owned(decision);
                    compare_in_slow_lane(lane, &decision.snapshot, time, turn.shadows);
                }
                to_keep
            }
            Err(refused) => {
                *outcome = refused;
                snapshot.record(begun, message, None, outcome)
            }
        };
        AtOnce::of(decision, to_keep)
    }

    /// Words and records a decision, and lets its shadows be asked.
    async fn finish(
        &self,
        mut decision: Decision,
        query: &Query<'_>,
        begun: Option<Begun>,
        shadows: Vec<Comparing>,
        time: RequestTime,
    ) -> Decision {
        let (lane, snapshot) = (&self.control.slow_lane, &*decision.snapshot);
        if let Verdict::Refused(Refusal::Own(_)) = decision.outcome.verdict {
            word(lane, snapshot, vec![(query.question.request.scope, &mut decision.outcome)], time).await;
        }
        let to_keep = snapshot.record(begun, query.message, Some(&query.question), &decision.outcome);
        if !shadows.is_empty() {
            compare_in_slow_lane(lane, snapshot, time, shadows);
        }
        match to_keep {
            Some(to_keep) => keep(decision, to_keep).await,
            None => decision,
        }
    }

    /// [`Gateway::resolve_batch`] for callers that must not block, as [`Gateway::resolve_async`]. The pins of all messages are
    /// read in one round trip before the policies run, and new pins are written in one round trip after. If another writer
    /// won, the policy runs again with the winning pin.
    ///
    /// A future that is dropped decides nothing more, but pins that were on their way may be written.
    pub async fn resolve_batch_async(&self, messages: &[Message<'_>]) -> Decisions {
        self.resolve_in_lanes(self.snapshot(), messages, None, Place::Worker).await
    }

    /// The same on a thread of lower priority. It may have to wait for a core in the middle of a call, so a call may take 20
    /// ms there before it is asked again in the slow lane, and what counts for a policy is its time on the core.
    pub async fn resolve_bulk_async(&self, messages: &[Message<'_>]) -> Decisions {
        self.resolve_in_lanes(self.snapshot(), messages, None, Place::Bulk).await
    }

    /// Decides messages of any number of channels in both lanes; by default within the time of a request of theirs.
    async fn resolve_in_lanes(
        &self,
        snapshot: Arc<Snapshot>,
        messages: &[Message<'_>],
        time: Option<RequestTime>,
        place: Place,
    ) -> Decisions {
        let (lane, mut receipts) = (&self.control.slow_lane, Receipts::default());
        let (outcomes, by_channel) = match Rounds::of(messages) {
            None => {
                let time = time.unwrap_or_else(|| self.request_time(messages.len()));
                (in_lanes::decide(lane, &snapshot, messages, time, place, &mut receipts, None).await, Vec::new())
            }
            Some(mut rounds) => {
                let time = time.unwrap_or_else(|| self.request_time(rounds.decisions()));
                while let Some(messages) = rounds.next() {
                    let outcomes = in_lanes::decide(lane, &snapshot, &messages, time, place, &mut receipts, None).await;
                    rounds.take(outcomes);
                }
                rounds.finish()
            }
        };
        let mut decisions = Decisions { snapshot, outcomes, by_channel };
        receipts.wait_async(&mut decisions, messages).await;
        decisions
    }
}

/// How far a message came on the thread of an asynchronous caller. What is not recorded yet has when it began, if it will be.
enum AtOnce<'a> {
    Decided(Decision),
    /// It is decided once its record is kept.
    Recorded(Decision, ToKeep<'a>),
    /// It is decided, but the words of its refusal take longer; with the shadows that are to be asked.
    Unworded(Decision, Query<'a>, Option<Begun>, Vec<Comparing>),
    /// It needs a pin that is awaited, or the slow lane, where it goes on from how far it has come.
    NotYet(Decision, Query<'a>, Option<Begun>, Option<Again>),
}

impl<'a> AtOnce<'a> {
    #[inline]
    fn of(decision: Decision, to_keep: Option<ToKeep<'a>>) -> Self {
        match to_keep {
            None => Self::Decided(decision),
            Some(to_keep) => Self::Recorded(decision, to_keep),
        }
    }
}

/// The pin that a message may have in a store that is awaited.
#[inline]
fn awaited_pin<'a>(snapshot: &'a Snapshot, query: &Query<'a>) -> Option<(&'a dyn AsyncStore, PinKey<'a>)> {
    Some((snapshot.sticky.as_async()?, pin_key(snapshot, query)?))
}

/// The decision with a reference of its own to the snapshot: a thread has few places for what it borrows, and what comes now may take a
/// while.
fn owned(mut decision: Decision) -> Decision {
    decision.snapshot = Guard::from_inner(Guard::into_inner(decision.snapshot));
    decision
}

/// Waits until the record of a decision is kept.
async fn keep(decision: Decision, to_keep: ToKeep<'_>) -> Decision {
    let mut decision = owned(decision);
    decision.snapshot.keep_async(to_keep, &mut decision.outcome).await;
    decision
}
