//! Questions that were decided before are decided again: with the pin and the signals of then, on any catalog and policy,
//! without any effect. Nothing is pinned, no health of a policy is noted, nobody is told.

use std::sync::{Arc, Weak};

use callsign_destination::Number;
use callsign_engine::contract::types::Answer;
use callsign_engine::words::marks;
use callsign_engine::{Failure, Instance, Limits, OwnRefusal, PinRead, Policy};
use callsign_index::{CurrentSignals, Revision, SignalSource, Signals};
use callsign_sticky::{MemoryStore, Pin, SenderKey};
use hashbrown::HashMap;

use super::call::{Query, load};
use super::check::{Author, check};
use super::destination::{MessageScope, prepare, prepare_to};
use crate::bindings::{Binding, BindingTarget, BoundPolicy, Control, Route};
use crate::decision::{DecisionRef, Outcome, Verdict};
use crate::explain::Explanation;
use crate::lanes::{LaneOptions, SlowLane};
use crate::message::Message;
use crate::refusal::Refusal;
use crate::snapshot::{AnsweredBy, PLATFORM, Role, Snapshot};

/// The policy of a [`Replayer`], as a snapshot names it.
const BY: AnsweredBy = AnsweredBy { route: PLATFORM, role: Role::Active };

/// A message that was decided before, and what was read for it then.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    message: Message<'a>,
    number: Option<Number>,
    pin: Option<SenderKey>,
    told_unhealthy: Option<bool>,
}

/// What a question comes to now.
#[derive(Debug, Clone)]
pub struct Replayed {
    outcome: Outcome,
    pins: bool,
}

/// Decides questions again on one catalog, by one policy, with the signals of one moment. It has an instance of the policy
/// of its own, so each thread has a replayer of its own.
///
/// ```
/// use callsign::{Asked, Catalog, Channel, Message, Policy, Replayer, Revision, Signals};
/// use std::sync::Arc;
///
/// let revision = Arc::new(Revision::new(Catalog::from_json("{}")?)?);
/// let mut replayer = Replayer::new(&revision, &Arc::new(Policy::standard()?), Arc::new(Signals::default()));
/// let message = Message::new(Channel::Sms, "+14155550123");
/// let replayed = replayer.decide(&[Asked::new(message)]);
/// assert_eq!(replayer.get(&replayed[0]).refusal().map(|refusal| refusal.code()), Some("NO_STRATEGY"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Replayer {
    snapshot: Arc<Snapshot>,
    policy: Arc<Policy>,
    lane: SlowLane,
    /// Kept between calls; none before the first and after one that failed.
    instance: Option<Box<Instance>>,
    /// Refusals in the policy's own words, by number and detail, so that each is worded once.
    own: HashMap<(u32, u64), Arc<OwnRefusal>>,
}

/// How many refusals in a policy's own words are kept. A policy that words each message for itself is asked again.
const OWN: usize = 4_096;

impl<'a> Asked<'a> {
    /// A message whose recipient had no pin, or whose pin was not read. Of `channels` only the first is asked about.
    pub fn new(message: Message<'a>) -> Self {
        Self { message: message.over(message.channel), number: None, pin: None, told_unhealthy: None }
    }

    /// To a number that was read from `to` before: `to` is not read again.
    #[must_use]
    pub fn number(mut self, number: Number) -> Self {
        self.number = Some(number);
        self
    }

