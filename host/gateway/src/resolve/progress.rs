//! A message from its call to its decision: the answer is settled, its pin written, and the failure rule applied.
//!
//! If another writer pinned the recipient first, the policy runs again with the winning pin. A call that should be quick
//! and is not is given up: it has had no effect, and is made again in the slow lane.

use callsign_engine::{Failure, Instance, PinRead, Policy};
use callsign_sticky::{Pin, StickyError, Write};

use super::call::{Answerer, Query, answer, with_instance};
use super::check::Author;
use super::pin::{LostRace, PendingPin, PinWanted, Settled, settle};
use super::turn::Turn;
use crate::bindings::OnFailure;
use crate::decision::{Outcome, Reads, Verdict};
use crate::refusal::Refusal;
use crate::snapshot::{AnsweredBy, Role, Snapshot};

/// How often the policy runs again because another writer won. The standard policy needs 1; a policy that keeps choosing
/// another sender than the pinned one has failed.
const MOST_RACES: usize = 4;

/// How far a message has come.
pub(crate) enum Progress {
    Done(Outcome),
    NeedsPin(PendingDecision),
    /// The call was not quick.
    TooSlow(Retry),
}

impl Progress {
    /// Whether the message has failed with its policy.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self, Self::Done(outcome) if outcome.has_failed())
    }
}

/// A message whose decision depends on the write of its pin.
pub(crate) struct PendingDecision {
    pending: PendingPin,
    role: Role,
    races: usize,
}

/// A message whose policy is to be called again, in the slow lane.
#[derive(Debug, Clone)]
pub(crate) struct Retry {
    role: Role,
    /// How often another writer won.
    races: usize,
    /// The pin, where that was read before.
    pub(crate) read: PinRead,
}

impl Retry {
    /// The first call about a message.
    pub(crate) fn first(answerer: &Answerer<'_>, read: PinRead) -> Self {
        Self { role: answerer.by.role, races: 0, read }
    }

    /// The call of the standard policy, in the place of one that has failed.
    pub(crate) fn fallback(read: PinRead) -> Self {
        Self { role: Role::Standard, races: 1, read }
    }

    /// Whether the standard policy is called, in the place of one that has failed.
    pub(crate) fn is_fallback(&self) -> bool {
        self.role == Role::Standard
    }
}

impl PendingDecision {
    #[inline]
    pub(crate) fn write<'a>(&self, snapshot: &'a Snapshot, query: &Query<'a>) -> Option<Write<'a>> {
        self.pending.write(snapshot, &query.question, query.message.entity)
    }
}

/// Calls the policy about a message; `read` is its pin, where that was read before.
#[inline]
pub(crate) fn first(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    read: PinRead,
    turn: &mut Turn<'_>,
) -> Progress {
    // Kept for the failure rule, which would have to read it again.
    match attempt(snapshot, answerer, query, &read, turn) {
        Ok(settled) => advance(answerer, settled, answerer.by.role, 0),
        Err(failure) => failed(snapshot, answerer, query, failure, read, turn),
    }
}

/// Calls the policy again that was too slow elsewhere.
#[cold]
pub(crate) fn retry(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    retry: Retry,
    turn: &mut Turn<'_>,
) -> Progress {
    match retry.races {
        0 => first(snapshot, answerer, query, retry.read, turn),
        _ => run_again(snapshot, answerer, query, retry, turn),
    }
}

/// Calls the policy, checks its answer and settles it.
#[inline]
pub(crate) fn attempt(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    read: &PinRead,
    turn: &mut Turn<'_>,
) -> Result<Settled, Failure> {
    let mut outcome = Outcome::new(Verdict::Refused(Refusal::NoStrategy), answerer.by);
    let wanted = attempt_into(snapshot, answerer, query, read, turn, &mut outcome)?;
    Ok(Settled::of(outcome.verdict, outcome.reads, wanted))
}

