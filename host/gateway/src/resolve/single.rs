//! One message, decided by itself.

use callsign_engine::{Failure, PinRead};

use super::call::{Answerer, Query, choose};
use super::pin::Settled;
use super::progress::{Progress, advance, attempt_into, failed, note_verdict, on_store_reply};
use super::turn::Turn;
use crate::decision::Outcome;
use crate::snapshot::Snapshot;

/// Answers one message. False if that was to be quick, and is not.
#[inline]
pub(crate) fn decide(snapshot: &Snapshot, query: &Query<'_>, turn: &mut Turn<'_>, outcome: &mut Outcome) -> bool {
    decide_with(snapshot, query, &None, turn, outcome)
}

/// The same for a message whose pin was read before, if it was: its caller awaits the store, so false as well if the pin is to be
/// written.
#[inline]
pub(crate) fn decide_with(
    snapshot: &Snapshot,
    query: &Query<'_>,
    read: &PinRead,
    turn: &mut Turn<'_>,
    outcome: &mut Outcome,
) -> bool {
    let answerer = choose(snapshot, query);
    let wanted = attempt_into(snapshot, &answerer, query, read, turn, outcome);
    // As most are: without a pin to write.
    if let Ok(None) = wanted {
        note_verdict(&answerer, answerer.by.role, &outcome.verdict);
        outcome.by = answerer.by;
        return true;
    }
    if read.is_some() {
        return false;
    }
    let settled = wanted.map(|wanted| Settled::of(outcome.verdict.clone(), outcome.reads, wanted));
    match further(snapshot, query, &answerer, settled, turn) {
        Some(further) => {
            *outcome = further;
            true
        }
        None => false,
    }
}

/// What is left to do for a message whose pin is to be written, or whose policy failed.
#[inline(never)]
fn further(
    snapshot: &Snapshot,
    query: &Query<'_>,
    answerer: &Answerer<'_>,
    settled: Result<Settled, Failure>,
    turn: &mut Turn<'_>,
) -> Option<Outcome> {
    let mut progress = match settled {
        Ok(settled) => advance(answerer, settled, answerer.by.role, 0),
        Err(failure) => failed(snapshot, answerer, query, failure, None, turn),
    };
    loop {
        match progress {
            Progress::Done(outcome) => return Some(outcome),
            Progress::NeedsPin(pending) => {
                let answer = match pending.write(snapshot, query) {
                    Some(write) => snapshot.sticky.write_one(&write),
                    None => Ok(None),
                };
                progress = on_store_reply(snapshot, answerer, query, pending, answer, turn);
            }
            Progress::TooSlow(_) => return None,
        }
    }
}
