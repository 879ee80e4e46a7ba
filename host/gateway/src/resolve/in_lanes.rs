//! Many messages, decided for a caller that must not block: quick policies run on its thread, slow ones in the slow lane,
//! and the store of pins is awaited.

use std::collections::VecDeque;
use std::sync::Arc;

use callsign_engine::RequestTime;
use hashbrown::HashMap;

use super::batch::Batch;
use super::progress::Retry;
use super::shadow::{Comparing, compare_in_slow_lane};
use super::slow_work::{SlowWork, Submitted};
use super::turn::{Place, Turn};
use super::wording::word;
use crate::decision::Outcome;
use crate::lanes::{SlowLane, Tenant};
use crate::message::Message;
use crate::recording::Receipts;
use crate::snapshot::Snapshot;

/// A message that is to be decided in the slow lane, and the shadows of it that are to be asked.
pub(crate) type Again = (Retry, Vec<Comparing>);

/// Decides messages, in their order, and records the decisions. `place` is that of an asynchronous caller; `again` says how far the only
/// message has come before.
pub(crate) async fn decide(
    lane: &Arc<SlowLane>,
    snapshot: &Arc<Snapshot>,
    messages: &[Message<'_>],
    time: RequestTime,
    place: Place,
    receipts: &mut Receipts,
    again: Option<Again>,
) -> Vec<Outcome> {
    receipts.begin(snapshot);
    let store = snapshot.sticky.as_async();
    let mut batch = Batch::new(snapshot, messages);
    let mut turn = Turn::new(lane, place, time);
    let slow = match again {
        Some((retry, shadows)) => {
            turn.shadows = shadows;
            batch.call_again(retry)
        }
        None => {
            if let Some(store) = store {
                let keys = batch.keys();
                if !keys.is_empty() {
                    batch.read(store.read_async(&keys).await);
                }
            }
            turn.quick_from_now();
            if lane.tries_quick() { batch.decide(&mut turn) } else { batch.decide_in_slow_lane() }
        }
    };
    finish(slow, lane, snapshot, &mut batch, &mut turn).await;
    while batch.waits() {
        let answers = match store {
            Some(store) => store.write_async(&batch.writes()).await,
            None => snapshot.sticky.write(&batch.writes()),
        };
        turn.quick_from_now();
        let slow = batch.written(answers, &mut turn);
        finish(slow, lane, snapshot, &mut batch, &mut turn).await;
    }
    if batch.has_own_refusals() {
        word(lane, snapshot, batch.own_refusals(), time).await;
    }
    receipts.record_async(snapshot, messages.len(), batch.decided(messages)).await;
    if !turn.shadows.is_empty() {
        compare_in_slow_lane(lane, snapshot, time, turn.shadows);
    }
    batch.into_outcomes()
}

/// Lets the slow lane do its work, for all applications of the batch at once. A request keeps half of the places of an
/// application, so a large one waits for its own work instead of being refused for it.
async fn finish(
    slow: Vec<SlowWork>,
    lane: &Arc<SlowLane>,
    snapshot: &Arc<Snapshot>,
    batch: &mut Batch<'_>,
    turn: &mut Turn<'_>,
) {
    let most = lane.most_waiting() / 2;
    let mut submitted = VecDeque::new();
    let mut waiting: HashMap<Tenant, usize> = HashMap::new();
    for work in slow {
        let (tenant, messages) = (work.tenant(), work.messages());
        while waiting.get(&tenant).is_some_and(|&waiting| waiting + messages > most)
            && let Some(oldest) = submitted.pop_front()
        {
            let (tenant, messages) = worked(oldest, batch, turn).await;
            waiting.entry(tenant).and_modify(|waiting| *waiting -= messages);
        }
        *waiting.entry(tenant).or_default() += messages;
        submitted.push_back((tenant, work.submit(lane, snapshot, turn.time)));
    }
    for work in submitted {
        worked(work, batch, turn).await;
    }
    // What the slow lane has no room for is tried here once more, all of it within the time of one quick request.
    turn.quick_from_now();
    batch.fall_back(turn);
}

/// Waits for a piece of work, and notes how far its messages have come. Returns whose it was, and how many.
async fn worked(
    (tenant, submitted): (Tenant, Submitted),
    batch: &mut Batch<'_>,
    turn: &mut Turn<'_>,
) -> (Tenant, usize) {
    let Submitted { slots, is_fallback, reply } = submitted;
    let worked = match reply {
        Ok(reply) => reply.wait().await,
        Err(failure) => Err(failure),
    };
    match worked {
        Ok((progress, shadows)) => {
            batch.note_slow(&slots, progress);
            turn.shadows.extend(shadows);
        }
        Err(failure) if is_fallback => batch.not_taken(&slots, &failure),
        Err(failure) => {
            turn.quick_from_now();
            batch.fail(&slots, &failure, turn);
        }
    }
    (tenant, slots.len())
}
