//! Steps 3 to 9: the policy is asked, its answer checked, its pin committed.

use std::sync::Arc;

use crate::answer::{Checked, check};
use crate::binding::{OnFailure, Probe};
use crate::decision::{Outcome, Refusal, Verdict};
use crate::message::Message;
use crate::policy::contract::types::{Answer, Request};
use crate::policy::{Asked, Author, Failure, Instance, Policy, Texts};
use crate::question::{Question, prepare};
use crate::route::{Difference, Member, Route};
use crate::serving::{By, Serving, Who};
use crate::sticky::{PinnedSender, SenderKey};

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
}

/// Who answers a query, by the route of its scope.
#[inline]
pub(crate) fn choose<'a>(serving: &'a Serving, query: &Query<'_>) -> (&'a Route, &'a Arc<Member>, By) {
    let route = &*serving.routes[usize::from(query.question.route)];
    if let Some(canary) = &route.canary
        && canary.serves(query.request.recipient)
    {
        return (route, &canary.member, By { route: query.question.route, who: Who::Candidate });
    }
    (route, &route.active, By { route: query.question.route, who: Who::Active })
}

/// Answers one message.
#[inline]
pub(crate) fn ask(serving: &Serving, query: &Query<'_>) -> Outcome {
    let (route, member, by) = choose(serving, query);
    let verdict = if member.may_be_called() { one(serving, route, member, query) } else { Err(Failure::Resting) };
    conclude(serving, route, member, by, query, verdict)
}

/// Makes an outcome of what a policy said, or of its failure.
#[inline]
fn conclude(
    serving: &Serving,
    route: &Route,
    member: &Member,
    by: By,
    query: &Query<'_>,
    verdict: Result<Verdict, Failure>,
) -> Outcome {
    if by.who == Who::Candidate
        && let Some(canary) = &route.canary
    {
        // That all instances are busy is not the candidate's fault.
        if !matches!(verdict, Err(Failure::Busy(_))) {
            canary.answered(!matches!(verdict, Ok(Verdict::Decided { .. })));
        }
    }
    match verdict {
        Ok(verdict) => {
            member.succeeded();
            Outcome { verdict, by }
        }
        Err(failure) => failed(serving, member, by, query, failure),
    }
}

