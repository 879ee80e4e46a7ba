//! A message from its call to its decision: the answer is settled, its pin written, and the failure rule applied.
//!
//! If another writer pinned the recipient first, the policy runs again with the winning pin.

use callsign_engine::{Failure, Instance, PinRead, Policy};
use callsign_sticky::{Pin, StickyError, Write};

use super::call::{Answerer, Query, answer, with_instance};
use super::check::{Author, Checked};
use super::pin::{LostRace, PendingPin, Settled, settle};
use super::shadow::compare;
use crate::bindings::OnFailure;
use crate::decision::{Outcome, Verdict};
use crate::refusal::Refusal;
use crate::snapshot::{AnsweredBy, Role, Snapshot};

/// How often the policy runs again because another writer won. The standard policy needs 1; a policy that keeps choosing
/// another sender than the pinned one has failed.
const MOST_RACES: usize = 4;

/// How far a message has come.
pub(crate) enum Progress {
    Done(Outcome),
    NeedsPin(PendingDecision),
}

/// A message whose decision depends on the write of its pin.
pub(crate) struct PendingDecision {
    pending: PendingPin,
    role: Role,
    races: usize,
}

impl PendingDecision {
    #[inline]
    pub(crate) fn write<'a>(&self, snapshot: &'a Snapshot, query: &Query<'a>) -> Option<Write<'a>> {
        self.pending.write(snapshot, &query.question, query.message.entity)
    }
}

/// Calls the policy about a message; `read` is its pin, where that was read before.
#[inline]
pub(crate) fn first(snapshot: &Snapshot, answerer: &Answerer<'_>, query: &Query<'_>, read: PinRead) -> Progress {
    // Kept for the failure rule, which would have to read it again.
    match attempt(snapshot, answerer, query, read.clone()) {
        Ok(settled) => advance(answerer, settled, answerer.by.role, 0),
        Err(failure) => failed(snapshot, answerer, query, failure, read),
    }
}

/// Calls the policy, checks its answer and settles it.
#[inline]
pub(crate) fn attempt(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    read: PinRead,
) -> Result<Settled, Failure> {
    if !answerer.bound.may_be_called() {
        return Err(Failure::CircuitOpen);
    }
    with_instance(&answerer.bound.binding.policy, |instance| {
        let checked = answer(snapshot, instance, Author::Bound(answerer.bound), query, read)?;
        if answerer.route.shadow.is_some() {
            compare(snapshot, answerer.route, query, &checked.verdict, instance.known_pin(0));
        }
        Ok(settle_read(snapshot, answerer, instance, 0, query, checked))
    })
}

/// Settles a checked answer with the pin that the instance read.
#[inline]
pub(crate) fn settle_read(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    instance: &mut Instance,
    handle: u32,
    query: &Query<'_>,
    checked: Checked,
) -> Settled {
    let read = instance.take_pin_read(handle);
    let rule = answerer.bound.binding.on_unavailable;
    settle(snapshot, rule, &query.question, query.message.entity, checked, read)
}

/// The next step after an answer was settled.
#[inline]
pub(crate) fn advance(answerer: &Answerer<'_>, settled: Settled, role: Role, races: usize) -> Progress {
    match settled {
        Settled::Done(verdict) => Progress::Done(done(answerer, role, verdict)),
        Settled::NeedsPin(pending) => Progress::NeedsPin(PendingDecision { pending, role, races }),
    }
}

/// The next step after the store has answered the write of a pin.
#[inline]
pub(crate) fn on_store_reply(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    pending: PendingDecision,
    answer: Result<Option<Pin>, StickyError>,
) -> Progress {
    let PendingDecision { pending, role, races } = pending;
    match pending.on_store_reply(snapshot, answerer.bound.binding.on_unavailable, answer) {
        Ok(verdict) => Progress::Done(done(answerer, role, verdict)),
        Err(lost) => again(snapshot, answerer, query, role, races + 1, lost),
    }
}

/// If another writer won, the policy runs again with the winning pin.
#[cold]
fn again(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    role: Role,
    races: usize,
    lost: LostRace,
) -> Progress {
    let read: PinRead = Some(Ok(Some(lost.winner)));
    let settled = match (lost.verdict, role, &snapshot.standard) {
        // The policy does not read pins, and chose the winner's sender all the same.
        (Some(verdict), ..) if races >= MOST_RACES => return Progress::Done(done(answerer, role, verdict)),
        (None, ..) if races >= MOST_RACES => {
            Err(Failure::Answer("it pins the recipient to another sender than the one it is pinned to".into()))
        }
        (_, Role::Standard, Some(standard)) => {
            settled_by(snapshot, answerer, standard, Author::Policy(standard), query, read.clone())
        }
        _ => {
            let author = Author::Bound(answerer.bound);
            settled_by(snapshot, answerer, &answerer.bound.binding.policy, author, query, read.clone())
        }
    };
    match settled {
        Ok(settled) => advance(answerer, settled, role, races),
        Err(failure) if role == Role::Standard => refused(answerer, &failure),
        Err(failure) => failed(snapshot, answerer, query, failure, read),
    }
}

/// Calls a policy and settles its answer; the shadow is not compared again.
fn settled_by(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    policy: &Policy,
    author: Author<'_>,
    query: &Query<'_>,
    read: PinRead,
) -> Result<Settled, Failure> {
    with_instance(policy, |instance| {
        let checked = answer(snapshot, instance, author, query, read)?;
        Ok(settle_read(snapshot, answerer, instance, 0, query, checked))
    })
}

/// A verdict stands: the health of the policy that gave it is noted.
#[inline]
fn done(answerer: &Answerer<'_>, role: Role, verdict: Verdict) -> Outcome {
    match role {
        Role::Active => answerer.bound.succeeded(),
        Role::Candidate => {
            if let Some(canary) = &answerer.route.canary {
                // An unavailable store is not the candidate's fault.
                if !matches!(verdict, Verdict::Refused(Refusal::StickyUnavailable(_))) {
                    canary.answered(!matches!(verdict, Verdict::Decided { .. }));
                }
            }
            answerer.bound.succeeded();
        }
        Role::Standard => {}
    }
    Outcome { verdict, by: AnsweredBy { role, ..answerer.by } }
}

/// Applies the failure rule. `read` is the pin, where that was read before.
#[cold]
pub(crate) fn failed(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    failure: Failure,
    read: PinRead,
) -> Progress {
    let failure = if answerer.bound.is_starting() { Failure::Starting } else { failure };
    // A lack of free instances is not the candidate's fault.
    if answerer.by.role == Role::Candidate
        && !matches!(failure, Failure::Busy(_))
        && let Some(canary) = &answerer.route.canary
    {
        canary.answered(true);
    }
    answerer.bound.failed(&failure);
    if answerer.bound.binding.on_failure == OnFailure::Standard
        && let Some(standard) = &snapshot.standard
        && let Ok(settled) = settled_by(snapshot, answerer, standard, Author::Policy(standard), query, read)
    {
        return advance(answerer, settled, Role::Standard, 0);
    }
    refused(answerer, &failure)
}

fn refused(answerer: &Answerer<'_>, failure: &Failure) -> Progress {
    let refusal = Refusal::PolicyFailed(failure.to_string().into());
    Progress::Done(Outcome { verdict: Verdict::Refused(refusal), by: answerer.by })
}
