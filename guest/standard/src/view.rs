//! The policy's own view: the plans of the scopes it has answered for, kept while their revisions last.

use callsign_policy::reads::Reads;
use callsign_policy::types::{Answer, Request};
use hashbrown::HashMap;

use crate::decide::decide;
use crate::plan::{MOST_HELD, Plan};

/// How many senders the plans of a half may hold together: one pool of the largest size that is held. With both halves
/// full that is about 85 MB, two thirds of the memory that a policy gets by default.
const SENDERS_A_HALF: usize = MOST_HELD as usize + 1_000;

/// The plans, in two halves: when the young half is full the old one is dropped and the young one grows old, so what is
/// in use stays and what is not goes, at no cost to a decision that finds its plan.
#[derive(Debug, Default)]
pub struct View {
    young: HashMap<u64, Plan>,
    old: HashMap<u64, Plan>,
    weight: usize,
}

impl View {
    /// Answers a request.
    #[inline]
    pub fn resolve<R: Reads>(&mut self, request: &Request, reads: &R) -> Answer {
        let key = u64::from(request.scope) << 18 | (request.channel as u64) << 16 | u64::from(request.country);
        if let Some(plan) = self.young.get_mut(&key)
            && plan.revision == request.revision
        {
            return decide(plan, request, reads, &mut ());
        }
        self.renew(key, request, reads)
    }

    #[cold]
    fn renew<R: Reads>(&mut self, key: u64, request: &Request, reads: &R) -> Answer {
        if let Some(stale) = self.young.remove(&key) {
            self.weight -= stale.weight().min(self.weight);
        }
        let mut plan = self
            .old
            .remove(&key)
            .filter(|plan| plan.revision == request.revision)
            .unwrap_or_else(|| Plan::new(request, reads, &mut |_, _| {}));
        let answer = decide(&mut plan, request, reads, &mut ());
        if self.weight + plan.weight() > SENDERS_A_HALF {
            self.old = core::mem::take(&mut self.young);
            self.weight = 0;
        }
        self.weight += plan.weight();
        self.young.insert(key, plan);
        answer
    }
}
