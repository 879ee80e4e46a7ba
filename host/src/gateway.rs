//! The gateway: messages in, decisions out.

use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use callsign_destination::Destination;
use siphasher::sip::SipHasher13;

use crate::answer::{Checked, check};
use crate::catalog::{Catalog, Channel};
use crate::decision::Step;
use crate::decision::{DecisionRef, Outcome, Refusal};
use crate::message::Message;
use crate::policy::contract::types::Request;
use crate::policy::{Asked, Failure, Instance, Limits, Policy, PolicyError, Texts};
use crate::revision::{Revision, SameKey};
use crate::sticky::{MemoryStore, PinnedSender, SenderKey, StickyStore};

/// How often a message is decided again because another message pinned its recipient first. The standard policy needs
/// one time; a policy that insists on another sender than the pinned one has failed.
const MOST_RACES: usize = 4;

/// What decisions are made with: immutable, replaced as a whole.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) revision: Arc<Revision>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) sticky: Arc<dyn StickyStore>,
}

/// Decides from which sender messages go out. Shared by any number of threads, none of which waits for another.
///
/// ```
/// use callsign::{Catalog, Channel, Gateway, Message};
///
/// let catalog = Catalog::from_json(r#"{
///     "applications": [{"applicationId": "shop"}],
///     "senders": [{"senderId": "S1", "sender": "+14155550100", "senderType": "VIRTUAL_LONG_NUMBER",
///                  "coverage": [{"channel": "SMS", "countries": ["US"]}]}],
///     "associations": [{"resourceType": "NUMBER", "channel": "SMS", "applicationId": "shop", "entityId": null,
///                       "resourceId": "S1"}],
///     "sendingStrategies": [{"sendingStrategyId": "GENERAL", "platform": {"applicationId": "shop"}}]
/// }"#)?;
/// let gateway = Gateway::new(catalog)?;
///
/// let decision = gateway.resolve(&Message::new(Channel::Sms, "+14155550123").application("shop"));
/// assert_eq!(decision.get().sender().map(|sender| &*sender.id), Some("S1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Gateway {
    serving: ArcSwap<Serving>,
}

impl Gateway {
    /// A gateway with the standard policy and pins in memory.
    ///
    /// # Errors
    /// The catalog cannot be indexed, or components cannot run on this machine.
    pub fn new(catalog: Catalog) -> Result<Self, GatewayError> {
        Self::with(catalog, Policy::standard()?, Arc::new(MemoryStore::new()))
    }

    /// A gateway with a policy and a store of pins.
    ///
    /// # Errors
    /// The catalog cannot be indexed.
    pub fn with(
        catalog: Catalog,
        policy: impl Into<Arc<Policy>>,
        sticky: Arc<dyn StickyStore>,
    ) -> Result<Self, GatewayError> {
        let serving = Serving { revision: Arc::new(Revision::new(catalog)?), policy: policy.into(), sticky };
        Ok(Self { serving: ArcSwap::from_pointee(serving) })
    }

    /// Decides on another catalog from now on. Calls that are under way finish on the one that they began with.
    ///
    /// # Errors
    /// The catalog cannot be indexed; the old one goes on.
    pub fn replace_catalog(&self, catalog: Catalog) -> Result<(), GatewayError> {
        let revision = Arc::new(Revision::new(catalog)?);
        let policy = Arc::clone(&self.serving.load().policy);
        self.serving.rcu(|serving| Serving { revision: Arc::clone(&revision), ..Serving::clone(serving) });
        // Idle instances would keep the old catalog in memory until their thread's next call.
        policy.forget_idle();
        Ok(())
    }

    /// The catalog that is decided on now.
    pub fn revision(&self) -> Arc<Revision> {
        Arc::clone(&self.serving.load().revision)
    }

    /// The sender of one message.
    pub fn resolve(&self, message: &Message<'_>) -> Decision {
        let serving = self.serving.load();
        let outcome = match prepare(&serving, message) {
            Ok(question) => ask(&serving, message, &question),
            Err(outcome) => outcome,
        };
        Decision { serving, outcome }
    }

    /// The senders of many messages, each as [`Gateway::resolve`] would give it, in their order, on one catalog and one
    /// policy. Faster than one by one.
    pub fn resolve_batch(&self, messages: &[Message<'_>]) -> Decisions {
        let serving = self.serving.load_full();
        let mut outcomes = Vec::with_capacity(messages.len());
        for messages in messages.chunks(Limits::BATCH) {
            ask_batch(&serving, messages, &mut outcomes);
        }
        Decisions { serving, outcomes }
    }

    /// What decisions are made with now.
    pub(crate) fn serving(&self) -> Arc<Serving> {
        self.serving.load_full()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let serving = self.serving.load();
        f.debug_struct("Gateway")
            .field("revision", &serving.revision.number())
            .field("policy", &serving.policy.label())
            .finish_non_exhaustive()
    }
}

/// What a policy is asked about a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) scope: u32,
    pub(crate) channel: Channel,
    pub(crate) destination: Destination,
}

