//! Steps 3 to 8: the policy that serves the scope of a message is called.

use std::sync::Arc;

use callsign_engine::{CallMessage, Failure, Instance, MessageTexts, PinRead, Policy};

use super::check::{Author, Checked, check_into};
use super::destination::Question;
use super::turn::Turn;
use crate::bindings::{BoundPolicy, Route};
use crate::decision::Verdict;
use crate::message::Message;
use crate::refusal::Refusal;
use crate::snapshot::{AnsweredBy, Role, Snapshot};

/// A message and what a policy is asked about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a> {
    pub(crate) question: Question,
    pub(crate) message: &'a Message<'a>,
}

impl Query<'_> {
    /// The same, as the only message of a call.
    pub(crate) fn alone(&self) -> Self {
        let mut alone = *self;
        alone.question.request.message = 0;
        alone
    }
}

/// The policy that answers a query: the active one of its route, or the canary.
#[derive(Clone, Copy)]
pub(crate) struct Answerer<'a> {
    pub(crate) route: &'a Route,
    pub(crate) bound: &'a Arc<BoundPolicy>,
    pub(crate) by: AnsweredBy,
}

impl<'a> Answerer<'a> {
    /// The policy that was chosen before.
    pub(crate) fn chosen(snapshot: &'a Snapshot, by: AnsweredBy) -> Self {
        let route = &*snapshot.routes[usize::from(by.route)];
        let bound = match (&route.canary, by.role) {
            (Some(canary), Role::Candidate) => &canary.bound,
            _ => &route.active,
        };
        Self { route, bound, by }
    }
}

/// Chooses the policy that answers a query.
#[inline]
pub(crate) fn choose<'a>(snapshot: &'a Snapshot, query: &Query<'_>) -> Answerer<'a> {
    let route = &*snapshot.routes[usize::from(query.question.route)];
    let (bound, role) = match &route.canary {
        Some(canary) if canary.serves(query.question.request.recipient) => (&canary.bound, Role::Candidate),
        _ => (&route.active, Role::Active),
    };
    Answerer { route, bound, by: AnsweredBy { route: query.question.route, role } }
}

/// Calls an instance of a policy about a number of messages. An instance whose call failed is dropped.
#[inline]
pub(crate) fn with_instance<T>(
    turn: &Turn<'_>,
    policy: &Policy,
    messages: usize,
    call: impl FnOnce(&mut Instance) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let time = turn.call_time(policy, messages)?;
    let mut instance = policy.instance_within(time).map_err(|failure| turn.of_request(failure))?;
    // The result stays where it is: each copy of it waits for what was just written.
    let mut called = call(&mut instance);
    match &mut called {
        Ok(_) => policy.put_back(instance),
        Err(failure) => *failure = turn.of_request(failure.clone()),
    }
    called
}

/// Calls an instance about one message and checks the answer, with a place for the verdict: whether to pin the recipient to its
/// sender. `read` is the pin, where that was read before.
#[inline]
pub(super) fn answer(
    snapshot: &Snapshot,
    instance: &mut Instance,
    author: Author<'_>,
    query: &Query<'_>,
    read: &PinRead,
    verdict: &mut Verdict,
) -> Result<bool, Failure> {
    load(instance, snapshot, std::slice::from_ref(query));
    if let Some(read) = read {
        instance.set_pin(0, read.clone());
    }
    let answer = instance.resolve(query.question.request)?;
    check_into(snapshot, author, &query.question, &answer, verdict)
}

/// Calls a policy about one message and checks the answer, without any effect.
pub(super) fn try_out(
    snapshot: &Snapshot,
    turn: &Turn<'_>,
    policy: &Policy,
    author: Author<'_>,
    query: &Query<'_>,
    read: PinRead,
) -> Result<Checked, Failure> {
    let mut verdict = Verdict::Refused(Refusal::NoStrategy);
    let pin =
        with_instance(turn, policy, 1, |instance| answer(snapshot, instance, author, query, &read, &mut verdict))?;
    Ok(Checked { verdict, pin })
}

/// The entity of a message whose scope does not name one, for the key of its pin.
#[inline]
fn other_entity<'a>(snapshot: &Snapshot, query: &Query<'a>) -> Option<&'a str> {
    let entity = query.message.entity?;
    let scope = snapshot.revision.scope(query.question.request.scope)?;
    (scope.entity.is_none() && scope.is_sticky(query.question.channel)).then_some(entity)
}

/// Loads messages into an instance, in the order of their handles.
#[inline]
pub(crate) fn load(instance: &mut Instance, snapshot: &Snapshot, queries: &[Query<'_>]) {
    let (texts, attributes) = (instance.reads_texts(), instance.reads_attributes());
    let state = instance.begin(&snapshot.revision, &snapshot.sticky, &snapshot.signals);
    for query in queries {
        state.push_message(
            CallMessage::new(&query.question.request, query.question.destination.number).sent_at(query.message.sent_at),
            other_entity(snapshot, query),
        );
        if texts {
            state.texts.push(MessageTexts {
                message_id: query.message.id.map(Into::into),
                application: query.message.application.map(Into::into),
                entity: query.message.entity.map(Into::into),
                message_type: query.message.message_type.map(|one| one.as_str().into()),
            });
        }
        if attributes {
            state.push_attributes(query.message.attributes.iter());
        }
    }
}
