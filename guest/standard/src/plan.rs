//! What a decision needs and its recipient does not change: steps 3, 4 and 6 of one (scope, channel, country).

use callsign_policy::exports::explain::StrategyVerdict;
use callsign_policy::pool::{Pool, SENDER_TYPES, only};
use callsign_policy::reads::Reads;
use callsign_policy::senders::{DefaultSender, Group, Pool as PoolName, SenderTypes};
use callsign_policy::strategies::{Priorities, StrategyFacts};
use callsign_policy::types::{Level, Refusal, Request, SenderType};

use crate::candidates::{Candidates, HostView, OwnView};
use crate::strategy;

/// A larger pool is read when it was asked for once for every so many senders: then reading it has paid for itself.
const SENDERS_A_QUESTION: u32 = 64;

/// A pool of more senders than this stays with the host. In the policy's memory a sender takes up to 350 bytes: 16 for
/// itself and about 80 for each part of the pool that it is laid out in.
pub const MOST_HELD: u32 = 120_000;

/// The part of a decision that is the same for all recipients.
#[derive(Debug)]
pub struct Plan {
    /// Step 3.
    pub ruling: Result<Rule, Refusal>,
}

/// What a strategy comes to for one channel and country.
#[derive(Debug)]
pub struct Rule {
    /// The strategy.
    pub strategy: StrategyFacts,
    /// Its candidates.
    pub pool: PoolName,
    /// Steps 4 and 6: the types left.
    pub stock: Stock,
    /// How the candidates are looked at.
    pub held: Held,
}

/// What there is to send from.
#[derive(Debug)]
pub enum Stock {
    /// No candidate: the default sender that can carry the message, if there is one.
    Default(Option<DefaultSender>),
    /// Step 6: the candidates of the best priority that any has.
    Best(SenderTypes),
}

/// Where the candidates are.
#[derive(Debug)]
pub enum Held {
    /// With the host: how many there are, and how often they were asked for.
    Host {
        /// The number of candidates.
        count: u32,
        /// The decisions so far.
        asked: u32,
    },
    /// In the policy's memory.
    Own(OwnView),
}

impl Plan {
    /// Works out steps 3, 4 and 6; `note` is told what became of each strategy.
    pub fn new<R: Reads>(request: &Request, reads: &R, note: &mut impl FnMut(&StrategyFacts, StrategyVerdict)) -> Self {
        let strategies = reads.strategies_of(request.scope, request.country);
        let ruling =
            strategy::choose(&strategies, request.channel, note).map(|strategy| Rule::new(request, *strategy, reads));
        Self { ruling }
    }

    /// How much memory it may come to take, in senders, for a bound on all plans together. It never changes.
    pub fn weight(&self) -> usize {
        const NO_SENDERS: usize = 16;
        let senders = match &self.ruling {
            Ok(Rule { held: Held::Own(own), .. }) => own.pool.candidates().len(),
            Ok(Rule { held: Held::Host { count, .. }, .. }) if *count <= MOST_HELD => *count as usize,
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
        let held = if count <= reads.read_at_once() {
            Held::Own(OwnView::new(Pool::new(if count == 0 { Vec::new() } else { reads.candidates(pool) })))
        } else {
            Held::Host { count, asked: 0 }
        };
        let stock = if count == 0 {
            Stock::Default(default_sender(&reads.default_senders(request.scope, request.channel, request.country)))
        } else {
            Stock::Best(match &held {
                Held::Own(own) => best_types(&strategy.priorities, &own.pool),
                Held::Host { .. } => best_types(&strategy.priorities, &HostView { reads, pool }),
            })
        };
        Self { strategy, pool, stock, held }
    }

    /// Reads the pool into the policy's memory once it was asked for often enough.
    #[inline]
    pub(crate) fn hold<R: Reads>(&mut self, reads: &R) {
        if let Held::Host { .. } = &self.held {
            self.count_up(reads);
        }
    }

    #[cold]
    fn count_up<R: Reads>(&mut self, reads: &R) {
        if let Held::Host { count, asked } = &mut self.held {
            *asked += 1;
            if *asked > *count / SENDERS_A_QUESTION && *count <= MOST_HELD {
                self.held = Held::Own(OwnView::new(Pool::new(reads.candidates(self.pool))));
            }
        }
    }
}

/// The default sender of the entity, else of the application, if it is active and covers the channel and the country.
/// One that is not usable does not give way to the other: it is the entity's choice.
fn default_sender(defaults: &[DefaultSender]) -> Option<DefaultSender> {
    let own = defaults.iter().find(|default| default.level == Level::Entity);
    own.or(defaults.first()).filter(|default| default.usable).copied()
}

/// Step 6: the types of the best priority number that any candidate has. Types that the strategy does not name come
/// after all that it names, together.
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
        // The last tier is what is left: it need not be counted.
        if wanted == ranks[3] || candidates.count(Group::of(types)) > 0 {
            return types;
        }
    }
    SenderTypes::all()
}