/// Steps 1 and 2: what the host settles itself, or the question for the policy.
#[inline]
pub(crate) fn prepare(serving: &Serving, message: &Message<'_>) -> Result<Question, Outcome> {
    let destination = match Destination::parse(message.to) {
        Ok(destination) => destination,
        Err(error) => return Err(Outcome::Refused(Refusal::InvalidDestination(error))),
    };
    if let Some(from) = message.from {
        return Err(explicit(serving, message, &destination, from));
    }
    let scope = serving.revision.scope_of(message.application, message.entity);
    Ok(Question { scope, channel: message.channel, destination })
}

/// Step 2: the message names its sender.
fn explicit(serving: &Serving, message: &Message<'_>, destination: &Destination, from: &str) -> Outcome {
    let catalog = serving.revision.catalog();
    let registered = serving.revision.registered(from);
    let (channel, country) = (message.channel, destination.country);
    let mut suspended = None;
    for sender in registered {
        if serving.revision.is_capable(sender, channel, country) {
            return Outcome::Decided { sender, strategy: None, step: Step::Explicit };
        }
        let all_suspended = suspended.unwrap_or(true) && catalog.senders()[sender as usize].suspended;
        suspended = Some(all_suspended);
    }
    Outcome::Refused(match suspended {
        None => Refusal::SenderNotRegistered,
        Some(suspended) => Refusal::SenderNotCapable { suspended, channel, country },
    })
}

impl Question {
    /// The question as it crosses to the policy.
    #[inline]
    pub(crate) fn request(&self, serving: &Serving, message: u32) -> Request {
        let scope = serving.revision.scope(self.scope);
        let number = self.destination.number;
        let mut hasher = SipHasher13::new_with_keys(scope.map_or(0, |scope| scope.application_hash), 0);
        hasher.write_u64(number.get());
        Request {
            message,
            scope: self.scope,
            revision: scope.map_or(0, |scope| scope.revision),
            channel: self.channel.into(),
            country: self.destination.country.bits(),
            area_code: self.destination.area_code.map_or(0, |code| code.get()),
            recipient: hasher.finish(),
        }
    }

    #[inline]
    fn asked(&self) -> Asked {
        Asked {
            scope: self.scope,
            channel: self.channel,
            recipient: self.destination.number,
            pin: None,
        }
    }
}

