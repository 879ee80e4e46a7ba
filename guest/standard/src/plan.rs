//! The part of a decision that does not depend on the recipient: steps 3, 4 and 6 for one (scope, channel, country,
//! message type), and for what the rules of a policy read of a message.

use callsign_policy::exports::explain::StrategyVerdict;
use callsign_policy::pool::Pool;
use callsign_policy::reads::Reads;
use callsign_policy::senders::{Candidate, Group, Pool as PoolName, SenderTypes};
use callsign_policy::strategies::{Priorities, StrategyFacts};
use callsign_policy::types::{Refusal, Request, Sender, SenderType};
use callsign_policy::words::sender_type;

use crate::candidates::{Candidates, DefaultSenders, HostPool, LocalPool, OwnPool, load};
use crate::rules::{Columns, DefaultFacts, Rules, ScopeView, Selection};
use crate::strategy;

/// A pool is copied into the policy's memory after one decision per this many of its senders: then the copy pays for
/// itself. One query costs the host as much as reading 64 senders.
const SENDERS_PER_QUERY: u32 = 64;

/// Larger pools stay with the host, in senders of weight 1: a heavier sender counts as its weight. In the policy's memory
/// one takes up to 350 bytes: 24 for itself and up to 80 for each part of the pool that it is laid out in. Pools that the
/// rules of a policy select from are always copied.
pub const MAX_LOCAL_LOAD: usize = 120_000;

/// What is asked: a request with its rules.
#[derive(Debug)]
pub struct Ask<'a, R, L: Rules> {
    /// The request.
    pub request: &'a Request,
    /// What the policy reads.
    pub reads: &'a R,
    /// The rules of the policy.
    pub rules: &'a L,
    /// What of the message the rules select by.
    pub key: &'a L::Key,
    /// The largest pool that is copied before its first decision.
    pub copy_up_to: u32,
}

/// Steps 3, 4 and 6, worked out once for all recipients.
#[derive(Debug)]
pub struct Plan {
    /// Step 3: the strategy and its candidates, or the refusal.
    pub rule: Result<Rule, Refusal>,
    /// How often senders were copied or laid out: then [`Plan::memory`] is another.
    pub changes: u32,
}

/// A strategy, applied to one channel, country and message type.
#[derive(Debug)]
pub struct Rule {
    /// The strategy.
    pub strategy: StrategyFacts,
    /// Its candidates.
    pub pool: PoolName,
    /// The recipient itself, which no plan that is kept leaves out.
    pub without: Vec<Candidate>,
    /// Steps 4 and 6: what to send from.
    pub send_from: SendFrom,
    /// Where the candidates are.
    pub access: PoolAccess,
    /// The same without the unhealthy senders, for the health that it was last asked for.
    pub healthy: Option<Box<Healthy>>,
}

/// The healthy senders of a rule.
#[derive(Debug)]
pub struct Healthy {
    /// The host's number for which senders are unhealthy.
    pub health: u64,
    /// The rule for the others.
    pub rule: Rule,
}

/// What to send from.
#[derive(Debug, Clone, Copy)]
pub enum SendFrom {
    /// No candidate: the default senders that can carry the message.
    DefaultSenders(DefaultSenders),
    /// No candidate before the rules selected: the default senders that they leave are found for each message. Entities
    /// that have nothing of their own share a scope, so what rules say of one of them does not hold for the others.
    EachMessage,
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
        /// The number of decisions so far; none if the pool is never copied.
        decisions: Option<u32>,
    },
    /// In the policy's memory.
    Local(LocalPool),
}

/// Which of the senders of a pool a rule is for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Variant<'a> {
    /// Only those that are not unhealthy.
    pub healthy: bool,
    /// Without these, which are the recipient.
    pub without: &'a [Sender],
}

impl Plan {
    /// Works out steps 3, 4 and 6. `note` gets the verdict on each strategy.
    pub fn new<R: Reads, L: Rules>(
        ask: &Ask<'_, R, L>,
        note: &mut impl FnMut(&StrategyFacts, StrategyVerdict),
    ) -> Self {
        let strategies = ask.reads.strategies_of(ask.request.scope, ask.request.country);
        let rule = strategy::choose(&strategies, ask.request.channel, note);
        Self { rule: rule.map(|strategy| Rule::new(ask, *strategy, Variant::default())), changes: 0 }
    }

