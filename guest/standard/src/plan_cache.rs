//! The policy's own view: the plans of the scopes it has answered for, kept while their revisions last.

use callsign_policy::kept::Kept;
use callsign_policy::reads::Reads;
use callsign_policy::types::{Answer, Request};

use crate::decide::decide;
use crate::plan::{MOST_HELD, Plan};

/// How many senders the plans of a half may hold together: one pool of the largest size that is held. With both halves
/// full that is about 85 MB, two thirds of the memory that a policy gets by default.
const SENDERS_A_HALF: usize = MOST_HELD as usize + 1_000;

/// The plans.
#[derive(Debug)]
pub struct View {
    plans: Kept<Plan>,
}

impl Default for View {
    fn default() -> Self {
        Self { plans: Kept::up_to(SENDERS_A_HALF) }
    }
}

impl View {
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
