//! Why a message got its sender: what each step found.

mod instead;
mod json;
mod people;
mod words;

use std::fmt;
use std::sync::Arc;

use callsign_catalog::{Sender, Strategy};
use callsign_destination::Destination;
use callsign_engine::contract::sticky::Pin;
use callsign_engine::contract::types::Answer;
use callsign_engine::explain::Trace;
use callsign_engine::{Failure, PinRead, RequestTime};
use callsign_index::Unhealthy;
use cpu_time::ThreadTime;
use serde::{Serialize, Serializer};

use crate::decision::{ByChannel, DecisionRef, Outcome, Verdict};
use crate::gateway::Gateway;
use crate::lanes::{SlowLane, quick_time};
use crate::message::{Message, OwnedMessage};
use crate::refusal::Refusal;
use crate::resolve::batch::key as pin_key;
use crate::resolve::call::{Answerer, Query, choose, load, with_instance};
use crate::resolve::check::{Author, check};
use crate::resolve::destination::prepare;
use crate::resolve::pin::unavailable;
use crate::resolve::turn::{Place, Turn};
use crate::resolve::wording::word;
use crate::snapshot::{AnsweredBy, PLATFORM, Role, Snapshot};

/// Why a message got its sender. Written with `Display` for people and with `Serialize` for programs.
///
/// Of a message with `channels` it is that of the channel which the decision is of, and has those of the others.
pub struct Explanation {
    snapshot: Arc<Snapshot>,
    outcome: Outcome,
    message: OwnedMessage,
    destination: Option<Destination>,
    /// The senders with the address in `from`, as the catalog's indexes.
    registered: Vec<u32>,
    /// The scope that was asked about, and what the policy says of it.
    trace: Option<(u32, Trace)>,
    /// The senders of that scope that are unhealthy.
    unhealthy: Option<Arc<Unhealthy>>,
    /// The policy said more than there is in the scope, and the rest was cut off.
    is_cut: bool,
    /// The policy does not explain, or failed to.
    unexplained: bool,
    pins: bool,
    others: Option<Box<OtherChannels>>,
}

/// The other channels of a message with `channels`.
struct OtherChannels {
    by_channel: ByChannel,
    /// Those that are preferred, and have no sender.
    before: Vec<Explanation>,
    /// Those after it.
    after: Vec<Explanation>,
}

impl Gateway {
    /// The sender of a message, and how each step of the resolution came to it: every strategy that was considered and
    /// why it lost, every sender and the first reason that excluded it, the pin, the senders left after each step. It is
    /// bounded by the size of the scope: what a policy says beyond that is cut off.
    ///
    /// The decision is the one that [`Gateway::resolve`] gives. Where the policy fails, the explanation shows the failure and
    /// does not apply the failure rule. No pin is written.
    pub fn explain(&self, message: &Message<'_>) -> Explanation {
        let snapshot = self.snapshot();
        let Some(channels) = message.channels else { return self.explain_one(&snapshot, message) };
        let channels = channels.as_slice().iter();
        Explanation::of_channels(channels.map(|&channel| self.explain_one(&snapshot, &message.over(channel))).collect())
    }

    fn explain_one(&self, snapshot: &Arc<Snapshot>, message: &Message<'_>) -> Explanation {
        Explanation::of_one(snapshot, message, prepare(snapshot, message), None, self.slow_lane())
    }

    /// [`Gateway::explain`] for callers that must not block, as [`Gateway::resolve_async`]. It is a part of a request that
    /// has begun before, see [`Gateway::request_time`]: when the time of that is used up, so is the explanation's.
    pub async fn explain_within(&self, message: &Message<'_>, time: RequestTime) -> Explanation {
        self.explain_on(&self.snapshot(), message, time).await
    }

    async fn explain_on(&self, snapshot: &Arc<Snapshot>, message: &Message<'_>, time: RequestTime) -> Explanation {
        let Some(channels) = message.channels else { return self.explain_one_within(snapshot, message, time).await };
        let mut explanations = Vec::with_capacity(channels.as_slice().len());
        for &channel in channels.as_slice() {
            explanations.push(self.explain_one_within(snapshot, &message.over(channel), time).await);
        }
        Explanation::of_channels(explanations)
    }

