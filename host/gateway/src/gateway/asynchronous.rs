//! The ways to decide for callers that must not block.

use std::sync::Arc;

use arc_swap::Guard;
use callsign_engine::{PinRead, RequestTime};
use callsign_sticky::StickyError;

use super::Gateway;
use crate::decision::{Decision, Decisions, Verdict};
use crate::message::Message;
use crate::recording::{Begun, Receipts, ToKeep};
use crate::refusal::Refusal;
use crate::resolve::batch::key as pin_key;
use crate::resolve::call::Query;
use crate::resolve::channels::Rounds;
use crate::resolve::destination::prepare;
use crate::resolve::in_lanes;
use crate::resolve::shadow::compare_in_slow_lane;
use crate::resolve::single::decide_with;
use crate::resolve::turn::{Place, Turn};
use crate::resolve::wording::word_quickly;
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
        let mut at_once = self.resolve_at_once(message, time);
        let mut pins = None;
        if let AtOnce::NeedsPin(decision, query, begun) = at_once {
            let read = read_pin(&decision, &query).await;
            at_once = self.decide_at_once(decision, &query, &read, begun, time);
            pins = read.map(|read| vec![read]);
        }
        let (decision, begun) = match at_once {
            AtOnce::Decided(decision) => return decision,
            AtOnce::Recorded(decision, to_keep) => return keep(decision, to_keep).await,
            AtOnce::NeedsPin(decision, _, begun) | AtOnce::NotYet(decision, begun) => (decision, begun),
        };
        let (snapshot, mut receipts) = (Guard::into_inner(decision.snapshot), Receipts::since(begun));
        let message = std::slice::from_ref(message);
        let lane = &self.control.slow_lane;
        let outcomes = in_lanes::decide(lane, &snapshot, message, time, Place::Worker, &mut receipts, pins).await;
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
        match prepare(snapshot, message) {
            Ok(query) if snapshot.sticky.as_async().is_some() && pin_key(snapshot, &query).is_some() => {
                // A thread has few places for what it borrows, and the store may take a while.
                decision.snapshot = Guard::from_inner(Guard::into_inner(decision.snapshot));
                AtOnce::NeedsPin(decision, query, begun)
            }
            Ok(query) => self.decide_at_once(decision, &query, &None, begun, time),
            Err(refused) => {
                *outcome = refused;
                let to_keep = snapshot.record(begun, message, None, outcome);
                AtOnce::of(decision, to_keep)
            }
        }
    }

    /// The same for a message whose pin was read, if it has one.
    #[inline]
    fn decide_at_once<'a>(
        &self,
        mut decision: Decision,
        query: &Query<'a>,
        read: &PinRead,
        begun: Option<Begun>,
        time: RequestTime,
    ) -> AtOnce<'a> {
        let (snapshot, outcome) = (&*decision.snapshot, &mut decision.outcome);
        let lane = &self.control.slow_lane;
        if !lane.tries_quick() {
            return AtOnce::NotYet(decision, begun);
        }
        let mut turn = Turn::new(lane, Place::Worker, time);
        turn.quick_from_now();
        if !decide_with(snapshot, query, read, &mut turn, outcome) {
            return AtOnce::NotYet(decision, begun);
        }
        if let Verdict::Refused(Refusal::Own(own)) = &outcome.verdict
            && !word_quickly(own, lane, snapshot, (query.question.request.scope, outcome.by), &time)
        {
            return AtOnce::NotYet(decision, begun);
        }
        let to_keep = snapshot.record(begun, query.message, Some(&query.question), outcome);
        if !turn.shadows.is_empty() {
            let snapshot = Guard::into_inner(decision.snapshot);
            compare_in_slow_lane(lane, &snapshot, time, turn.shadows);
            decision.snapshot = Guard::from_inner(snapshot);
        }
        AtOnce::of(decision, to_keep)
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

/// How far a message came on the thread of an asynchronous caller.
enum AtOnce<'a> {
    Decided(Decision),
    /// It is decided once its record is kept.
    Recorded(Decision, ToKeep<'a>),
    /// Its pin is to be read first; when it began, if it will be recorded.
    NeedsPin(Decision, Query<'a>, Option<Begun>),
    /// It is to be decided in the lanes.
    NotYet(Decision, Option<Begun>),
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

/// Reads the pin of a message.
async fn read_pin(decision: &Decision, query: &Query<'_>) -> PinRead {
    let snapshot = &decision.snapshot;
    let (store, key) = (snapshot.sticky.as_async()?, pin_key(snapshot, query)?);
    let answer = store.read_async(&[key]).await.pop();
    answer.or_else(|| Some(Err(StickyError::new("the store gave no answer"))))
}

/// Waits until the record of a decision is kept.
async fn keep(decision: Decision, to_keep: ToKeep<'_>) -> Decision {
    let Decision { snapshot, mut outcome, by_channel } = decision;
    // A thread has few places for what it borrows, and this may take a while.
    let snapshot = Guard::into_inner(snapshot);
    snapshot.keep_async(to_keep, &mut outcome).await;
    Decision { snapshot: Guard::from_inner(snapshot), outcome, by_channel }
}
