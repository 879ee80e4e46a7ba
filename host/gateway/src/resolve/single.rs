//! One message, decided by itself.

use callsign_engine::Failure;
use callsign_sticky::{AsyncStore, Pin, PinKey, StickyError};

use super::call::{Answerer, Query, choose};
use super::pin::{Settled, no_answer};
use super::progress::{Progress, Retry, advance, attempt_into, failed, first, note_verdict, on_store_reply};
use super::turn::Turn;
use crate::decision::Outcome;
use crate::snapshot::Snapshot;

/// Answers one message.
///
/// # Errors
/// A call was to be quick, and is not: it is to be made again in the slow lane. Boxed, since it is rare.
#[inline]
pub(crate) fn decide(
    snapshot: &Snapshot,
    query: &Query<'_>,
    turn: &mut Turn<'_>,
    outcome: &mut Outcome,
) -> Result<(), Box<Retry>> {
    let answerer = choose(snapshot, query);
    let wanted = attempt_into(snapshot, &answerer, query, &None, turn, outcome);
    // As most are: without a pin to write.
    if let Ok(None) = wanted {
        note_verdict(&answerer, answerer.by.role, &outcome.verdict);
        outcome.by = answerer.by;
        return Ok(());
    }
    let settled = wanted.map(|wanted| Settled::of(outcome.verdict.clone(), outcome.reads, wanted));
    *outcome = further(snapshot, query, &answerer, settled, turn)?;
    Ok(())
}

/// Answers one message whose pin lies in a store that is awaited.
///
/// # Errors
/// A call was to be quick, and is not: it is to be made again in the slow lane.
pub(crate) async fn decide_awaiting(
    snapshot: &Snapshot,
    query: &Query<'_>,
    (store, key): (&dyn AsyncStore, PinKey<'_>),
    turn: &mut Turn<'_>,
) -> Result<Outcome, Retry> {
    let read = only(store.read_async(&[key]).await);
    turn.quick_from_now();
    let answerer = choose(snapshot, query);
    let mut progress = first(snapshot, &answerer, query, Some(read), turn);
    loop {
        match progress {
            Progress::Done(outcome) => return Ok(outcome),
            Progress::NeedsPin(pending) => {
                let answer = match pending.write(snapshot, query) {
                    Some(write) => only(store.write_async(&[write]).await),
                    None => Ok(None),
                };
                turn.quick_from_now();
                progress = on_store_reply(snapshot, &answerer, query, pending, answer, turn);
            }
            Progress::TooSlow(retry) => return Err(retry),
        }
    }
}

/// The answer of a store that was asked about one pin.
fn only(mut answers: Vec<Result<Option<Pin>, StickyError>>) -> Result<Option<Pin>, StickyError> {
    answers.pop().unwrap_or_else(|| Err(no_answer()))
}

/// What is left to do for a message whose pin is to be written, or whose policy failed.
#[inline(never)]
fn further(
    snapshot: &Snapshot,
    query: &Query<'_>,
    answerer: &Answerer<'_>,
    settled: Result<Settled, Failure>,
    turn: &mut Turn<'_>,
) -> Result<Outcome, Box<Retry>> {
    let mut progress = match settled {
        Ok(settled) => advance(answerer, settled, answerer.by.role, 0),
        Err(failure) => failed(snapshot, answerer, query, failure, None, turn),
    };
    loop {
        match progress {
            Progress::Done(outcome) => return Ok(outcome),
            Progress::NeedsPin(pending) => {
                let answer = match pending.write(snapshot, query) {
                    Some(write) => snapshot.sticky.write_one(&write),
                    None => Ok(None),
                };
                progress = on_store_reply(snapshot, answerer, query, pending, answer, turn);
            }
            Progress::TooSlow(retry) => return Err(Box::new(retry)),
        }
    }
}
