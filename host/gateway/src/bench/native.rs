//! The standard policy without its sandbox: what the benchmarks measure the sandbox against, and what the tests compare
//! it with.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use callsign_engine::PinRead;
use callsign_index::host_reads::channel_of;
use callsign_policy::reads::Reads;
use callsign_policy::senders::{Candidate, Considered, DefaultSender, Group, Pool};
use callsign_policy::strategies::StrategyFacts;
use callsign_policy::types::{self, Answer, Request};
use callsign_policy::{senders, sticky};
use callsign_standard::plan_cache::PlanCache;

use crate::bindings::OnUnavailable;
use crate::decision::{DecisionRef, Outcome, Verdict};
use crate::gateway::Gateway;
use crate::message::Message;
use crate::refusal::Refusal;
use crate::resolve::check::Checked;
use crate::resolve::destination::{Question, prepare};
use crate::resolve::pin::{Settled, settle};
use crate::snapshot::{AnsweredBy, PLATFORM, Role, Snapshot};
use crate::step::Step;

/// The standard policy as a function of this process, for one thread.
///
/// It decides as the component does, with the same catalog and the same pins as the gateway that it was taken from.
/// Nothing contains it: a gateway that serves uses [`Gateway`].
pub struct Native {
    snapshot: Arc<Snapshot>,
    plans: PlanCache,
    outcome: Outcome,
}

impl Gateway {
    /// The standard policy as a native function, on the catalog and the pins that this gateway has now.
    pub fn native(&self) -> Native {
        Native {
            snapshot: self.snapshot(),
            plans: PlanCache::default(),
            outcome: native(Verdict::Refused(Refusal::NoStrategy)),
        }
    }
}

impl Native {
    /// The sender of one message.
    pub fn resolve(&mut self, message: &Message<'_>) -> DecisionRef<'_> {
        self.outcome = match prepare(&self.snapshot, message) {
            Ok(question) => native(self.decide(&question, message.entity)),
            Err(outcome) => outcome,
        };
        DecisionRef { snapshot: &self.snapshot, outcome: &self.outcome, by_channel: None }
    }

    fn decide(&mut self, question: &Question, entity: Option<&str>) -> Verdict {
        let request = question.native_request(&self.snapshot);
        let snapshot = &self.snapshot;
        let mut known = None;
        loop {
            let reads = Read { snapshot, question, entity, pin: RefCell::new(known.take()) };
            let answer = self.plans.resolve(&request, &reads);
            let checked = match checked(snapshot, question, &answer) {
                Some(checked) => checked,
                None => return Verdict::Refused(Refusal::NoStrategy),
            };
            let pending =
                match settle(snapshot, OnUnavailable::Refuse, question, entity, checked, reads.pin.into_inner()) {
                    Settled::Done(verdict) => return verdict,
                    Settled::NeedsPin(pending) => pending,
                };
            let written = match pending.write(snapshot, question, entity) {
                Some(write) => snapshot.sticky.write_one(&write),
                None => Ok(None),
            };
            match pending.on_store_reply(snapshot, OnUnavailable::Refuse, written) {
                Ok(verdict) => return verdict,
                Err(lost) => known = Some(Ok(Some(lost.winner))),
            }
        }
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Native").field("revision", &self.snapshot.revision.number()).finish_non_exhaustive()
    }
}

/// What it says of itself: the platform's policy.
fn native(verdict: Verdict) -> Outcome {
    Outcome { verdict, by: AnsweredBy { route: PLATFORM, role: Role::Active } }
}

/// What an answer says, which needs no check; none where it names what the scope does not have.
fn checked(snapshot: &Snapshot, question: &Question, answer: &Answer) -> Option<Checked> {
    let (channel, country) = (question.channel, question.destination.country);
    let decision = match answer {
        Answer::Decided(decision) => decision,
        Answer::Refused(refusal) => {
            let refusal = match refusal {
                types::Refusal::NoStrategy => Refusal::NoStrategy,
                types::Refusal::ChannelNotAllowed => Refusal::ChannelNotAllowed(channel),
                types::Refusal::CountryNotAllowed => Refusal::CountryNotAllowed(country),
                types::Refusal::NoEligibleSender | types::Refusal::Own(_) => {
                    Refusal::NoEligibleSender { channel, country }
                }
            };
            return Some(Checked { verdict: Verdict::Refused(refusal), pin: false });
        }
    };
    let scope = snapshot.revision.scope(question.scope)?;
    let sender = scope.members.get(decision.sender as usize)?.sender;
    let strategy = decision.strategy.and_then(|handle| scope.strategies.get(handle as usize)).copied();
    let verdict = Verdict::Decided { sender, strategy, step: step_of(decision.step), unpinned: None };
    Some(Checked { verdict, pin: decision.pin })
}

impl Question {
    fn native_request(&self, snapshot: &Snapshot) -> Request {
        let request = self.request(snapshot);
        Request {
            message: request.message,
            scope: request.scope,
            revision: request.revision,
            channel: request.channel.into(),
            country: request.country,
            area_code: request.area_code,
            recipient: request.recipient,
        }
    }
}

/// The reads of one message.
struct Read<'a> {
    snapshot: &'a Snapshot,
    question: &'a Question,
    entity: Option<&'a str>,
    pin: RefCell<PinRead>,
}

impl Reads for Read<'_> {
    fn strategies_of(&self, scope: u32, country: u16) -> Vec<StrategyFacts> {
        self.snapshot.revision.strategies_of(scope, country)
    }
    fn candidates(&self, pool: Pool) -> Vec<Candidate> {
        self.snapshot.revision.pool(&pool).map_or_else(Vec::new, |view| view.pool.candidates().to_vec())
    }
    fn count(&self, pool: Pool, group: Group) -> u32 {
        self.snapshot.revision.pool(&pool).map_or(0, |view| view.pool.count(&group))
    }
    fn contains(&self, pool: Pool, sender: u32) -> bool {
        self.snapshot.revision.pool(&pool).is_some_and(|view| view.pool.contains(sender))
    }
    fn spread(&self, pool: Pool, group: Group, recipient: u64) -> Option<u32> {
        self.snapshot.revision.pool(&pool)?.spread(&group, recipient)
    }
    fn default_senders(&self, scope: u32, channel: types::Channel, country: u16) -> Vec<DefaultSender> {
        self.snapshot.revision.default_senders(scope, channel_of(channel), country)
    }
    fn all_considered(&self, pool: senders::Pool) -> Vec<Considered> {
        self.snapshot.revision.all_considered(&pool)
    }
    fn pin_of(&self, _message: u32) -> sticky::Pin {
        let Question { scope, channel, destination, .. } = *self.question;
        let revision = &self.snapshot.revision;
        let mut pin = self.pin.borrow_mut();
        let read = pin.get_or_insert_with(|| match revision.pin_key(scope, self.entity, channel, destination.number) {
            Some(key) => self.snapshot.sticky.get(&key),
            None => Ok(None),
        });
        revision.pin_in_scope(scope, read.as_ref().ok().copied().flatten())
    }
}

fn step_of(step: types::Step) -> Step {
    match step {
        types::Step::Sticky => Step::Sticky,
        types::Step::AreaCode => Step::AreaCode,
        types::Step::Overlay => Step::Overlay,
        types::Step::Region => Step::Region,
        types::Step::Pool => Step::Pool,
        types::Step::DefaultSender => Step::DefaultSender,
    }
}
