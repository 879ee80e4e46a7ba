//! The plans of the scopes that the policy has answered for, cached while their revisions last.

use callsign_policy::cache::Cache;
use callsign_policy::reads::Reads;
use callsign_policy::types::{Answer, Request};

use crate::decide::decide;
use crate::plan::{MAX_LOCAL_SENDERS, Plan};

/// The most senders in the plans of one generation of the cache: one pool of the largest size, and a little more. Both
/// generations full take about 85 MB, two thirds of the memory that a policy gets by default.
const MAX_SENDERS_PER_GENERATION: usize = MAX_LOCAL_SENDERS as usize + 1_000;

/// A cache of plans.
#[derive(Debug)]
pub struct PlanCache {
    plans: Cache<Plan>,
}

impl Default for PlanCache {
    fn default() -> Self {
        Self { plans: Cache::up_to_weight(MAX_SENDERS_PER_GENERATION) }
    }
}

impl PlanCache {
    /// Answers a request.
    #[inline]
    pub fn resolve<R: Reads>(&mut self, request: &Request, reads: &R) -> Answer {
        let make = || {
            let plan = Plan::new(request, reads, &mut |_, _| {});
            let weight = plan.weight();
            (plan, weight)
        };
        self.plans.with(request, make, |plan| decide(plan, request, reads, &mut ()))
    }
}