    /// How many bytes of memory the plan takes: what a cache counts.
    pub fn memory(&self) -> usize {
        let of = |rule: &Rule| match &rule.access {
            PoolAccess::Local(own) => own.memory(),
            PoolAccess::Host { .. } => 0,
        };
        let rule = self.rule.as_ref().ok();
        let healthy = rule.and_then(|rule| rule.healthy.as_ref());
        let healthy = healthy.map_or(0, |healthy| size_of::<Healthy>() + of(&healthy.rule));
        size_of::<Self>() + rule.map_or(0, of) + healthy
    }
}

impl Rule {
    /// Works out steps 4 and 6.
    pub fn new<R: Reads, L: Rules>(ask: &Ask<'_, R, L>, strategy: StrategyFacts, variant: Variant<'_>) -> Self {
        let scope = ScopeView::new(ask.request, ask.reads);
        let mut selection = Selection::default();
        ask.rules.select(ask.key, &scope, &mut selection);
        let pool = PoolName { healthy: variant.healthy, ..ask.request.pool(Some(strategy.strategy)) };
        let reads = ask.reads;
        let mut before_rules = 0;
        let (access, without) = if L::NONE || selection.is_empty() {
            Self::all(ask, pool, variant)
        } else {
            let candidates = reads.candidates(PoolName { healthy: false, ..pool });
            before_rules = candidates.len();
            (PoolAccess::Local(selected(ask, pool, variant, &selection, candidates)), Vec::new())
        };
        let empty = match &access {
            PoolAccess::Host { count, .. } => *count == 0,
            PoolAccess::Local(own) => own.pool.candidates().is_empty(),
        };
        let send_from = if empty && before_rules == 0 && !L::NONE {
            SendFrom::EachMessage
        } else if empty {
            SendFrom::DefaultSenders(default_senders(ask, pool, &selection))
        } else {
            SendFrom::Types(match &access {
                PoolAccess::Local(own) => best_types(strategy.priorities, &OwnPool { reads, pool: &own.pool }),
                PoolAccess::Host { .. } => {
                    best_types(strategy.priorities, &HostPool { reads, pool, without: &without })
                }
            })
        };
        Self { strategy, pool, without, send_from, access, healthy: None }
    }

    /// All candidates: with the host, or copied if they are few.
    fn all<R: Reads, L: Rules>(
        ask: &Ask<'_, R, L>,
        pool: PoolName,
        variant: Variant<'_>,
    ) -> (PoolAccess, Vec<Candidate>) {
        let reads = ask.reads;
        let without = variant.without.iter().filter_map(|&sender| reads.candidate_of(pool, sender));
        let without: Vec<Candidate> = without.collect();
        if !without.is_empty() {
            // For one message only, so nothing is copied.
            let count = HostPool { reads, pool, without: &without }.count(Group::of(sender_type::ALL));
            return (PoolAccess::Host { count, decisions: None }, without);
        }
        let count = reads.count(pool, Group::of(sender_type::ALL));
        let access = match count {
            0 => PoolAccess::Local(LocalPool::default()),
            count if count <= ask.copy_up_to => PoolAccess::Local(LocalPool::new(Pool::new(reads.candidates(pool)))),
            // A host that says 0 wants no copy ever.
            _ => PoolAccess::Host { count, decisions: (ask.copy_up_to > 0).then_some(0) },
        };
        (access, without)
    }

    /// The default senders that can carry a message.
    pub(crate) fn default_senders<R: Reads, L: Rules>(&self, ask: &Ask<'_, R, L>) -> DefaultSenders {
        match self.send_from {
            SendFrom::DefaultSenders(defaults) => defaults,
            SendFrom::EachMessage if !L::NONE => {
                let mut selection = Selection::default();
                ask.rules.select(ask.key, &ScopeView::new(ask.request, ask.reads), &mut selection);
                default_senders(ask, self.pool, &selection)
            }
            _ => DefaultSenders::default(),
        }
    }

