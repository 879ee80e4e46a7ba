//! The standard policy without its sandbox: what the benchmarks measure the sandbox against, and what the tests compare
//! it with.

use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::sync::Arc;

use callsign_engine::PinRead;
use callsign_index::{CurrentSignals, PoolHealth, PoolView};
use callsign_policy::reads::Reads;
use callsign_policy::senders::{Candidate, Considered, DefaultSender, Group, Near, Pool};
use callsign_policy::signals::UnhealthySender;
use callsign_policy::sticky;
use callsign_policy::strategies::StrategyFacts;
use callsign_policy::types::{Answer, AreaCode, Request};
use callsign_policy::words::reason;
use callsign_standard::plan_cache::PlanCache;

use crate::bindings::OnUnavailable;
use crate::decision::{self, DecisionRef, Outcome, Verdict};
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
            Ok(query) => native(self.decide(&query.question, message.entity)),
            Err(outcome) => outcome,
        };
        DecisionRef { snapshot: &self.snapshot, outcome: &self.outcome, by_channel: None }
    }

    fn decide(&mut self, question: &Question, entity: Option<&str>) -> Verdict {
        let request = question.native_request();
        let snapshot = &self.snapshot;
        let mut known = None;
        loop {
            let (pin, signals) = (RefCell::new(known.take()), OnceCell::new());
            let reads = Read { snapshot, question, entity, recipient: request.recipient, pin, signals };
            let answer = self.plans.resolve(&request, &reads);
            let Some(Checked { mut verdict, pin }) = checked(snapshot, question, &answer) else {
                return Verdict::Refused(Refusal::NoStrategy);
            };
            let read = reads.pin.into_inner();
            let seen = decision::Reads::NOTHING.pin(&read);
            let wanted = settle(snapshot, OnUnavailable::Refuse, question, entity, (&mut verdict, pin), read);
            let pending = match Settled::of(verdict, seen, wanted) {
                Settled::Done(verdict, _) => return verdict,
                Settled::NeedsPin(pending) => pending,
            };
            let written = match pending.write(snapshot, question, entity) {
                Some(write) => snapshot.sticky.write_one(&write),
                None => Ok(None),
            };
            match pending.on_store_reply(snapshot, OnUnavailable::Refuse, written) {
                Ok((verdict, _)) => return verdict,
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
    Outcome::new(verdict, AnsweredBy { route: PLATFORM, role: Role::Active })
}

/// What an answer says, which needs no check; none where it names what the scope does not have.
fn checked(snapshot: &Snapshot, question: &Question, answer: &Answer) -> Option<Checked> {
    let (channel, country) = (question.channel, question.destination.country);
    let decision = match answer {
        Answer::Decided(decision) => decision,
        Answer::Refused(refusal) => {
            let refusal = match refusal.reason {
                reason::NO_STRATEGY => Refusal::NoStrategy,
                reason::CHANNEL_NOT_ALLOWED => Refusal::ChannelNotAllowed(channel),
                reason::COUNTRY_NOT_ALLOWED => Refusal::CountryNotAllowed(country),
                _ => Refusal::NoEligibleSender { channel, country },
            };
            return Some(Checked { verdict: Verdict::Refused(refusal), pin: false });
        }
    };
    let scope = snapshot.revision.scope(question.request.scope)?;
    let sender = scope.members.get(decision.sender as usize)?.sender;
    let strategy = decision.strategy.and_then(|handle| scope.strategies.get(handle as usize)).copied();
    let verdict = Verdict::Decided { sender, strategy, step: Step::of(decision.step)?, unpinned: None };
    Some(Checked { verdict, pin: decision.pin })
}

impl Question {
    fn native_request(&self) -> Request {
        let request = self.request;
        Request {
            message: request.message,
            scope: request.scope,
            revision: request.revision,
            recipient: request.recipient,
            message_type: request.message_type,
            marks: request.marks,
            country: request.country,
            area_code: request.area_code,
            channel: request.channel,
        }
    }
}

/// The reads of one message.
struct Read<'a> {
    snapshot: &'a Snapshot,
    question: &'a Question,
    entity: Option<&'a str>,
    recipient: u64,
    pin: RefCell<PinRead>,
    /// Those of one moment, once they were read.
    signals: OnceCell<CurrentSignals>,
}

impl Read<'_> {
    fn signals(&self) -> &CurrentSignals {
        self.signals.get_or_init(|| self.snapshot.signals.current())
    }

    fn pool(&self, pool: &Pool) -> Option<Arc<PoolView>> {
        self.snapshot.revision.pool(pool, pool.healthy.then(|| &**self.signals()))
    }

    fn health(&self, pool: &Pool) -> Option<Arc<PoolHealth>> {
        let all = Pool { healthy: false, ..*pool };
        self.snapshot.revision.pool_health(&all, &*self.pool(&all)?, self.signals())
    }
}