/// The same with a place for the verdict and what was read for it: the pin that it waits for. Each copy of an outcome would wait
/// for what was just written, and there are six between here and the caller.
#[inline]
pub(crate) fn attempt_into(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    read: &PinRead,
    turn: &mut Turn<'_>,
    outcome: &mut Outcome,
) -> Result<Option<PinWanted>, Failure> {
    turn.enter(snapshot, answerer, query)?;
    let permit = answerer.bound.permit()?;
    let began = turn.begin(snapshot, answerer, query, true);
    let mut compared = None;
    let called = with_instance(turn, &answerer.bound.binding.policy, 1, |instance| {
        let author = Author::Bound(answerer.bound);
        let pin = answer(snapshot, instance, author, query, read, &mut outcome.verdict)?;
        if answerer.route.shadow.is_some() {
            compared = Some((outcome.verdict.clone(), instance.known_pin(0)));
        }
        let reads = signals_read(snapshot, instance);
        Ok(settle_read(snapshot, answerer, instance, (0, query), pin, reads, outcome))
    });
    turn.note(snapshot, answerer, query, began, &called);
    turn.give_back(answerer.bound, permit, &called);
    if let Some((verdict, pin)) = compared
        && called.is_ok()
    {
        turn.compare_later(answerer.route, query, &verdict, pin);
    }
    called
}

/// The signals that an instance has read for the messages of its call.
#[inline(always)]
pub(crate) fn signals_read(snapshot: &Snapshot, instance: &Instance) -> Reads {
    instance.signals_read().map_or(Reads::NOTHING, |signals| snapshot.note_signals(signals))
}

