//! Messages of a batch that are decided in the slow lane: all of one application and one policy.

use std::sync::Arc;

use callsign_engine::{Failure, RequestTime};
use cpu_time::ThreadTime;

use super::batch::{Group, Slot};
use super::call::{Answerer, Query};
use super::destination::Question;
use super::progress::{Progress, Retry, refused, retry};
use super::shadow::Comparing;
use super::turn::{Place, Turn};
use crate::lanes::{Reply, SlowLane, Tenant, quick_time};
use crate::message::OwnedMessage;
use crate::snapshot::{AnsweredBy, Snapshot};

/// Messages for the slow lane.
pub(crate) struct SlowWork {
    tenant: Tenant,
    by: AnsweredBy,
    /// Whether their call as a batch has failed before.
    one_by_one: bool,
    slots: Vec<Slot>,
    asked: Vec<Asked>,
}

struct Asked {
    question: Question,
    message: OwnedMessage,
    retry: Retry,
}

/// How far the messages have come, and what their shadows are still to be asked.
pub(crate) type Worked = (Vec<Progress>, Vec<Comparing>);

/// A piece of work that was given to the slow lane.
pub(crate) struct Submitted {
    pub(crate) slots: Vec<Slot>,
    /// Whether only the standard policy is to be called, in the place of one that has failed.
    pub(crate) is_fallback: bool,
    pub(crate) reply: Result<Reply<Worked>, Failure>,
}

impl SlowWork {
    pub(crate) fn new(tenant: Tenant, by: AnsweredBy, one_by_one: bool) -> Self {
        Self { tenant, by, one_by_one, slots: Vec::new(), asked: Vec::new() }
    }

    pub(crate) fn push(&mut self, slot: Slot, query: &Query<'_>, retry: Retry) {
        self.slots.push(slot);
        let message = OwnedMessage::of(query.message);
        self.asked.push(Asked { question: query.question, message, retry });
    }

    /// The application of the messages.
    pub(crate) fn tenant(&self) -> Tenant {
        self.tenant
    }

    /// How many messages there are.
    pub(crate) fn messages(&self) -> usize {
        self.slots.len()
    }

    /// Gives the work to the slow lane.
    pub(crate) fn submit(self, lane: &Arc<SlowLane>, snapshot: &Arc<Snapshot>, time: RequestTime) -> Submitted {
        let Self { tenant, by, one_by_one, slots, asked } = self;
        let is_fallback = is_fallback(&asked);
        // The budget keeps back the policies of an application. The standard policy takes their place.
        if !is_fallback && let Err(failure) = Answerer::chosen(snapshot, by).bound.check_budget(lane, tenant) {
            return Submitted { slots, is_fallback, reply: Err(failure) };
        }
        let (own, snapshot) = (Arc::downgrade(lane), Arc::clone(snapshot));
        let reply = lane.decide(tenant, asked.len(), move || match own.upgrade() {
            Some(lane) => decide(&lane, &snapshot, tenant, by, one_by_one, &asked, time),
            None => (Vec::new(), Vec::new()),
        });
        Submitted { slots, is_fallback, reply }
    }
}

fn is_fallback(asked: &[Asked]) -> bool {
    asked.iter().all(|asked| asked.retry.is_fallback())
}

fn decide(
    lane: &SlowLane,
    snapshot: &Snapshot,
    tenant: Tenant,
    by: AnsweredBy,
    one_by_one: bool,
    asked: &[Asked],
    time: RequestTime,
) -> Worked {
    let began = ThreadTime::now();
    let answerer = Answerer::chosen(snapshot, by);
    let mut turn = Turn::new(lane, Place::SlowLane, time);
    let attributes: Vec<_> = asked.iter().map(|asked| asked.message.attributes()).collect();
    let messages: Vec<_> = asked.iter().zip(&attributes).map(|(asked, pairs)| asked.message.get(pairs)).collect();
    let queries = (0..).zip(asked.iter().zip(&messages)).map(|(handle, (asked, message))| {
        let mut query = Query { question: asked.question, message };
        query.question.request.message = handle;
        query
    });
    let mut progress = Vec::with_capacity(asked.len());
    match asked {
        [only] => {
            let query = Query { question: only.question, message: &messages[0] }.alone();
            progress.push(retry(snapshot, &answerer, &query, only.retry.clone(), &mut turn));
        }
        _ => {
            let mut group = Group::new(answerer, asked.len());
            for (place, (query, asked)) in (0..).zip(queries.zip(asked)) {
                group.push(query, place, asked.retry.read.clone());
            }
            group.answer_in_slow_lane(snapshot, one_by_one, &mut turn, &mut progress);
        }
    }
    let is_quick = began.elapsed() < quick_time(asked.len());
    // This says nothing of a policy that was not called: where its message failed for that, or the standard policy took its place.
    let is_known = !is_quick || progress.iter().all(|progress| !progress.has_failed());
    if is_known && !is_fallback(asked) {
        answerer.bound.slow.ran(tenant, is_quick);
    }
    // Nothing is too slow here.
    let progress = progress.into_iter().map(|progress| match progress {
        Progress::TooSlow(_) => refused(&answerer, &Failure::Stopped),
        progress => progress,
    });
    (progress.collect(), turn.shadows)
}