/// The failure rule.
#[cold]
fn failed(serving: &Serving, member: &Member, by: By, query: &Query<'_>, failure: Failure) -> Outcome {
    member.failed(&failure);
    if member.binding.on_failure == OnFailure::Standard
        && let Some(standard) = &serving.standard
        && let Ok(verdict) = with_instance(standard, |instance| {
            put(instance, serving, std::slice::from_ref(query));
            settle_one(serving, Author::Policy(standard), instance, 0, query)
        })
    {
        return Outcome { verdict, by: By { who: Who::Standard, ..by } };
    }
    Outcome { verdict: Verdict::Refused(Refusal::PolicyFailed(failure.to_string().into())), by }
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

/// Steps 3 to 9 of one message.
#[inline]
fn one(serving: &Serving, route: &Route, member: &Arc<Member>, query: &Query<'_>) -> Result<Verdict, Failure> {
    let author = Author::Member(member);
    with_instance(&member.binding.policy, |instance| {
        put(instance, serving, std::slice::from_ref(query));
        if route.shadow.is_none() {
            return settle_one(serving, author, instance, 0, query);
        }
        let answer = instance.resolve(query.request)?;
        let checked = check(serving, author, &query.question, &answer)?;
        compare(serving, route, query, &checked.verdict);
        match settle(serving, instance, 0, query, checked) {
            Some(verdict) => Ok(verdict),
            None => settle_one(serving, author, instance, 0, query),
        }
    })
}

/// Lets the shadow of a route decide too, and compares. Nothing that it does has any effect.
#[cold]
fn compare(serving: &Serving, route: &Route, query: &Query<'_>, ours: &Verdict) {
    let Some(shadow) = &route.shadow else { return };
    if !shadow.member.may_be_called() {
        return;
    }
    let theirs = look(serving, &shadow.member.binding.policy, Author::Member(&shadow.member), query);
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
fn look(serving: &Serving, policy: &Policy, author: Author<'_>, query: &Query<'_>) -> Result<Checked, Failure> {
    with_instance(policy, |instance| {
        put(instance, serving, std::slice::from_ref(query));
        let answer = instance.resolve(query.request)?;
        check(serving, author, &query.question, &answer)
    })
}

/// Tries a policy on a probe; the error says what is not as it should be.
pub(crate) fn probe(serving: &Serving, policy: &Arc<Policy>, probe: &Probe) -> Result<(), String> {
    let message = probe.message();
    let question = match prepare(serving, &message) {
        Ok(question) => question,
        Err(outcome) => return Err(outcome.verdict.describe(serving)),
    };
    let query = Query::new(serving, question, &message);
    let checked = look(serving, policy, Author::Policy(policy), &query).map_err(|failure| failure.to_string())?;
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

/// Makes messages known to the instance, in the order of their handles.
#[inline]
pub(crate) fn put(instance: &mut Instance, serving: &Serving, queries: &[Query<'_>]) {
    let texts = instance.reads_texts();
    let state = instance.begin(serving);
    for query in queries {
        state.asked.push(Asked {
            scope: query.question.scope,
            channel: query.question.channel,
            country: query.request.country,
            recipient: query.question.destination.number,
            sent_at: query.message.sent_at,
            pin: None,
        });
        if texts {
            state.texts.push(Texts {
                message_id: query.message.id.map(Into::into),
                application: query.message.application.map(Into::into),
                entity: query.message.entity.map(Into::into),
            });
        }
    }
}

/// Asks the policy for one message that the instance knows, and again for as long as another message pins its recipient
/// first.
#[inline]
fn settle_one(
    serving: &Serving,
    author: Author<'_>,
    instance: &mut Instance,
    handle: u32,
    query: &Query<'_>,
) -> Result<Verdict, Failure> {
    let request = Request { message: handle, ..query.request };
    for _ in 0..MOST_RACES {
        let answer = instance.resolve(request)?;
        let checked = check(serving, author, &query.question, &answer)?;
        if let Some(verdict) = settle(serving, instance, handle, query, checked) {
            return Ok(verdict);
        }
    }
    Err(Failure::Answer("it pins the recipient to another sender than the one it is pinned to".into()))
}

/// Commits the pin that an answer wants. None where another message was first: the policy has to be asked again, and
/// will see the pin of the winner.
#[inline]
fn settle(
    serving: &Serving,
    instance: &mut Instance,
    handle: u32,
    query: &Query<'_>,
    checked: Checked,
) -> Option<Verdict> {
    let read = match instance.asked(handle).and_then(|asked| asked.pin.take()) {
        Some(Err(error)) => return Some(Verdict::Refused(Refusal::StickyUnavailable(error.to_string().into()))),
        Some(Ok(pin)) => pin,
        None => None,
    };
    let (true, &Verdict::Decided { sender, .. }) = (checked.pin, &checked.verdict) else {
        return Some(checked.verdict);
    };
    let question = &query.question;
    let key = serving.revision.pin_key(question.scope, question.channel, question.destination.number)?;
    let sender = PinnedSender {
        key: SenderKey(serving.revision.keys()[sender as usize]),
        id: &serving.revision.catalog().senders()[sender as usize].id,
    };
    let committed = match read {
        None => serving.sticky.insert(&key, &sender),
        Some(known) => serving.sticky.replace(&key, known.sender, &sender),
    };
    match committed {
        Ok(None) => Some(checked.verdict),
        Ok(Some(_winner)) => None,
        Err(error) => Some(Verdict::Refused(Refusal::StickyUnavailable(error.to_string().into()))),
    }
}

/// Answers the messages of one call.
pub(crate) fn ask_batch(serving: &Serving, messages: &[Message<'_>], outcomes: &mut Vec<Outcome>) {
    let first = outcomes.len();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        match prepare(serving, message) {
            Ok(question) => {
                let query = Query::new(serving, question, message);
                let (route, member, by) = choose(serving, &query);
                // Holds the place until the group is answered.
                outcomes.push(Outcome { verdict: Verdict::Refused(Refusal::NoStrategy), by });
                let group = match groups.iter_mut().position(|group| group.by == by) {
                    Some(at) => &mut groups[at],
                    None => {
                        groups.push(Group::new(route, member, by, messages.len() - place));
                        let last = groups.len() - 1;
                        &mut groups[last]
                    }
                };
                group.requests.push(Request { message: group.requests.len() as u32, ..query.request });
                group.queries.push(query);
                group.places.push(place as u32);
            }
            Err(outcome) => outcomes.push(outcome),
        }
    }
    for group in &groups {
        group.answer(serving, &mut outcomes[first..]);
    }
}

/// The messages of a batch that one policy answers.
struct Group<'a> {
    route: &'a Route,
    member: &'a Arc<Member>,
    by: By,
    queries: Vec<Query<'a>>,
    requests: Vec<Request>,
    /// Where the outcome of each goes.
    places: Vec<u32>,
}

impl<'a> Group<'a> {
    fn new(route: &'a Route, member: &'a Arc<Member>, by: By, most: usize) -> Self {
        Self {
            route,
            member,
            by,
            queries: Vec::with_capacity(most),
            requests: Vec::with_capacity(most),
            places: Vec::with_capacity(most),
        }
    }

    fn answer(&self, serving: &Serving, outcomes: &mut [Outcome]) {
        let answered = if self.member.may_be_called() { self.call(serving) } else { Err(Failure::Resting) };
        match answered {
            Ok((instance, answers)) => self.settle(serving, instance, &answers, outcomes),
            // The next call could hang as long, or is not wanted: no message of this batch gets one.
            Err(failure @ (Failure::Deadline(_) | Failure::Resting)) => {
                self.one_by_one(serving, Some(failure), outcomes)
            }
            // One message that the policy fails on must not fail the others.
            Err(failure) => {
                self.member.failed(&failure);
                self.one_by_one(serving, None, outcomes);
            }
        }
    }

    /// Answers the messages one by one, until one of them hangs: then it holds for the rest of them too.
    #[cold]
    fn one_by_one(&self, serving: &Serving, mut hung: Option<Failure>, outcomes: &mut [Outcome]) {
        for (query, &place) in self.queries.iter().zip(&self.places) {
            let verdict = match &hung {
                Some(failure) => Err(failure.clone()),
                None if self.member.may_be_called() => one(serving, self.route, self.member, query),
                None => Err(Failure::Resting),
            };
            if let Err(failure @ Failure::Deadline(_)) = &verdict {
                hung.get_or_insert_with(|| failure.clone());
            }
            outcomes[place as usize] = conclude(serving, self.route, self.member, self.by, query, verdict);
        }
    }

    fn call(&self, serving: &Serving) -> Result<(Box<Instance>, Vec<Answer>), Failure> {
        let mut instance = self.member.binding.policy.instance()?;
        put(&mut instance, serving, &self.queries);
        let answers = instance.resolve_batch(&self.requests)?;
        Ok((instance, answers))
    }

    fn settle(&self, serving: &Serving, instance: Box<Instance>, answers: &[Answer], outcomes: &mut [Outcome]) {
        let author = Author::Member(self.member);
        let mut instance = Some(instance);
        for (handle, ((query, answer), &place)) in self.queries.iter().zip(answers).zip(&self.places).enumerate() {
            let handle = handle as u32;
            let Some(present) = &mut instance else {
                outcomes[place as usize] = ask(serving, query);
                continue;
            };
            let verdict = check(serving, author, &query.question, answer).and_then(|checked| {
                if self.route.shadow.is_some() {
                    compare(serving, self.route, query, &checked.verdict);
                }
                match settle(serving, present, handle, query, checked) {
                    Some(verdict) => Ok(verdict),
                    // Another message was first, perhaps one of this batch.
                    None => settle_one(serving, author, present, handle, query),
                }
            });
            // An answer that is not acceptable says nothing of the instance; anything else does.
            if verdict.as_ref().is_err_and(|failure| !matches!(failure, Failure::Answer(_))) {
                instance = None;
            }
            outcomes[place as usize] = conclude(serving, self.route, self.member, self.by, query, verdict);
        }
        if let Some(instance) = instance {
            self.member.binding.policy.put_back(instance);
        }
    }
}
