//! Many messages, decided for a caller that must not block: quick policies run on its thread, slow ones in the slow lane,
//! and the store of pins is awaited.

use std::sync::Arc;

use callsign_engine::RequestTime;

use super::batch::Batch;
use super::shadow::compare_in_slow_lane;
use super::slow_work::SlowWork;
use super::turn::{Place, Turn};
use super::wording::word;
use crate::decision::Outcome;
use crate::lanes::SlowLane;
use crate::message::Message;
use crate::recording::Receipts;
use crate::snapshot::Snapshot;

/// Decides messages, in their order, and records the decisions. `place` is that of an asynchronous caller.
pub(crate) async fn decide(
    lane: &Arc<SlowLane>,
    snapshot: &Arc<Snapshot>,
    messages: &[Message<'_>],
    time: RequestTime,
    place: Place,
    receipts: &mut Receipts,
) -> Vec<Outcome> {
    receipts.begin(snapshot);
    let store = snapshot.sticky.as_async();
    let mut batch = Batch::new(snapshot, messages);
    if let Some(store) = store {
        let keys = batch.keys();
        if !keys.is_empty() {
            let pins = store.read_async(&keys).await;
            batch.read(pins);
        }
    }
    let mut turn = Turn::new(lane, place, time);
    turn.quick_from_now();
    let slow = if lane.tries_quick() { batch.decide(&mut turn) } else { batch.decide_in_slow_lane() };
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

/// Lets the slow lane do its work, for all applications of the batch at once.
async fn finish(
    slow: Vec<SlowWork>,
    lane: &Arc<SlowLane>,
    snapshot: &Arc<Snapshot>,
    batch: &mut Batch<'_>,
    turn: &mut Turn<'_>,
) {
    let submitted: Vec<_> = slow.into_iter().map(|work| work.submit(lane, snapshot, turn.time)).collect();
    for (slots, reply) in submitted {
        let worked = match reply {
            Ok(reply) => reply.wait().await,
            Err(failure) => Err(failure),
        };
        match worked {
            Ok((progress, shadows)) => {
                batch.note_slow(&slots, progress);
                turn.shadows.extend(shadows);
            }
            Err(failure) => {
                turn.quick_from_now();
                batch.fail(&slots, &failure, turn);
            }
        }
    }
}
