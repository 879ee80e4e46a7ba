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
use callsign_engine::{Failure, Instance};
use callsign_index::DEFAULT_APPLICATION;
use serde::{Serialize, Serializer};

use crate::decision::{DecisionRef, Outcome, Verdict};
use crate::gateway::Gateway;
use crate::message::Message;
use crate::refusal::Refusal;
use crate::resolve::call::{Answerer, Query, choose, load, with_instance};
use crate::resolve::check::{Author, check};
use crate::resolve::destination::prepare;
use crate::resolve::pin::unavailable;
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
    /// The policy does not explain, or failed to.
    unexplained: bool,
    pins: bool,
}

impl Gateway {
    /// The sender of a message, and how each step of the resolution came to it: every strategy that was considered and
    /// why it lost, every sender and the first reason that excluded it, the pin, the senders left after each step.
    ///
    /// The decision is the one that [`Gateway::resolve`] gives. Where the policy fails, the explanation shows the failure and
    /// does not apply the failure rule. No pin is written.
    pub fn explain(&self, message: &Message<'_>) -> Explanation {
        let snapshot = self.snapshot();
        let mut explanation = Explanation {
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
            unexplained: false,
            pins: false,
            snapshot: Arc::clone(&snapshot),
        };
        match prepare(&snapshot, message) {
            Ok(question) => explanation.ask(&Query::new(&snapshot, question, message)),
            Err(outcome) => explanation.outcome = outcome,
        }
        explanation
    }
}

impl Explanation {
    fn ask(&mut self, query: &Query<'_>) {
        let snapshot = Arc::clone(&self.snapshot);
        let Answerer { bound, by, .. } = choose(&snapshot, query);
        let policy = &bound.binding.policy;
        let ask = |instance: &mut Instance| {
            load(instance, &snapshot, std::slice::from_ref(query));
            let (answer, trace): (Answer, _) = match instance.explain(query.request) {
                Ok(trace) => (trace.answer, Some(trace)),
                Err(Failure::NoExplanation) => (instance.resolve(query.request)?, None),
                Err(failure) => return Err(failure),
            };
            let pin = instance.take_pin_read(0);
            Ok((check(&snapshot, Author::Bound(bound), &query.question, &answer)?, trace, pin))
        };
        let asked = if bound.is_starting() { Err(Failure::Starting) } else { with_instance(policy, ask) };
        self.unexplained = true;
        let verdict = match asked {
            Ok((checked, trace, pin)) => {
                self.pins = checked.pin;
                self.unexplained = trace.is_none();
                self.trace = trace.map(|trace| (query.question.scope, trace));
                match pin {
                    Some(Err(error)) => unavailable(bound.binding.on_unavailable, checked.verdict, &error),
                    _ => checked.verdict,
                }
            }
            Err(failure) => {
                bound.failed(&failure);
                Verdict::Refused(Refusal::PolicyFailed(failure.to_string().into()))
            }
        };
        self.outcome = Outcome { verdict, by };
    }

    /// The decision.
    pub fn decision(&self) -> DecisionRef<'_> {
        DecisionRef { snapshot: &self.snapshot, outcome: &self.outcome }
    }

    /// Whether deciding, rather than explaining, would pin the recipient to the sender.
    pub fn pins(&self) -> bool {
        self.pins
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