    async fn explain_one_within(
        &self,
        snapshot: &Arc<Snapshot>,
        message: &Message<'_>,
        time: RequestTime,
    ) -> Explanation {
        let mut explanation = Explanation::begin(snapshot, message);
        let query = match prepare(snapshot, message) {
            Ok(query) => query,
            Err(outcome) => {
                explanation.outcome = outcome;
                return explanation;
            }
        };
        let read = match (snapshot.sticky.as_async(), pin_key(snapshot, &query)) {
            (Some(store), Some(key)) => store.read_async(&[key]).await.into_iter().next(),
            _ => None,
        };
        let lane = self.slow_lane();
        let failure = if lane.tries_quick() {
            let mut turn = Turn::new(lane, Place::Worker, time);
            turn.quick_from_now();
            explanation.ask(&query, read.clone(), &turn).err()
        } else {
            Some(Failure::Stopped)
        };
        match failure {
            None => {}
            Some(Failure::Stopped) => {
                let begun = std::mem::replace(&mut explanation, Explanation::begin(snapshot, message));
                match explain_in_slow_lane(lane, begun, &query, read, time).await {
                    Ok(explained) => explanation = explained,
                    Err(failure) => explanation.fail(&query, &failure),
                }
            }
            Some(failure) => explanation.fail(&query, &failure),
        }
        if matches!(explanation.outcome.verdict, Verdict::Refused(Refusal::Own(_))) {
            word(lane, snapshot, vec![(query.question.request.scope, &mut explanation.outcome)], time).await;
        }
        explanation
    }
}

/// Asks for an explanation in the slow lane.
///
/// # Errors
/// It has no room or time for it.
async fn explain_in_slow_lane(
    lane: &Arc<SlowLane>,
    mut explanation: Explanation,
    query: &Query<'_>,
    read: PinRead,
    time: RequestTime,
) -> Result<Explanation, Failure> {
    let snapshot = Arc::clone(&explanation.snapshot);
    let tenant = snapshot.tenant(query.question.request.scope);
    let bound = choose(&snapshot, query).bound;
    bound.check_budget(lane, tenant)?;
    let (own, question) = (Arc::downgrade(lane), query.question);
    let message = OwnedMessage::of(query.message);
    let work = move || {
        let lane = own.upgrade()?;
        let (began, attributes) = (ThreadTime::now(), message.attributes());
        let message = message.get(&attributes);
        let query = Query { question, message: &message };
        let turn = Turn::new(&lane, Place::SlowLane, time);
        if let Err(failure) = explanation.ask(&query, read, &turn) {
            explanation.fail(&query, &failure);
        }
        let snapshot = Arc::clone(&explanation.snapshot);
        let is_quick = began.elapsed() < quick_time(1);
        if !is_quick || !explanation.outcome.has_failed() {
            choose(&snapshot, &query).bound.slow.ran(tenant, is_quick);
        }
        Some(explanation)
    };
    let explained = lane.decide(tenant, 1, work)?.wait().await?;
    explained.ok_or_else(|| Failure::Host("the gateway is gone".into()))
}

impl Explanation {
    /// The explanation of a message of one channel, made on this thread; `read` is the pin, where that was read before.
    pub(crate) fn of_one(
        snapshot: &Arc<Snapshot>,
        message: &Message<'_>,
        prepared: Result<Query<'_>, Outcome>,
        read: PinRead,
        lane: &SlowLane,
    ) -> Self {
        let turn = Turn::new(lane, Place::Caller, lane.request_time());
        let mut explanation = Explanation::begin(snapshot, message);
        match prepared {
            Ok(query) => {
                explanation.destination = Some(query.question.destination);
                if let Err(failure) = explanation.ask(&query, read, &turn) {
                    explanation.fail(&query, &failure);
                }
            }
            Err(outcome) => explanation.outcome = outcome,
        }
        explanation
    }

    fn begin(snapshot: &Arc<Snapshot>, message: &Message<'_>) -> Self {
        Self {
            outcome: Outcome::new(
                Verdict::Refused(Refusal::NoStrategy),
                AnsweredBy { route: PLATFORM, role: Role::Active },
            ),
            message: OwnedMessage::of(message),
            destination: snapshot.revision.catalog().numbering().area_codes().parse(message.to).ok(),
            registered: message.from.map_or_else(Vec::new, |from| snapshot.revision.registered(from).collect()),
            trace: None,
            unhealthy: None,
            is_cut: false,
            unexplained: false,
            pins: false,
            others: None,
            snapshot: Arc::clone(snapshot),
        }
    }

    /// The explanation of a message by those of its channels, the preferred one first.
    fn of_channels(mut explanations: Vec<Explanation>) -> Self {
        let decided = |one: &Explanation| matches!(one.outcome.verdict, Verdict::Decided { .. });
        let answer = explanations.iter().position(decided).unwrap_or_default();
        let after = explanations.split_off(answer + 1);
        let mut explanation = explanations.remove(answer);
        let fallbacks = after.iter().map(|one| (one.message.channel(), one.outcome.clone())).collect();
        let by_channel = ByChannel { channel: explanation.message.channel(), fallbacks };
        explanation.others = Some(Box::new(OtherChannels { by_channel, before: explanations, after }));
        explanation
    }

    /// The channel, and those of the others, in order of preference.
    fn all_channels(&self) -> impl Iterator<Item = &Explanation> {
        let others = self.others.as_deref();
        let before = others.map_or(&[][..], |others| &others.before);
        let after = others.map_or(&[][..], |others| &others.after);
        before.iter().chain([self]).chain(after)
    }

