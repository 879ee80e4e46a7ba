//! Steps 3 to 9: the policy is asked, its answer checked, its pin committed.

use std::sync::Arc;

use callsign_sticky::{Pin, StickyError, Write};

use crate::answer::{Checked, check};
use crate::binding::{OnFailure, Probe};
use crate::decision::{Outcome, Refusal, Verdict};
use crate::message::Message;
use crate::pin::{Lost, PinRead, Settled, Wish, settle};
use crate::policy::contract::types::Request;
use crate::policy::{Asked, Author, Failure, Instance, Policy, Texts};
use crate::question::{Question, prepare};
use crate::route::{Difference, Member, Route};
use crate::serving::{By, Serving, Who};

/// How often a message is decided again because another message pinned its recipient first. The standard policy needs
/// one time; a policy that insists on another sender than the pinned one has failed.
const MOST_RACES: usize = 4;

/// A message and what a policy is asked about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a> {
    pub(crate) question: Question,
    pub(crate) request: Request,
    pub(crate) message: &'a Message<'a>,
}

impl<'a> Query<'a> {
    #[inline]
    pub(crate) fn new(serving: &Serving, question: Question, message: &'a Message<'a>) -> Self {
        Self { question, request: question.request(serving), message }
    }

    /// The same, as the only message of a call.
    pub(crate) fn alone(&self) -> Self {
        Self { request: Request { message: 0, ..self.request }, ..*self }
    }
}

/// Who answers a query: a member of the route of its scope.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) route: &'a Route,
    pub(crate) member: &'a Arc<Member>,
    pub(crate) by: By,
}

/// Who answers a query.
#[inline]
pub(crate) fn choose<'a>(serving: &'a Serving, query: &Query<'_>) -> Asker<'a> {
    let route = &*serving.routes[usize::from(query.question.route)];
    let (member, who) = match &route.canary {
        Some(canary) if canary.serves(query.request.recipient) => (&canary.member, Who::Candidate),
        _ => (&route.active, Who::Active),
    };
    Asker { route, member, by: By { route: query.question.route, who } }
}

/// Answers one message.
#[inline]
pub(crate) fn ask(serving: &Serving, query: &Query<'_>) -> Outcome {
    let asker = choose(serving, query);
    let mut progress = first(serving, &asker, query, None);
    loop {
        match progress {
            Progress::Done(outcome) => return outcome,
            Progress::Wants(wanting) => {
                let answer = match wanting.write(serving, query) {
                    Some(write) => serving.sticky.write_one(&write),
                    None => Ok(None),
                };
                progress = told(serving, &asker, query, wanting, answer);
            }
        }
    }
}

/// How far a message has come.
pub(crate) enum Progress {
    Done(Outcome),
    Wants(Wanting),
}

/// A message that is decided once its pin is written.
pub(crate) struct Wanting {
    wish: Wish,
    who: Who,
    races: usize,
}

impl Wanting {
    #[inline]
    pub(crate) fn write<'a>(&self, serving: &'a Serving, query: &Query<'a>) -> Option<Write<'a>> {
        self.wish.write(serving, &query.question, query.message.entity)
    }
}

/// Asks the policy about a message; `read` is what is known of its pin.
#[inline]
pub(crate) fn first(serving: &Serving, asker: &Asker<'_>, query: &Query<'_>, read: PinRead) -> Progress {
    // What is known is kept for the failure rule, which would have to read it again.
    match attempt(serving, asker, query, read.clone()) {
        Ok(settled) => go_on(asker, settled, asker.by.who, 0),
        Err(failure) => failed(serving, asker, query, failure, read),
    }
}

/// What the policy makes of a message.
#[inline]
pub(crate) fn attempt(
    serving: &Serving,
    asker: &Asker<'_>,
    query: &Query<'_>,
    read: PinRead,
) -> Result<Settled, Failure> {
    if !asker.member.may_be_called() {
        return Err(Failure::Resting);
    }
    with_instance(&asker.member.binding.policy, |instance| {
        let checked = answer(serving, instance, Author::Member(asker.member), query, read)?;
        if asker.route.shadow.is_some() {
            compare(serving, asker.route, query, &checked.verdict, instance.known(0));
        }
        Ok(settle_read(serving, asker, instance, 0, query, checked))
    })
}