    /// With the text that explanations show as `to`.
    #[must_use]
    pub fn written<'b>(self, to: &'b str) -> Asked<'b>
    where
        'a: 'b,
    {
        Asked { message: Message { to, ..self.message }, ..self }
    }

    /// With the sender that the recipient was pinned to.
    #[must_use]
    pub fn pinned_to(mut self, sender: SenderKey) -> Self {
        self.pin = Some(sender);
        self
    }

    /// Tells the policy whether a sender of the scope is unhealthy for the message, whatever the signals say: they may have
    /// changed between this and the policy's reading them.
    #[must_use]
    pub fn told_unhealthy(mut self, told: bool) -> Self {
        self.told_unhealthy = Some(told);
        self
    }

    /// As one of the fallbacks of `channels`: what the message would get, without a pin being written.
    #[must_use]
    pub fn as_fallback(mut self) -> Self {
        self.message.is_fallback = true;
        self
    }

    /// The message.
    pub fn message(&self) -> &Message<'a> {
        &self.message
    }

    fn prepare(&self, snapshot: &Snapshot) -> Result<Query<'_>, Outcome> {
        let area_codes = snapshot.revision.catalog().numbering().area_codes();
        let prepared = match self.number.and_then(|number| area_codes.destination(number)) {
            Some(destination) => {
                prepare_to(snapshot, &self.message, destination, || MessageScope::of(snapshot, &self.message))
            }
            // A number that no country has any more gets the error that its text gets.
            None => prepare(snapshot, &self.message),
        };
        prepared.map(|mut query| {
            match self.told_unhealthy {
                Some(true) => query.question.request.marks |= marks::UNHEALTHY,
                Some(false) => query.question.request.marks &= !marks::UNHEALTHY,
                None => {}
            }
            query
        })
    }

    fn read(&self) -> PinRead {
        Some(Ok(self.pin.map(|sender| Pin::new(sender, 0, 0))))
    }
}

impl Replayed {
    /// Whether the decision would pin the recipient to its sender, where it is pinned to another or to none.
    pub fn pins(&self) -> bool {
        self.pins
    }
}

/// The signals of one moment, for ever.
struct Unchanging(Arc<Signals>);

impl SignalSource for Unchanging {
    fn current(&self) -> CurrentSignals {
        CurrentSignals::from(Arc::clone(&self.0))
    }

    fn health_epoch(&self) -> u64 {
        self.0.health_epoch()
    }
}

impl Replayer {
    /// Decides on a catalog, by a policy, with the signals of a moment.
    pub fn new(revision: &Arc<Revision>, policy: &Arc<Policy>, signals: Arc<Signals>) -> Self {
        let nobody = Weak::<Control>::new();
        let bound = BoundPolicy::new(Binding::new(Arc::clone(policy)), BindingTarget::Platform, nobody);
        let route = Route { target: BindingTarget::Platform, active: Arc::new(bound), canary: None, shadow: None };
        // Every pin is given with its question.
        let sticky = Arc::new(MemoryStore::new());
        let signals = Arc::new(Unchanging(signals));
        let snapshot = Snapshot::new(Arc::clone(revision), (sticky, signals), vec![Arc::new(route)], None);
        Self {
            snapshot: Arc::new(snapshot),
            policy: Arc::clone(policy),
            lane: SlowLane::new(LaneOptions::default()),
            instance: None,
            own: HashMap::new(),
        }
    }

    /// Decides with the signals of another moment from now on.
    pub fn use_signals(&mut self, signals: Arc<Signals>) {
        self.snapshot = Arc::new(self.snapshot.with_signals(Arc::new(Unchanging(signals))));
    }

    /// The catalog.
    pub fn revision(&self) -> &Arc<Revision> {
        &self.snapshot.revision
    }

