//! Why a message got its sender: what each step found.

mod json;
mod people;

use std::fmt;
use std::sync::Arc;

use callsign_catalog::{Channel, Sender, Strategy};
use callsign_destination::Destination;
use callsign_engine::contract::senders::Standing;
use callsign_engine::contract::sticky::Pin;
use callsign_engine::contract::types::Answer;
use callsign_engine::explain::{Narrowing, SenderVerdict, StrategyVerdict, Trace};
use callsign_engine::{Failure, PinRead, RequestTime};
use callsign_index::DEFAULT_APPLICATION;
use cpu_time::ThreadTime;
use serde::{Serialize, Serializer};

use crate::decision::{DecisionRef, Outcome, Verdict};
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
pub struct Explanation {
    snapshot: Arc<Snapshot>,
    outcome: Outcome,
    application: Box<str>,
    entity: Option<Box<str>>,
    channel: Channel,
    to: Box<str>,
    from: Option<Box<str>>,
    destination: Option<Destination>,
    /// The senders with the address in `from`, as the catalog's indexes.
    registered: Vec<u32>,
    /// The scope that was asked about, and what the policy says of it.
    trace: Option<(u32, Trace)>,
    /// The policy said more than there is in the scope, and the rest was cut off.
    is_cut: bool,
    /// The policy does not explain, or failed to.
    unexplained: bool,
    pins: bool,
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
        let lane = self.slow_lane();
        let turn = Turn::new(lane, Place::Caller, lane.request_time());
        let mut explanation = Explanation::begin(&snapshot, message);
        match prepare(&snapshot, message) {
            Ok(question) => {
                let query = Query::new(&snapshot, question, message);
                if let Err(failure) = explanation.ask(&query, None, &turn) {
                    explanation.fail(&query, &failure);
                }
            }
            Err(outcome) => explanation.outcome = outcome,
        }
        explanation
    }

    /// [`Gateway::explain`] for callers that must not block, as [`Gateway::resolve_async`]. It is a part of a request that
    /// has begun before, see [`Gateway::request_time`]: when the time of that is used up, so is the explanation's.
    pub async fn explain_within(&self, message: &Message<'_>, time: RequestTime) -> Explanation {
        let snapshot = self.snapshot();
        let mut explanation = Explanation::begin(&snapshot, message);
        let question = match prepare(&snapshot, message) {
            Ok(question) => question,
            Err(outcome) => {
                explanation.outcome = outcome;
                return explanation;
            }
        };
        let query = Query::new(&snapshot, question, message);
        let read = match (snapshot.sticky.as_async(), pin_key(&snapshot, &query)) {
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
                let begun = std::mem::replace(&mut explanation, Explanation::begin(&snapshot, message));
                match explain_in_slow_lane(lane, begun, &query, read, time).await {
                    Ok(explained) => explanation = explained,
                    Err(failure) => explanation.fail(&query, &failure),
                }
            }
            Some(failure) => explanation.fail(&query, &failure),
        }
        if matches!(explanation.outcome.verdict, Verdict::Refused(Refusal::Own(_))) {
            word(lane, &snapshot, vec![(question.scope, &mut explanation.outcome)], time).await;
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
    let tenant = snapshot.tenant(query.question.scope);
    let bound = choose(&snapshot, query).bound;
    bound.check_budget(lane, tenant)?;
    let (own, question, request) = (Arc::downgrade(lane), query.question, query.request);
    let message = OwnedMessage::of(query.message);
    let work = move || {
        let lane = own.upgrade()?;
        let (began, message) = (ThreadTime::now(), message.get());
        let query = Query { question, request, message: &message };
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
    fn begin(snapshot: &Arc<Snapshot>, message: &Message<'_>) -> Self {
        Self {
            outcome: Outcome {
                verdict: Verdict::Refused(Refusal::NoStrategy),
                by: AnsweredBy { route: PLATFORM, role: Role::Active },
            },
            application: message.application.unwrap_or(DEFAULT_APPLICATION).into(),
            entity: message.entity.map(Into::into),
            channel: message.channel,
            to: message.to.into(),
            from: message.from.map(Into::into),
            destination: Destination::parse(message.to).ok(),
            registered: message.from.map_or_else(Vec::new, |from| snapshot.revision.registered(from).collect()),
            trace: None,
            is_cut: false,
            unexplained: false,
            pins: false,
            snapshot: Arc::clone(snapshot),
        }
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
        let began = turn.begin();
        let asked = with_instance(turn, &bound.binding.policy, 1, |instance| {
            load(instance, &snapshot, std::slice::from_ref(query));
            if let Some(read) = read {
                instance.set_pin(0, read);
            }
            let (answer, trace): (Answer, _) = match instance.explain(query.request) {
                Ok(explained) => (explained.trace.answer, Some(explained)),
                Err(Failure::NoExplanation) => (instance.resolve(query.request)?, None),
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
        self.trace = explained.map(|explained| (query.question.scope, explained.trace));
        let verdict = match pin {
            Some(Err(error)) => unavailable(bound.binding.on_unavailable, checked.verdict, &error),
            _ => checked.verdict,
        };
        self.outcome = Outcome { verdict, by: answerer.by };
        Ok(())
    }

    /// Notes that the policy failed.
    #[cold]
    fn fail(&mut self, query: &Query<'_>, failure: &Failure) {
        let snapshot = Arc::clone(&self.snapshot);
        let Answerer { bound, by, .. } = choose(&snapshot, query);
        bound.failed(failure);
        self.unexplained = true;
        self.outcome = Outcome { verdict: Verdict::Refused(Refusal::PolicyFailed(failure.to_string().into())), by };
    }

    /// The decision.
    pub fn decision(&self) -> DecisionRef<'_> {
        DecisionRef { snapshot: &self.snapshot, outcome: &self.outcome }
    }

    /// Whether deciding, rather than explaining, would pin the recipient to the sender.
    pub fn pins(&self) -> bool {
        self.pins
    }

    /// How many strategies and senders it says something of.
    pub fn notes(&self) -> usize {
        self.trace.as_ref().map_or(0, |(_, trace)| {
            trace.strategies.len()
                + trace.senders.len()
                + trace.stages.iter().map(|stage| stage.left.len()).sum::<usize>()
        })
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

/// A verdict as programs read it, and in words.
fn strategy_verdict(verdict: StrategyVerdict) -> (&'static str, &'static str) {
    match verdict {
        StrategyVerdict::Chosen => ("CHOSEN", "chosen"),
        StrategyVerdict::ReplacedByEntity => {
            ("REPLACED_BY_ENTITY", "the entity's own strategies for this channel replace it")
        }
        StrategyVerdict::OtherChannel => ("OTHER_CHANNEL", "for another channel"),
        StrategyVerdict::OtherCountries => ("OTHER_COUNTRIES", "for other countries"),
        StrategyVerdict::LessSpecific => ("LESS_SPECIFIC", "less specific than the chosen one"),
    }
}

/// A verdict as programs read it, and in words.
fn sender_verdict(verdict: SenderVerdict) -> (&'static str, &'static str) {
    match verdict {
        SenderVerdict::Chosen => ("CHOSEN", "chosen"),
        SenderVerdict::Excluded(Standing::OtherChannel) => ("OTHER_CHANNEL", "not associated for this channel"),
        SenderVerdict::Excluded(Standing::Suspended) => ("SUSPENDED", "suspended"),
        SenderVerdict::Excluded(Standing::ChannelNotCovered) => ("CHANNEL_NOT_COVERED", "does not cover the channel"),
        SenderVerdict::Excluded(Standing::CountryNotCovered) => ("COUNTRY_NOT_COVERED", "does not cover the country"),
        SenderVerdict::Excluded(Standing::NotListed) => ("NOT_LISTED", "not in the strategy's senderIds"),
        SenderVerdict::Excluded(Standing::Candidate) => ("EXCLUDED", "excluded by the policy"),
        SenderVerdict::LowerPriority => ("LOWER_PRIORITY", "another type has a better priority"),
        SenderVerdict::Farther => ("FARTHER", "others are nearer to the recipient"),
        SenderVerdict::SpreadElsewhere => ("SPREAD_ELSEWHERE", "left, but the recipient is spread to another"),
        SenderVerdict::PinnedElsewhere => ("PINNED_ELSEWHERE", "the recipient is pinned to another"),
    }
}

/// A step as programs read it, and in words.
fn narrowing(step: Narrowing) -> (&'static str, &'static str) {
    match step {
        Narrowing::Candidates => ("CANDIDATES", "4 candidates"),
        Narrowing::TypePriority => ("TYPE_PRIORITY", "6 type priority"),
        Narrowing::Geolocated => ("GEOLOCATED", "7 geolocated"),
    }
}

/// What a pin was found to be.
fn pinned(explanation: &Explanation, scope: u32, pin: Pin) -> Option<&Sender> {
    match pin {
        Pin::Held(handle) => explanation.sender(scope, handle),
        Pin::None | Pin::Gone => None,
    }
}
