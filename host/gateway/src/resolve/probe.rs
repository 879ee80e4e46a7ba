//! A policy is tried on a message before it is put to use.

use std::sync::Arc;

use callsign_engine::Policy;

use super::call::try_out;
use super::check::Author;
use super::destination::prepare;
use super::turn::{Place, Turn};
use crate::bindings::Probe;
use crate::decision::Verdict;
use crate::lanes::SlowLane;
use crate::snapshot::Snapshot;

/// Tries a policy on a probe. The error says what it answers instead of what is expected.
pub(crate) fn probe(snapshot: &Snapshot, lane: &SlowLane, policy: &Arc<Policy>, probe: &Probe) -> Result<(), String> {
    let attributes = probe.message().attributes();
    let message = probe.message().get(&attributes);
    let query = match prepare(snapshot, &message) {
        Ok(query) => query,
        Err(outcome) => return Err(outcome.verdict.describe(snapshot)),
    };
    let turn = Turn::new(lane, Place::Caller, lane.request_time());
    let checked = try_out(snapshot, &turn, policy, Author::Policy(policy), &query, None)
        .map_err(|failure| failure.to_string())?;
    let expected = match &checked.verdict {
        Verdict::Decided { sender, step, .. } => {
            let id = &snapshot.revision.catalog().senders()[*sender as usize].id;
            probe.refusal.is_none()
                && probe.sender.as_ref().is_none_or(|expected| expected == id)
                && probe.step.is_none_or(|expected| expected == *step)
        }
        Verdict::Refused(refusal) => {
            probe.sender.is_none()
                && probe.step.is_none()
                && probe.refusal.as_ref().is_none_or(|expected| **expected == *refusal.code())
        }
    };
    if expected { Ok(()) } else { Err(format!("it answers {}", checked.verdict.describe(snapshot))) }
}