    /// What each question comes to, in their order. Where the policy fails the answer is `POLICY_FAILED`: no failure rule is
    /// applied.
    pub fn decide(&mut self, asked: &[Asked<'_>]) -> Vec<Replayed> {
        let mut replayed = Vec::with_capacity(asked.len());
        for asked in asked.chunks(Limits::BATCH) {
            self.decide_call(asked, &mut replayed);
        }
        replayed
    }

    /// Decides as many questions as a call may have.
    fn decide_call(&mut self, asked: &[Asked<'_>], replayed: &mut Vec<Replayed>) {
        let snapshot = Arc::clone(&self.snapshot);
        let first = replayed.len();
        let mut queries = Vec::with_capacity(asked.len());
        let mut places = Vec::with_capacity(asked.len());
        for (place, asked) in asked.iter().enumerate() {
            match asked.prepare(&snapshot) {
                Ok(mut query) => {
                    query.question.request.message = queries.len() as u32;
                    queries.push(query);
                    places.push(place);
                    // Holds the place until the policy has answered.
                    let outcome = Outcome::new(Verdict::Refused(Refusal::NoStrategy), BY);
                    replayed.push(Replayed { outcome, pins: false });
                }
                Err(outcome) => replayed.push(Replayed { outcome, pins: false }),
            }
        }
        let answers = self.call(&snapshot, &queries, |at| asked[places[at]].read());
        let mut hung = None;
        for (at, (query, &place)) in queries.iter().zip(&places).enumerate() {
            let answer = match &answers {
                Ok(answers) => Ok(answers[at]),
                // One message must not fail the others: each gets a call of its own, until one runs into its deadline.
                Err(_) if queries.len() > 1 && hung.is_none() => {
                    let alone = self.call(&snapshot, &[query.alone()], |_| asked[place].read());
                    if let Err(failure @ Failure::Deadline(_)) = &alone {
                        hung = Some(failure.clone());
                    }
                    alone.map(|answers| answers[0])
                }
                Err(failure) => Err(hung.clone().unwrap_or_else(|| failure.clone())),
            };
            replayed[first + place] = self.judge(&snapshot, query, asked[place].pin, answer);
        }
    }

    /// Calls the policy; there is an answer for each query.
    fn call(
        &mut self,
        snapshot: &Snapshot,
        queries: &[Query<'_>],
        read: impl Fn(usize) -> PinRead,
    ) -> Result<Vec<Answer>, Failure> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => self.policy.instance()?,
        };
        load(&mut instance, snapshot, queries);
        for at in 0..queries.len() {
            if let Some(read) = read(at) {
                instance.set_pin(at as u32, read);
            }
        }
        let answers = instance.resolve_batch(queries.iter().map(|query| &query.question.request))?;
        self.instance = Some(instance);
        Ok(answers)
    }

    /// Checks an answer as a gateway does.
    fn judge(
        &mut self,
        snapshot: &Snapshot,
        query: &Query<'_>,
        pin: Option<SenderKey>,
        answer: Result<Answer, Failure>,
    ) -> Replayed {
        let checked = answer.and_then(|answer| check(snapshot, Author::Policy(&self.policy), &query.question, &answer));
        match checked {
            Ok(checked) => {
                let pinned_elsewhere =
                    |sender: u32| pin.map(|pin| pin.0) != Some(snapshot.revision.keys()[sender as usize]);
                let pins = match checked.verdict {
                    Verdict::Decided { sender, .. } => {
                        checked.pin && !query.question.is_fallback && pinned_elsewhere(sender)
                    }
                    Verdict::Refused(_) => false,
                };
                let verdict = match checked.verdict {
                    Verdict::Refused(Refusal::Own(own)) => Verdict::Refused(Refusal::Own(self.worded_once(own))),
                    verdict => verdict,
                };
                Replayed { outcome: Outcome::new(verdict, BY), pins }
            }
            Err(failure) => {
                let refusal = Refusal::PolicyFailed(failure.to_string().into());
                Replayed { outcome: Outcome::new(Verdict::Refused(refusal), BY), pins: false }
            }
        }
    }

    /// The first refusal like this one.
    fn worded_once(&mut self, own: Arc<OwnRefusal>) -> Arc<OwnRefusal> {
        if self.own.len() >= OWN {
            self.own.clear();
        }
        let (_, number, detail) = own.key();
        Arc::clone(self.own.entry((number, detail)).or_insert(own))
    }

    /// The decision that a question came to.
    pub fn get<'r>(&'r self, replayed: &'r Replayed) -> DecisionRef<'r> {
        DecisionRef { snapshot: &self.snapshot, outcome: &replayed.outcome, by_channel: None }
    }

    /// How the policy comes to its answer.
    pub fn explain(&self, asked: &Asked<'_>) -> Explanation {
        Explanation::of_one(&self.snapshot, &asked.message, asked.prepare(&self.snapshot), asked.read(), &self.lane)
    }
}

impl std::fmt::Debug for Replayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replayer")
            .field("revision", &self.snapshot.revision.number())
            .field("policy", &self.policy.label())
            .finish_non_exhaustive()
    }
}