    /// Asks the policy; `read` is the pin, where that was read before.
    fn ask(&mut self, query: &Query<'_>, read: PinRead, turn: &Turn<'_>) -> Result<(), Failure> {
        let snapshot = Arc::clone(&self.snapshot);
        let answerer = choose(&snapshot, query);
        let bound = answerer.bound;
        if bound.is_starting() {
            return Err(Failure::Starting);
        }
        turn.enter(&snapshot, &answerer, query)?;
        let began = turn.begin(&snapshot, &answerer, query, true);
        let asked = with_instance(turn, &bound.binding.policy, 1, |instance| {
            load(instance, &snapshot, std::slice::from_ref(query));
            if let Some(read) = read {
                instance.set_pin(0, read);
            }
            let (answer, trace): (Answer, _) = match instance.explain(query.question.request) {
                Ok(explained) => (explained.trace.answer, Some(explained)),
                Err(Failure::NoExplanation) => (instance.resolve(query.question.request)?, None),
                Err(failure) => return Err(failure),
            };
            let pin = instance.take_pin_read(0);
            Ok((check(&snapshot, Author::Bound(bound), &query.question, &answer)?, trace, pin))
        });
        turn.note(&snapshot, &answerer, query, began, &asked);
        let (checked, explained, pin) = asked?;
        self.pins = checked.pin;
        self.unexplained = explained.is_none();
        self.is_cut = explained.as_ref().is_some_and(|explained| explained.is_cut);
        self.trace = explained.map(|explained| (query.question.request.scope, explained.trace));
        self.unhealthy = unhealthy(&snapshot, query);
        let verdict = match pin {
            Some(Err(error)) => unavailable(bound.binding.on_unavailable, checked.verdict, &error),
            _ => checked.verdict,
        };
        self.outcome = Outcome::new(verdict, answerer.by);
        Ok(())
    }

    /// Notes that the policy failed.
    #[cold]
    fn fail(&mut self, query: &Query<'_>, failure: &Failure) {
        let snapshot = Arc::clone(&self.snapshot);
        let Answerer { bound, by, .. } = choose(&snapshot, query);
        bound.failed(failure);
        self.unexplained = true;
        self.outcome = Outcome::new(Verdict::Refused(Refusal::PolicyFailed(failure.to_string().into())), by);
    }

    /// The decision.
    pub fn decision(&self) -> DecisionRef<'_> {
        let by_channel = self.others.as_deref().map(|others| &others.by_channel);
        DecisionRef { snapshot: &self.snapshot, outcome: &self.outcome, by_channel }
    }

    /// Whether deciding, rather than explaining, would pin the recipient to the sender.
    pub fn pins(&self) -> bool {
        self.pins
    }

    /// How many strategies and senders it says something of.
    pub fn notes(&self) -> usize {
        let of_trace = |trace: &Trace| {
            let left: usize = trace.stages.iter().map(|stage| stage.left.len()).sum();
            trace.strategies.len() + trace.senders.len() + left
        };
        self.all_channels().filter_map(|one| Some(of_trace(&one.trace.as_ref()?.1))).sum()
    }

    /// A sender of the scope. Handles of a trace come from the policy, so there may be no such sender.
    fn sender(&self, scope: u32, handle: u32) -> Option<&Sender> {
        let bound = self.snapshot.revision.scope(scope)?.members.get(handle as usize)?;
        self.snapshot.revision.catalog().senders().get(bound.sender as usize)
    }

    /// A strategy of the scope, and whether it is the entity's.
    fn strategy(&self, scope: u32, handle: u32) -> Option<(&Strategy, bool)> {
        let scope = self.snapshot.revision.scope(scope)?;
        let index = *scope.strategies.get(handle as usize)?;
        let entity_level = (handle as usize) < scope.entity_strategies;
        Some((self.snapshot.revision.catalog().strategies().get(index as usize)?, entity_level))
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        people::write(self, f)
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation").field("decision", &self.decision()).finish_non_exhaustive()
    }
}

impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json::write(self, serializer)
    }
}

/// The senders of a message's scope that are unhealthy for it.
fn unhealthy(snapshot: &Snapshot, query: &Query<'_>) -> Option<Arc<Unhealthy>> {
    let scope = snapshot.revision.scope(query.question.request.scope)?;
    let (channel, country) = (query.question.channel, query.question.destination.country);
    Some(snapshot.revision.unhealthy(scope, &snapshot.signals.current(), channel, country))
}

/// What a pin was found to be.
fn pinned(explanation: &Explanation, scope: u32, pin: Pin) -> Option<&Sender> {
    match pin {
        Pin::Held(handle) => explanation.sender(scope, handle),
        Pin::None | Pin::Gone => None,
    }
}