/// What an instance answers to a message, checked; `read` is what is known of its pin.
#[inline]
fn answer(
    serving: &Serving,
    instance: &mut Instance,
    author: Author<'_>,
    query: &Query<'_>,
    read: PinRead,
) -> Result<Checked, Failure> {
    put(instance, serving, std::slice::from_ref(query));
    if let Some(read) = read {
        instance.know(0, read);
    }
    let answer = instance.resolve(query.request)?;
    check(serving, author, &query.question, &answer)
}

/// What a checked answer comes to, with what the instance read of the pin.
#[inline]
pub(crate) fn settle_read(
    serving: &Serving,
    asker: &Asker<'_>,
    instance: &mut Instance,
    handle: u32,
    query: &Query<'_>,
    checked: Checked,
) -> Settled {
    let read = instance.read(handle);
    let rule = asker.member.binding.on_unavailable;
    settle(serving, rule, &query.question, query.message.entity, checked, read)
}

/// What comes of an answer of the member, or of the standard policy in its place.
#[inline]
pub(crate) fn go_on(asker: &Asker<'_>, settled: Settled, who: Who, races: usize) -> Progress {
    match settled {
        Settled::Done(verdict) => Progress::Done(done(asker, who, verdict)),
        Settled::Wants(wish) => Progress::Wants(Wanting { wish, who, races }),
    }
}

/// The store has answered the write of a message.
#[inline]
pub(crate) fn told(
    serving: &Serving,
    asker: &Asker<'_>,
    query: &Query<'_>,
    wanting: Wanting,
    answer: Result<Option<Pin>, StickyError>,
) -> Progress {
    let Wanting { wish, who, races } = wanting;
    match wish.told(serving, asker.member.binding.on_unavailable, answer) {
        Ok(verdict) => Progress::Done(done(asker, who, verdict)),
        Err(lost) => again(serving, asker, query, who, races + 1, lost),
    }
}

/// Another message pinned the recipient first: the policy is asked again, with that pin in view.
#[cold]
fn again(serving: &Serving, asker: &Asker<'_>, query: &Query<'_>, who: Who, races: usize, lost: Lost) -> Progress {
    let read: PinRead = Some(Ok(Some(lost.winner)));
    let settled = match (lost.verdict, who, &serving.standard) {
        // It never looks at the pin, and agrees with it.
        (Some(verdict), ..) if races >= MOST_RACES => return Progress::Done(done(asker, who, verdict)),
        (None, ..) if races >= MOST_RACES => {
            Err(Failure::Answer("it pins the recipient to another sender than the one it is pinned to".into()))
        }
        (_, Who::Standard, Some(standard)) => {
            settled_by(serving, asker, standard, Author::Policy(standard), query, read.clone())
        }
        _ => {
            let author = Author::Member(asker.member);
            settled_by(serving, asker, &asker.member.binding.policy, author, query, read.clone())
        }
    };
    match settled {
        Ok(settled) => go_on(asker, settled, who, races),
        Err(failure) if who == Who::Standard => refused(asker, &failure),
        Err(failure) => failed(serving, asker, query, failure, read),
    }
}

/// What a policy makes of a message, without a word to the shadow.
fn settled_by(
    serving: &Serving,
    asker: &Asker<'_>,
    policy: &Policy,
    author: Author<'_>,
    query: &Query<'_>,
    read: PinRead,
) -> Result<Settled, Failure> {
    with_instance(policy, |instance| {
        let checked = answer(serving, instance, author, query, read)?;
        Ok(settle_read(serving, asker, instance, 0, query, checked))
    })
}

/// A policy has answered, and its answer is settled.
#[inline]
fn done(asker: &Asker<'_>, who: Who, verdict: Verdict) -> Outcome {
    match who {
        Who::Active => asker.member.succeeded(),
        Who::Candidate => {
            if let Some(canary) = &asker.route.canary {
                // That the store is away is not the candidate's fault.
                if !matches!(verdict, Verdict::Refused(Refusal::StickyUnavailable(_))) {
                    canary.answered(!matches!(verdict, Verdict::Decided { .. }));
                }
            }
            asker.member.succeeded();
        }
        Who::Standard => {}
    }
    Outcome { verdict, by: By { who, ..asker.by } }
}

