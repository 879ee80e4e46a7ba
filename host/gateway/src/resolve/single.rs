//! One message, decided by itself.

use super::call::{Query, choose};
use super::progress::{Progress, first, on_store_reply};
use crate::decision::Outcome;
use crate::snapshot::Snapshot;

/// Answers one message.
#[inline]
pub(crate) fn decide(snapshot: &Snapshot, query: &Query<'_>) -> Outcome {
    let answerer = choose(snapshot, query);
    let mut progress = first(snapshot, &answerer, query, None);
    loop {
        match progress {
            Progress::Done(outcome) => return outcome,
            Progress::NeedsPin(pending) => {
                let answer = match pending.write(snapshot, query) {
                    Some(write) => snapshot.sticky.write_one(&write),
                    None => Ok(None),
                };
                progress = on_store_reply(snapshot, &answerer, query, pending, answer);
            }
        }
    }
}
