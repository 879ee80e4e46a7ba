//! What a policy may read, as a trait: the imports of the contract inside the sandbox, and plain data outside, where
//! benches and tests run the same logic natively.

use crate::senders::{Candidate, Considered, DefaultSender, Group, Pool};
use crate::sticky::Pin;
use crate::strategies::StrategyFacts;
use crate::types::{Channel, Country, Message, Scope, Sender};

/// The reads of the contract that decide. Each is the import of the same name in `wit/policy.wit`.
pub trait Reads {
    /// `strategies.strategies-of`.
    fn strategies_of(&self, scope: Scope, country: Country) -> Vec<StrategyFacts>;
    /// `senders.candidates`.
    fn candidates(&self, pool: Pool) -> Vec<Candidate>;
    /// `senders.count`.
    fn count(&self, pool: Pool, group: Group) -> u32;
    /// `senders.contains`.
    fn contains(&self, pool: Pool, sender: Sender) -> bool;
    /// `senders.spread`.
    fn spread(&self, pool: Pool, group: Group, recipient: u64) -> Option<Sender>;
    /// `senders.default-senders`.
    fn default_senders(&self, scope: Scope, channel: Channel, country: Country) -> Vec<DefaultSender>;
    /// `senders.all-considered`.
    fn all_considered(&self, pool: Pool) -> Vec<Considered>;
    /// `sticky.pin-of`.
    fn pin_of(&self, message: Message) -> Pin;
}

/// The imports of the component.
#[derive(Debug, Clone, Copy, Default)]
pub struct Imports;

impl Reads for Imports {
    fn strategies_of(&self, scope: Scope, country: Country) -> Vec<StrategyFacts> {
        crate::strategies::strategies_of(scope, country)
    }
    fn candidates(&self, pool: Pool) -> Vec<Candidate> {
        crate::senders::candidates(pool)
    }
    fn count(&self, pool: Pool, group: Group) -> u32 {
        crate::senders::count(pool, group)
    }
    fn contains(&self, pool: Pool, sender: Sender) -> bool {
        crate::senders::contains(pool, sender)
    }
    fn spread(&self, pool: Pool, group: Group, recipient: u64) -> Option<Sender> {
        crate::senders::spread(pool, group, recipient)
    }
    fn default_senders(&self, scope: Scope, channel: Channel, country: Country) -> Vec<DefaultSender> {
        crate::senders::default_senders(scope, channel, country)
    }
    fn all_considered(&self, pool: Pool) -> Vec<Considered> {
        crate::senders::all_considered(pool)
    }
    fn pin_of(&self, message: Message) -> Pin {
        crate::sticky::pin_of(message)
    }
}
