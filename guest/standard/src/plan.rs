//! The part of a decision that does not depend on the recipient: steps 3, 4 and 6 for one (scope, channel, country).

use callsign_policy::exports::explain::StrategyVerdict;
use callsign_policy::pool::{Pool, SENDER_TYPES, only};
use callsign_policy::reads::Reads;
use callsign_policy::senders::{DefaultSender, Group, Pool as PoolName, SenderTypes};
use callsign_policy::strategies::{Priorities, StrategyFacts};
use callsign_policy::types::{Level, Refusal, Request, SenderType};

use crate::candidates::{Candidates, HostPool, LocalPool};
use crate::strategy;

/// A pool is copied into the policy's memory after one decision per this many of its senders: then the copy pays for
/// itself. One query costs the host as much as reading 64 senders.
const SENDERS_PER_QUERY: u32 = 64;

/// Larger pools stay with the host. In the policy's memory a sender takes up to 350 bytes: 16 for itself and about 80
/// for each part of the pool that it is laid out in.
pub const MAX_LOCAL_SENDERS: u32 = 120_000;

/// Steps 3, 4 and 6, worked out once for all recipients.
#[derive(Debug)]
pub struct Plan {
    /// Step 3: the strategy and its candidates, or the refusal.
    pub rule: Result<Rule, Refusal>,
}

/// A strategy, applied to one channel and country.
#[derive(Debug)]
pub struct Rule {
    /// The strategy.
    pub strategy: StrategyFacts,
    /// Its candidates.
    pub pool: PoolName,
    /// Steps 4 and 6: what to send from.
    pub send_from: SendFrom,
    /// Where the candidates are.
    pub access: PoolAccess,
}

/// What to send from.
#[derive(Debug)]
pub enum SendFrom {
    /// No candidate: the default sender that can carry the message, if there is one.
    DefaultSender(Option<DefaultSender>),
    /// The candidates of these types, which have the best priority of all.
    Types(SenderTypes),
}

/// Where the candidates are.
#[derive(Debug)]
pub enum PoolAccess {
    /// With the host.
    Host {
        /// The number of candidates.
        count: u32,
        /// The number of decisions so far.
        decisions: u32,
    },
    /// In the policy's memory.
    Local(LocalPool),
}

impl Plan {
    /// Works out steps 3, 4 and 6. `note` gets the verdict on each strategy.
    pub fn new<R: Reads>(request: &Request, reads: &R, note: &mut impl FnMut(&StrategyFacts, StrategyVerdict)) -> Self {
        let strategies = reads.strategies_of(request.scope, request.country);
        let rule =
            strategy::choose(&strategies, request.channel, note).map(|strategy| Rule::new(request, *strategy, reads));
        Self { rule }
    }

    /// The most memory that the plan can come to use, in senders: what a cache counts. It never changes.
    pub fn weight(&self) -> usize {
        // A plan without senders uses about as much memory as 16 senders.
        const NO_SENDERS: usize = 16;
        let senders = match &self.rule {
            Ok(Rule { access: PoolAccess::Local(own), .. }) => own.pool.candidates().len(),
            Ok(Rule { access: PoolAccess::Host { count, .. }, .. }) if *count <= MAX_LOCAL_SENDERS => *count as usize,
            _ => 0,
        };
        NO_SENDERS + senders
    }
}

impl Rule {
    fn new<R: Reads>(request: &Request, strategy: StrategyFacts, reads: &R) -> Self {
        let pool = PoolName {
            scope: request.scope,
            channel: request.channel,
            country: request.country,
            strategy: Some(strategy.strategy),
        };
        let everyone = Group::of(SenderTypes::all());
        let count = reads.count(pool, everyone);
        let access = if count <= reads.read_at_once() {
            PoolAccess::Local(LocalPool::new(Pool::new(if count == 0 { Vec::new() } else { reads.candidates(pool) })))
        } else {
            PoolAccess::Host { count, decisions: 0 }
        };
        let send_from = if count == 0 {
            SendFrom::DefaultSender(default_sender(&reads.default_senders(
                request.scope,
                request.channel,
                request.country,
            )))
        } else {
            SendFrom::Types(match &access {
                PoolAccess::Local(own) => best_types(&strategy.priorities, &own.pool),
                PoolAccess::Host { .. } => best_types(&strategy.priorities, &HostPool { reads, pool }),
            })
        };
        Self { strategy, pool, send_from, access }
    }

    /// Copies the pool into the policy's memory after enough decisions.
    #[inline]
    pub(crate) fn copy_if_worthwhile<R: Reads>(&mut self, reads: &R) {
        if let PoolAccess::Host { .. } = &self.access {
            self.count_decision(reads);
        }
    }

    #[cold]
    fn count_decision<R: Reads>(&mut self, reads: &R) {
        if let PoolAccess::Host { count, decisions } = &mut self.access {
            *decisions += 1;
            if *decisions > *count / SENDERS_PER_QUERY && *count <= MAX_LOCAL_SENDERS {
                self.access = PoolAccess::Local(LocalPool::new(Pool::new(reads.candidates(self.pool))));
            }
        }
    }
}

/// The default sender of the entity, or else of the application, if it is active and covers the channel and the
/// country. If the entity's is not usable, the application's is not used instead: the entity chose its own.
fn default_sender(defaults: &[DefaultSender]) -> Option<DefaultSender> {
    let own = defaults.iter().find(|default| default.level == Level::Entity);
    own.or(defaults.first()).filter(|default| default.usable).copied()
}

/// Step 6: the types with the best priority that any candidate has. Types that the strategy does not name share the
/// last place.
fn best_types(priorities: &Priorities, candidates: &impl Candidates) -> SenderTypes {
    const UNNAMED: u8 = u8::MAX;
    let priority = |sender_type| match sender_type {
        SenderType::Alphanumeric => priorities.alphanumeric,
        SenderType::VirtualLongNumber => priorities.virtual_long_number,
        SenderType::ShortCode => priorities.short_code,
        SenderType::TollFreeNumber => priorities.toll_free_number,
    };
    let rank = |sender_type| match priority(sender_type) {
        0 => UNNAMED,
        named => named,
    };
    let mut ranks = SENDER_TYPES.map(rank);
    ranks.sort_unstable();
    let types_of = |wanted: u8| {
        SENDER_TYPES.into_iter().filter(|&t| rank(t) == wanted).fold(SenderTypes::empty(), |set, t| set | only(t))
    };
    let mut previous = 0;
    for wanted in ranks {
        if wanted == previous {
            continue;
        }
        previous = wanted;
        let types = types_of(wanted);
        // The last place needs no count: all that is left is in it.
        if wanted == ranks[3] || candidates.count(Group::of(types)) > 0 {
            return types;
        }
    }
    SenderTypes::all()
}