/// Makes the message known to the instance, under the next handle.
#[inline]
pub(crate) fn put(instance: &mut Instance, serving: &Serving, questions: &[(Question, &Message<'_>)]) {
    let texts = instance.reads_texts();
    let state = instance.begin(serving);
    for (question, message) in questions {
        state.asked.push(question.asked());
        if texts {
            state.texts.push(Texts {
                message_id: message.id.map(Into::into),
                application: message.application.map(Into::into),
                entity: message.entity.map(Into::into),
            });
        }
    }
}

/// Steps 3 to 9 of one message.
#[inline]
fn ask(serving: &Serving, message: &Message<'_>, question: &Question) -> Outcome {
    let asked = serving.policy.instance().and_then(|mut instance| {
        put(&mut instance, serving, &[(*question, message)]);
        let outcome = settle_one(serving, &mut instance, 0, question)?;
        serving.policy.put_back(instance);
        Ok(outcome)
    });
    asked.unwrap_or_else(policy_failed)
}

#[cold]
pub(crate) fn policy_failed(failure: Failure) -> Outcome {
    Outcome::Refused(Refusal::PolicyFailed(failure.to_string().into()))
}

/// Asks the policy for one message that the instance knows, and again for as long as another message pins its recipient
/// first.
fn settle_one(
    serving: &Serving,
    instance: &mut Instance,
    message: u32,
    question: &Question,
) -> Result<Outcome, Failure> {
    let request = question.request(serving, message);
    for _ in 0..MOST_RACES {
        let answer = instance.resolve(request)?;
        let checked = check_answer(serving, question, &answer);
        if let Some(outcome) = settle(serving, instance, message, question, checked) {
            return Ok(outcome);
        }
    }
    Ok(Outcome::Refused(Refusal::PolicyFailed(
        "the policy pins the recipient to another sender than the one it is pinned to".into(),
    )))
}

#[inline]
pub(crate) fn check_answer(
    serving: &Serving,
    question: &Question,
    answer: &crate::policy::contract::types::Answer,
) -> Checked {
    match serving.revision.scope(question.scope) {
        Some(scope) => check(serving, scope, question.channel, question.destination.country, answer),
        None => Checked { outcome: Outcome::Refused(Refusal::NoStrategy), pin: false },
    }
}

/// Commits the pin that an answer wants. None where another message was first: the policy has to be asked again, and
/// will see the pin of the winner.
#[inline]
fn settle(
    serving: &Serving,
    instance: &mut Instance,
    message: u32,
    question: &Question,
    checked: Checked,
) -> Option<Outcome> {
    let read = instance.asked(message).and_then(|asked| asked.pin.take());
    let read = match read {
        Some(Err(error)) => return Some(Outcome::Refused(Refusal::StickyUnavailable(error.to_string().into()))),
        Some(Ok(pin)) => pin,
        None => None,
    };
    let (true, &Outcome::Decided { sender, .. }) = (checked.pin, &checked.outcome) else {
        return Some(checked.outcome);
    };
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
        Ok(None) => Some(checked.outcome),
        Ok(Some(_winner)) => None,
        Err(error) => Some(Outcome::Refused(Refusal::StickyUnavailable(error.to_string().into()))),
    }
}

/// Steps 1 to 9 of the messages of one call.
fn ask_batch(serving: &Serving, messages: &[Message<'_>], outcomes: &mut Vec<Outcome>) {
    let first = outcomes.len();
    let mut questions: Vec<(Question, &Message<'_>)> = Vec::with_capacity(messages.len());
    let mut requests: Vec<Request> = Vec::with_capacity(messages.len());
    // Where the outcome of each question goes.
    let mut places: Vec<u32> = Vec::with_capacity(messages.len());
    for (place, message) in messages.iter().enumerate() {
        match prepare(serving, message) {
            Ok(question) => {
                requests.push(question.request(serving, requests.len() as u32));
                questions.push((question, message));
                places.push(place as u32);
                outcomes.push(Outcome::Refused(Refusal::NoStrategy));
            }
            Err(outcome) => outcomes.push(outcome),
        }
    }
    if questions.is_empty() {
        return;
    }
    let outcomes = &mut outcomes[first..];
    let answered = serving.policy.instance().and_then(|mut instance| {
        put(&mut instance, serving, &questions);
        let answers = instance.resolve_batch(&requests)?;
        Ok((instance, answers))
    });
    let (mut instance, answers) = match answered {
        Ok(answered) => answered,
        // The next call could hang as long: no message of this batch gets another.
        Err(failure @ Failure::Deadline(_)) => {
            for &place in &places {
                outcomes[place as usize] = policy_failed(failure.clone());
            }
            return;
        }
        // One message that the policy fails on must not fail the others.
        Err(_) => {
            for ((question, message), &place) in questions.iter().zip(&places) {
                outcomes[place as usize] = ask(serving, message, question);
            }
            return;
        }
    };
    let mut usable = true;
    for (handle, answer) in answers.iter().enumerate() {
        let (question, message) = &questions[handle];
        let checked = check_answer(serving, question, answer);
        let outcome = match settle(serving, &mut instance, handle as u32, question, checked) {
            Some(outcome) => outcome,
            // Another message was first, perhaps one of this batch.
            None if usable => settle_one(serving, &mut instance, handle as u32, question).unwrap_or_else(|failure| {
                usable = false;
                policy_failed(failure)
            }),
            None => ask(serving, message, question),
        };
        outcomes[places[handle] as usize] = outcome;
    }
    if usable {
        serving.policy.put_back(instance);
    }
}

/// What became of one message.
///
/// It holds on to the catalog and the policy that it was decided with: read it and let it go. A thread that keeps more
/// than a few of them makes the next ones slower.
pub struct Decision {
    serving: Guard<Arc<Serving>>,
    outcome: Outcome,
}

impl Decision {
    /// The decision.
    pub fn get(&self) -> DecisionRef<'_> {
        DecisionRef { serving: &self.serving, outcome: &self.outcome }
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// What became of the messages of a batch, in their order.
pub struct Decisions {
    serving: Arc<Serving>,
    outcomes: Vec<Outcome>,
}

impl Decisions {
    /// How many there are: one for each message.
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether the batch was empty.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// The decision of the message at an index.
    pub fn get(&self, index: usize) -> Option<DecisionRef<'_>> {
        self.outcomes.get(index).map(|outcome| DecisionRef { serving: &self.serving, outcome })
    }

    /// The decisions in the order of the messages.
    pub fn iter(&self) -> impl Iterator<Item = DecisionRef<'_>> {
        self.outcomes.iter().map(|outcome| DecisionRef { serving: &self.serving, outcome })
    }
}

impl fmt::Debug for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Why a gateway cannot serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The catalog cannot be indexed.
    #[error(transparent)]
    Catalog(#[from] SameKey),
    /// The policy cannot run.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}
