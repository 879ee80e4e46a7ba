//! A message from its call to its decision: the answer is settled, its pin written, and the failure rule applied.
//!
//! If another writer pinned the recipient first, the policy runs again with the winning pin.

use callsign_engine::{Failure, Instance, PinRead, Policy};
use callsign_sticky::{Pin, StickyError, Write};

use super::call::{Asker, Query, answer, with_instance};
use super::check::{Author, Checked};
use super::pin::{Lost, PendingPin, Settled, settle};
use super::shadow::compare;
use crate::bindings::OnFailure;
use crate::decision::{Outcome, Verdict};
use crate::refusal::Refusal;
use crate::snapshot::{By, Snapshot, Who};

/// How often a message is decided again because another message pinned its recipient first. The standard policy needs
/// one time; a policy that insists on another sender than the pinned one has failed.
const MOST_RACES: usize = 4;

/// How far a message has come.
pub(crate) enum Progress {
    Done(Outcome),
    Wants(PendingDecision),
}

/// A message that is decided once its pin is written.
pub(crate) struct PendingDecision {
    pending: PendingPin,
    who: Who,
    races: usize,
}

impl PendingDecision {
    #[inline]
    pub(crate) fn write<'a>(&self, snapshot: &'a Snapshot, query: &Query<'a>) -> Option<Write<'a>> {
        self.pending.write(snapshot, &query.question, query.message.entity)
    }
}

/// Asks the policy about a message; `read` is what is known of its pin.
#[inline]
pub(crate) fn first(snapshot: &Snapshot, asker: &Asker<'_>, query: &Query<'_>, read: PinRead) -> Progress {
    // What is known is kept for the failure rule, which would have to read it again.
    match attempt(snapshot, asker, query, read.clone()) {
        Ok(settled) => advance(asker, settled, asker.by.who, 0),
        Err(failure) => failed(snapshot, asker, query, failure, read),
    }
}

/// What the policy makes of a message.
#[inline]
pub(crate) fn attempt(
    snapshot: &Snapshot,
    asker: &Asker<'_>,
    query: &Query<'_>,
    read: PinRead,
) -> Result<Settled, Failure> {
    if !asker.bound.may_be_called() {
        return Err(Failure::CircuitOpen);
    }
    with_instance(&asker.bound.binding.policy, |instance| {
        let checked = answer(snapshot, instance, Author::Bound(asker.bound), query, read)?;
        if asker.route.shadow.is_some() {
            compare(snapshot, asker.route, query, &checked.verdict, instance.known(0));
        }
        Ok(settle_read(snapshot, asker, instance, 0, query, checked))
    })
}

/// What a checked answer comes to, with what the instance read of the pin.
#[inline]
pub(crate) fn settle_read(
    snapshot: &Snapshot,
    asker: &Asker<'_>,
    instance: &mut Instance,
    handle: u32,
    query: &Query<'_>,
    checked: Checked,
) -> Settled {
    let read = instance.read(handle);
    let rule = asker.bound.binding.on_unavailable;
    settle(snapshot, rule, &query.question, query.message.entity, checked, read)
}

/// What comes of an answer of the bound, or of the standard policy in its place.
#[inline]
pub(crate) fn advance(asker: &Asker<'_>, settled: Settled, who: Who, races: usize) -> Progress {
    match settled {
        Settled::Done(verdict) => Progress::Done(done(asker, who, verdict)),
        Settled::Wants(pending) => Progress::Wants(PendingDecision { pending, who, races }),
    }
}

/// The store has answered the write of a message.
#[inline]
pub(crate) fn on_store_reply(
    snapshot: &Snapshot,
    asker: &Asker<'_>,
    query: &Query<'_>,
    pending: PendingDecision,
    answer: Result<Option<Pin>, StickyError>,
) -> Progress {
    let PendingDecision { pending, who, races } = pending;
    match pending.on_store_reply(snapshot, asker.bound.binding.on_unavailable, answer) {
        Ok(verdict) => Progress::Done(done(asker, who, verdict)),
        Err(lost) => again(snapshot, asker, query, who, races + 1, lost),
    }
}

/// Another message pinned the recipient first: the policy is asked again, with that pin in view.
#[cold]
fn again(snapshot: &Snapshot, asker: &Asker<'_>, query: &Query<'_>, who: Who, races: usize, lost: Lost) -> Progress {
    let read: PinRead = Some(Ok(Some(lost.winner)));
    let settled = match (lost.verdict, who, &snapshot.standard) {
        // It never looks at the pin, and agrees with it.
        (Some(verdict), ..) if races >= MOST_RACES => return Progress::Done(done(asker, who, verdict)),
        (None, ..) if races >= MOST_RACES => {
            Err(Failure::Answer("it pins the recipient to another sender than the one it is pinned to".into()))
        }
        (_, Who::Standard, Some(standard)) => {
            settled_by(snapshot, asker, standard, Author::Policy(standard), query, read.clone())
        }
        _ => {
            let author = Author::Bound(asker.bound);
            settled_by(snapshot, asker, &asker.bound.binding.policy, author, query, read.clone())
        }
    };
    match settled {
        Ok(settled) => advance(asker, settled, who, races),
        Err(failure) if who == Who::Standard => refused(asker, &failure),
        Err(failure) => failed(snapshot, asker, query, failure, read),
    }
}

/// What a policy makes of a message, without a word to the shadow.
fn settled_by(
    snapshot: &Snapshot,
    asker: &Asker<'_>,
    policy: &Policy,
    author: Author<'_>,
    query: &Query<'_>,
    read: PinRead,
) -> Result<Settled, Failure> {
    with_instance(policy, |instance| {
        let checked = answer(snapshot, instance, author, query, read)?;
        Ok(settle_read(snapshot, asker, instance, 0, query, checked))
    })
}

/// A policy has answered, and its answer is settled.
#[inline]
fn done(asker: &Asker<'_>, who: Who, verdict: Verdict) -> Outcome {
    match who {
        Who::Active => asker.bound.succeeded(),
        Who::Candidate => {
            if let Some(canary) = &asker.route.canary {
                // That the store is away is not the candidate's fault.
                if !matches!(verdict, Verdict::Refused(Refusal::StickyUnavailable(_))) {
                    canary.answered(!matches!(verdict, Verdict::Decided { .. }));
                }
            }
            asker.bound.succeeded();
        }
        Who::Standard => {}
    }
    Outcome { verdict, by: By { who, ..asker.by } }
}

/// The failure rule. `read` is what is known of the pin.
#[cold]
pub(crate) fn failed(
    snapshot: &Snapshot,
    asker: &Asker<'_>,
    query: &Query<'_>,
    failure: Failure,
    read: PinRead,
) -> Progress {
    // That all instances are busy is not the candidate's fault.
    if asker.by.who == Who::Candidate
        && !matches!(failure, Failure::Busy(_))
        && let Some(canary) = &asker.route.canary
    {
        canary.answered(true);
    }
    asker.bound.failed(&failure);
    if asker.bound.binding.on_failure == OnFailure::Standard
        && let Some(standard) = &snapshot.standard
        && let Ok(settled) = settled_by(snapshot, asker, standard, Author::Policy(standard), query, read)
    {
        return advance(asker, settled, Who::Standard, 0);
    }
    refused(asker, &failure)
}

fn refused(asker: &Asker<'_>, failure: &Failure) -> Progress {
    let refusal = Refusal::PolicyFailed(failure.to_string().into());
    Progress::Done(Outcome { verdict: Verdict::Refused(refusal), by: asker.by })
}