/// Settles a checked answer, and whether it wants a pin, with the pin that the instance read: the pin that it waits for. `reads` are
/// the signals.
#[inline(always)]
pub(crate) fn settle_read(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    instance: &mut Instance,
    (handle, query): (u32, &Query<'_>),
    pin: bool,
    reads: Reads,
    outcome: &mut Outcome,
) -> Option<PinWanted> {
    let read = instance.take_pin_read(handle);
    outcome.reads = reads.pin(&read);
    let (rule, entity) = (answerer.bound.binding.on_unavailable, query.message.entity);
    settle(snapshot, rule, &query.question, entity, (&mut outcome.verdict, pin), read)
}

/// The next step after an answer was settled.
#[inline]
pub(crate) fn advance(answerer: &Answerer<'_>, settled: Settled, role: Role, races: usize) -> Progress {
    match settled {
        Settled::Done(verdict, reads) => Progress::Done(done(answerer, role, (verdict, reads))),
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
    turn: &mut Turn<'_>,
) -> Progress {
    let PendingDecision { pending, role, races } = pending;
    match pending.on_store_reply(snapshot, answerer.bound.binding.on_unavailable, answer) {
        Ok(verdict) => Progress::Done(done(answerer, role, verdict)),
        Err(lost) => again(snapshot, answerer, query, (role, races + 1), lost, turn),
    }
}

/// If another writer won, the policy runs again with the winning pin.
#[cold]
fn again(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    (role, races): (Role, usize),
    lost: LostRace,
    turn: &mut Turn<'_>,
) -> Progress {
    let retry = Retry { role, races, read: Some(Ok(Some(lost.winner))) };
    match lost.verdict {
        // The policy does not read pins, and chose the winner's sender all the same.
        Some(verdict) if races >= MOST_RACES => Progress::Done(done(answerer, role, verdict)),
        None if races >= MOST_RACES => {
            let failure =
                Failure::Answer("it pins the recipient to another sender than the one it is pinned to".into());
            failed_again(snapshot, answerer, query, failure, retry, turn)
        }
        _ => run_again(snapshot, answerer, query, retry, turn),
    }
}

fn run_again(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    retry: Retry,
    turn: &mut Turn<'_>,
) -> Progress {
    let settled = match (retry.role, &snapshot.standard) {
        (Role::Standard, Some(standard)) => {
            settled_by(snapshot, answerer, standard, Author::Policy(standard), query, retry.read.clone(), turn)
        }
        _ => {
            let (policy, author) = (&answerer.bound.binding.policy, Author::Bound(answerer.bound));
            settled_by(snapshot, answerer, policy, author, query, retry.read.clone(), turn)
        }
    };
    match settled {
        Ok(settled) => advance(answerer, settled, retry.role, retry.races),
        Err(failure) => failed_again(snapshot, answerer, query, failure, retry, turn),
    }
}

fn failed_again(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    failure: Failure,
    retry: Retry,
    turn: &mut Turn<'_>,
) -> Progress {
    match failure {
        Failure::Stopped if turn.is_quick() => Progress::TooSlow(retry),
        failure if retry.role == Role::Standard => refused(answerer, &failure),
        failure => failed(snapshot, answerer, query, failure, retry.read, turn),
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
    turn: &Turn<'_>,
) -> Result<Settled, Failure> {
    let began = turn.begin(snapshot, answerer, query, true);
    let mut outcome = Outcome::new(Verdict::Refused(Refusal::NoStrategy), answerer.by);
    let called = with_instance(turn, policy, 1, |instance| {
        let pin = answer(snapshot, instance, author, query, &read, &mut outcome.verdict)?;
        let reads = signals_read(snapshot, instance);
        Ok(settle_read(snapshot, answerer, instance, (0, query), pin, reads, &mut outcome))
    });
    turn.note(snapshot, answerer, query, began, &called);
    called.map(|wanted| Settled::of(outcome.verdict, outcome.reads, wanted))
}

/// A verdict stands: the health of the policy that gave it is noted.
#[inline]
pub(crate) fn done(answerer: &Answerer<'_>, role: Role, (verdict, reads): (Verdict, Reads)) -> Outcome {
    note_verdict(answerer, role, &verdict);
    Outcome { verdict, by: AnsweredBy { role, ..answerer.by }, reads }
}

/// Notes the health of the policy that gave a verdict.
#[inline]
pub(crate) fn note_verdict(answerer: &Answerer<'_>, role: Role, verdict: &Verdict) {
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
}

/// Applies the failure rule. `read` is the pin, where that was read before.
#[cold]
pub(crate) fn failed(
    snapshot: &Snapshot,
    answerer: &Answerer<'_>,
    query: &Query<'_>,
    failure: Failure,
    read: PinRead,
    turn: &mut Turn<'_>,
) -> Progress {
    let failure = if answerer.bound.is_starting() { Failure::Starting } else { failure };
    if failure == Failure::Stopped && turn.is_quick() {
        return Progress::TooSlow(Retry::first(answerer, read));
    }
    // A lack of free instances or of time is not the candidate's fault.
    if answerer.by.role == Role::Candidate
        && !failure.is_for_lack_of_room()
        && let Some(canary) = &answerer.route.canary
    {
        canary.answered(true);
    }
    answerer.bound.failed(&failure);
    if answerer.bound.binding.on_failure == OnFailure::Standard
        && let Some(standard) = &snapshot.standard
    {
        match settled_by(snapshot, answerer, standard, Author::Policy(standard), query, read.clone(), turn) {
            Ok(settled) => return advance(answerer, settled, Role::Standard, 0),
            Err(Failure::Stopped) if turn.is_quick() => {
                return Progress::TooSlow(Retry::fallback(read));
            }
            Err(_) => {}
        }
    }
    refused(answerer, &failure)
}

/// The end of a message that is not called for any more.
pub(crate) fn refused(answerer: &Answerer<'_>, failure: &Failure) -> Progress {
    let refusal = Refusal::PolicyFailed(failure.to_string().into());
    Progress::Done(Outcome::new(Verdict::Refused(refusal), answerer.by))
}
