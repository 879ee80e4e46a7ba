//! The plans of the scopes that the policy has answered for, cached while their revisions last.

use callsign_policy::cache::Cache;
use callsign_policy::reads::Reads;
use callsign_policy::types::{Answer, Request};

use crate::decide::decide;
use crate::plan::{Ask, Plan};
use crate::rules::{NoRules, Rules};

/// The most memory of the plans of one generation of the cache, in bytes: one pool of the largest size. Both generations
/// full take two thirds of the memory that a policy gets by default.
const MAX_MEMORY_PER_GENERATION: usize = 42 << 20;

/// A cache of plans, by what the rules of the policy read of a message.
#[derive(Debug)]
pub struct PlanCache<K = ()> {
    plans: Cache<Plan, K>,
    /// `senders.copy-up-to`, once it was read.
    copy_up_to: Option<u32>,
}

impl<K> Default for PlanCache<K>
where
    K: Clone + Eq + std::hash::Hash,
{
    fn default() -> Self {
        Self { plans: Cache::up_to_weight(MAX_MEMORY_PER_GENERATION), copy_up_to: None }
    }
}

impl PlanCache {
    /// Answers a request by the standard policy.
    #[inline]
    pub fn resolve<R: Reads>(&mut self, request: &Request, reads: &R) -> Answer {
        self.resolve_by(request, reads, &NoRules, ())
    }
}

impl<K: Clone + Eq + std::hash::Hash> PlanCache<K> {
    /// Answers a request by rules.
    #[inline]
    pub fn resolve_by<R, L>(&mut self, request: &Request, reads: &R, rules: &L, key: K) -> Answer
    where
        R: Reads,
        L: Rules<Key = K>,
    {
        let copy_up_to = match self.copy_up_to {
            Some(senders) => senders,
            None => *self.copy_up_to.insert(reads.copy_up_to()),
        };
        let ask = Ask { request, reads, rules, key: &key, copy_up_to };
        let make = || {
            let plan = Plan::new(&ask, &mut |_, _| {});
            let memory = plan.memory();
            (plan, memory)
        };
        let look = |plan: &mut Plan| {
            let changes = plan.changes;
            let answer = decide(plan, &ask, &mut ());
            (answer, (plan.changes != changes).then(|| plan.memory()))
        };
        let (answer, memory) = self.plans.with_key(request, key.clone(), make, look);
        if let Some(memory) = memory {
            self.plans.weigh(request, key, memory);
        }
        answer
    }
}