/// The failure rule. `read` is what is known of the pin.
#[cold]
pub(crate) fn failed(
    serving: &Serving,
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
    asker.member.failed(&failure);
    if asker.member.binding.on_failure == OnFailure::Standard
        && let Some(standard) = &serving.standard
        && let Ok(settled) = settled_by(serving, asker, standard, Author::Policy(standard), query, read)
    {
        return go_on(asker, settled, Who::Standard, 0);
    }
    refused(asker, &failure)
}

fn refused(asker: &Asker<'_>, failure: &Failure) -> Progress {
    let refusal = Refusal::PolicyFailed(failure.to_string().into());
    Progress::Done(Outcome { verdict: Verdict::Refused(refusal), by: asker.by })
}

/// Calls an instance of a policy, and gives it back unless the call failed.
#[inline]
pub(crate) fn with_instance<T>(
    policy: &Policy,
    call: impl FnOnce(&mut Instance) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut instance = policy.instance()?;
    let value = call(&mut instance)?;
    policy.put_back(instance);
    Ok(value)
}

/// Lets the shadow of a route decide too, on the same pin, and compares. Nothing that it does has any effect.
#[cold]
pub(crate) fn compare(serving: &Serving, route: &Route, query: &Query<'_>, ours: &Verdict, read: PinRead) {
    let Some(shadow) = &route.shadow else { return };
    if !shadow.member.may_be_called() {
        return;
    }
    let theirs = look(serving, &shadow.member.binding.policy, Author::Member(&shadow.member), query, read);
    match &theirs {
        Ok(_) => shadow.member.succeeded(),
        Err(failure) => shadow.member.failed(failure),
    }
    let (ours, theirs) = (
        ours.describe(serving),
        match theirs {
            Ok(checked) => checked.verdict.describe(serving),
            Err(failure) => format!("POLICY_FAILED {failure}"),
        },
    );
    shadow.compared((ours != theirs).then(|| Difference {
        application: query.message.application.unwrap_or(crate::revision::DEFAULT_APPLICATION).into(),
        entity: query.message.entity.map(Into::into),
        to: query.message.to.into(),
        serving: ours,
        candidate: theirs,
    }));
}

/// What a policy says of a message, checked, without any effect.
fn look(
    serving: &Serving,
    policy: &Policy,
    author: Author<'_>,
    query: &Query<'_>,
    read: PinRead,
) -> Result<Checked, Failure> {
    with_instance(policy, |instance| answer(serving, instance, author, query, read))
}

/// Tries a policy on a probe; the error says what is not as it should be.
pub(crate) fn probe(serving: &Serving, policy: &Arc<Policy>, probe: &Probe) -> Result<(), String> {
    let message = probe.message();
    let question = match prepare(serving, &message) {
        Ok(question) => question,
        Err(outcome) => return Err(outcome.verdict.describe(serving)),
    };
    let query = Query::new(serving, question, &message);
    let checked = look(serving, policy, Author::Policy(policy), &query, None).map_err(|failure| failure.to_string())?;
    let expected = match &checked.verdict {
        Verdict::Decided { sender, step, .. } => {
            let id = &serving.revision.catalog().senders()[*sender as usize].id;
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
    if expected { Ok(()) } else { Err(format!("it answers {}", checked.verdict.describe(serving))) }
}

/// The entity of a message, where the catalog has nothing of its own for it and its scope does not name it.
#[inline]
fn other_entity<'a>(serving: &Serving, query: &Query<'a>) -> Option<&'a str> {
    let entity = query.message.entity?;
    let scope = serving.revision.scope(query.question.scope)?;
    (scope.entity.is_none() && scope.is_sticky(query.question.channel)).then_some(entity)
}

/// Makes messages known to the instance, in the order of their handles.
#[inline]
pub(crate) fn put(instance: &mut Instance, serving: &Serving, queries: &[Query<'_>]) {
    let texts = instance.reads_texts();
    let state = instance.begin(serving);
    for query in queries {
        state.ask(
            Asked::new(
                query.question.scope,
                query.question.channel,
                query.request.country,
                query.question.destination.number,
                query.message.sent_at,
            ),
            other_entity(serving, query),
        );
        if texts {
            state.texts.push(Texts {
                message_id: query.message.id.map(Into::into),
                application: query.message.application.map(Into::into),
                entity: query.message.entity.map(Into::into),
            });
        }
    }
}