    /// Whether there is a candidate.
    pub fn has_candidates(&self) -> bool {
        matches!(self.send_from, SendFrom::Types(_))
    }

    /// Copies the pool into the policy's memory after enough decisions. Whether it did.
    #[cold]
    pub(crate) fn count_decision<R: Reads>(&mut self, reads: &R) -> bool {
        let PoolAccess::Host { count, decisions: Some(decisions) } = &mut self.access else { return false };
        *decisions += 1;
        if *decisions <= *count / SENDERS_PER_QUERY || *count as usize > MAX_LOCAL_LOAD {
            return false;
        }
        let candidates = reads.candidates(self.pool);
        if load(&candidates) > MAX_LOCAL_LOAD {
            self.access = PoolAccess::Host { count: *count, decisions: None };
            return false;
        }
        self.access = PoolAccess::Local(LocalPool::new(Pool::new(candidates)));
        true
    }
}

/// The default senders that can carry messages of a pool, as far as the rules leave them.
fn default_senders<R: Reads, L: Rules>(
    ask: &Ask<'_, R, L>,
    pool: PoolName,
    selection: &Selection<'_>,
) -> DefaultSenders {
    let (scope, reads) = (ask.request.scope, ask.reads);
    DefaultSenders::new(&reads.default_senders(pool), |default| {
        L::NONE || selection.is_empty() || selection.keeps(&DefaultFacts::new(default, scope, reads).facts())
    })
}

/// The senders that the rules of the policy leave, in its memory: no host knows them.
fn selected<R: Reads, L: Rules>(
    ask: &Ask<'_, R, L>,
    pool: PoolName,
    variant: Variant<'_>,
    selection: &Selection<'_>,
    candidates: Vec<Candidate>,
) -> LocalPool {
    let everyone = PoolName { healthy: false, ..pool };
    let columns = Columns::of_pool(ask.reads, everyone);
    let mut unhealthy: Vec<Sender> = match variant.healthy {
        true => ask.reads.unhealthy(everyone).iter().map(|unhealthy| unhealthy.sender).collect(),
        false => Vec::new(),
    };
    unhealthy.sort_unstable();
    let stays = |&(_, candidate): &(usize, Candidate)| {
        sender_type::ALL & sender_type::only(candidate.sender_type) != 0
            && !variant.without.contains(&candidate.sender)
            && unhealthy.binary_search(&candidate.sender).is_err()
    };
    let left = candidates.into_iter().enumerate().filter(stays);
    let left = left.filter(|(index, candidate)| selection.keeps(&columns.facts(*index, *candidate))).collect();
    let (preferred, others) = selection.divide(left, &columns);
    let pool_of = |senders: &[(usize, Candidate)]| Pool::new(senders.iter().map(|&(_, sender)| sender).collect());
    let pool = pool_of(&preferred);
    let all = (!others.is_empty()).then(|| {
        let others = others.into_iter().map(|(sender, _)| sender);
        Box::new(Pool::new(pool.candidates().iter().copied().chain(others).collect()))
    });
    LocalPool::preferring(pool, all)
}

/// Step 6: the types with the best priority that any candidate has. Types that the strategy does not name share the
/// last place.
fn best_types(priorities: Priorities, candidates: &impl Candidates) -> SenderTypes {
    const UNNAMED: u8 = u8::MAX;
    let rank = |sender_type: SenderType| match (priorities >> (8 * sender_type)) as u8 {
        0 => UNNAMED,
        named => named,
    };
    let mut ranks = sender_type::KNOWN.map(rank);
    ranks.sort_unstable();
    let types_of = |wanted: u8| {
        let types = sender_type::KNOWN.into_iter().filter(|&known| rank(known) == wanted);
        types.fold(0, |set, known| set | sender_type::only(known))
    };
    let last = ranks[ranks.len() - 1];
    let mut previous = 0;
    for wanted in ranks {
        if wanted == previous {
            continue;
        }
        previous = wanted;
        let types = types_of(wanted);
        // The last place needs no count: all that is left is in it.
        if wanted == last || candidates.count(Group::of(types)) > 0 {
            return types;
        }
    }
    sender_type::ALL
}