impl Reads for Read<'_> {
    fn strategies_of(&self, scope: u32, country: u16) -> Vec<StrategyFacts> {
        self.snapshot.revision.strategies_of(scope, country)
    }
    fn candidates(&self, pool: Pool) -> Vec<Candidate> {
        self.pool(&pool).map_or_else(Vec::new, |view| view.pool.candidates().to_vec())
    }
    fn count(&self, pool: Pool, group: Group) -> u32 {
        let codes = self.snapshot.revision.near_codes(group.near, group.area_code);
        self.pool(&pool).map_or(0, |view| view.count(&group, codes))
    }
    fn contains(&self, pool: Pool, sender: u32) -> bool {
        self.pool(&pool).is_some_and(|view| view.pool.contains(sender))
    }
    fn candidate_of(&self, pool: Pool, sender: u32) -> Option<Candidate> {
        self.snapshot.revision.candidate_of(&pool, &*self.pool(&pool)?, sender)
    }
    fn spread(&self, pool: Pool, group: Group, recipient: u64) -> Option<u32> {
        let codes = self.snapshot.revision.near_codes(group.near, group.area_code);
        self.pool(&pool)?.spread(&group, codes, recipient)
    }
    fn spread_of(&self, message: u32, pool: Pool, group: Group) -> Option<u32> {
        let codes = self.snapshot.revision.near_codes(group.near, group.area_code);
        let view = self.pool(&pool)?;
        match &*self.itself(message) {
            [] => view.spread(&group, codes, self.recipient),
            itself => view.spread_without(&group, codes, self.recipient, itself),
        }
    }
    fn itself(&self, _message: u32) -> Vec<u32> {
        let revision = &self.snapshot.revision;
        let scope = revision.scope(self.question.request.scope);
        scope.map_or_else(Vec::new, |scope| revision.itself(scope, self.question.destination.number))
    }
    fn near_codes(&self, near: Near, area_code: AreaCode) -> Vec<AreaCode> {
        self.snapshot.revision.near_codes(near, area_code).unwrap_or_default().to_vec()
    }
    fn default_senders(&self, pool: Pool) -> Vec<DefaultSender> {
        self.snapshot.revision.default_senders(&pool)
    }
    fn all_considered(&self, pool: Pool) -> Vec<Considered> {
        self.snapshot.revision.all_considered(&pool)
    }
    fn health_of(&self, pool: Pool) -> u64 {
        self.health(&pool).map_or(0, |health| health.number)
    }
    fn unhealthy(&self, pool: Pool) -> Vec<UnhealthySender> {
        let sender = |&(sender, since): &(u32, u64)| UnhealthySender { sender, since };
        self.health(&pool).map_or_else(Vec::new, |health| health.unhealthy.iter().map(sender).collect())
    }
    fn pin_of(&self, _message: u32) -> sticky::Pin {
        let Question { request, channel, destination, .. } = *self.question;
        let scope = request.scope;
        let revision = &self.snapshot.revision;
        let mut pin = self.pin.borrow_mut();
        let read = pin.get_or_insert_with(|| match revision.pin_key(scope, self.entity, channel, destination.number) {
            Some(key) => self.snapshot.sticky.get(&key),
            None => Ok(None),
        });
        revision.pin_in_scope(scope, read.as_ref().ok().copied().flatten())
    }
}
