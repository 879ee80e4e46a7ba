//! One message, decided by itself.

use super::call::{Query, choose};
use super::progress::{Progress, first, on_store_reply};
use super::turn::Turn;
use crate::decision::Outcome;
use crate::snapshot::Snapshot;

/// Answers one message; `None` if that was to be quick, and is not.
#[inline]
pub(crate) fn decide(snapshot: &Snapshot, query: &Query<'_>, turn: &mut Turn<'_>) -> Option<Outcome> {
    let answerer = choose(snapshot, query);
    let mut progress = first(snapshot, &answerer, query, None, turn);
    loop {
        match progress {
            Progress::Done(outcome) => return Some(outcome),
            Progress::NeedsPin(pending) => {
                let answer = match pending.write(snapshot, query) {
                    Some(write) => snapshot.sticky.write_one(&write),
                    None => Ok(None),
                };
                progress = on_store_reply(snapshot, &answerer, query, pending, answer, turn);
            }
            Progress::TooSlow(_) => return None,
        }
    }
}
