//! The words of refusals that a policy gave by number. The policy is called for them like for a decision: quickly on the
//! caller's thread, or in the slow lane.

use std::sync::Arc;

use callsign_engine::{CallTime, OwnRefusal, RequestTime};
use cpu_time::ThreadTime;
use hashbrown::HashMap;

use super::call::Answerer;
use super::turn::charged;
use crate::bindings::BoundPolicy;
use crate::decision::{Outcome, Verdict};
use crate::lanes::{SlowLane, Tenant, quick_time};
use crate::refusal::Refusal;
use crate::snapshot::{AnsweredBy, Snapshot};

/// The most ticks of half a millisecond that the wordings of a request take on the caller's thread.
const QUICK_TICKS: u64 = 6;

/// The code of a refusal that its policy did not word.
const UNWORDED: &str = "POLICY_REFUSED";

/// Words a refusal on the caller's thread. False if that is not quick.
#[cold]
pub(crate) fn word_quickly(
    own: &OwnRefusal,
    lane: &SlowLane,
    snapshot: &Snapshot,
    (scope, by): (u32, AnsweredBy),
    time: &RequestTime,
) -> bool {
    let (tenant, bound) = (snapshot.tenant(scope), Answerer::chosen(snapshot, by).bound);
    !bound.slow.is_slow(tenant) && word_here(own, lane, bound, tenant, time)
}

/// Words a refusal on this thread, and notes whether that was quick.
fn word_here(own: &OwnRefusal, lane: &SlowLane, bound: &BoundPolicy, tenant: Tenant, time: &RequestTime) -> bool {
    let before = time.spent();
    let is_worded = own.word_within(CallTime::first(1)).is_ok();
    let ticks = charged(time.spent() - before);
    let is_over = ticks > 0 && lane.sample(tenant, ticks) && bound.has_budget();
    if !is_worded || is_over {
        bound.slow.mark(tenant);
    }
    is_worded
}

/// Words the refusals of a request, each kind once, given with the scopes of their messages. What cannot be worded in
/// time stays without words.
pub(crate) async fn word(
    lane: &Arc<SlowLane>,
    snapshot: &Arc<Snapshot>,
    refused: Vec<(u32, &mut Outcome)>,
    time: RequestTime,
) {
    let mut slow: HashMap<(Tenant, AnsweredBy), Vec<Arc<OwnRefusal>>> = HashMap::new();
    let mut seen: HashMap<(usize, u32, u64), Arc<OwnRefusal>> = HashMap::new();
    let began = time.spent();
    for (scope, outcome) in refused {
        let by = outcome.by;
        let Verdict::Refused(Refusal::Own(own)) = &mut outcome.verdict else { continue };
        match seen.get(&own.key()) {
            Some(same) => *own = Arc::clone(same),
            None => {
                seen.insert(own.key(), Arc::clone(own));
                let tenant = snapshot.tenant(scope);
                let bound = Answerer::chosen(snapshot, by).bound;
                let is_quick = lane.tries_quick() && time.spent() - began < QUICK_TICKS && !bound.slow.is_slow(tenant);
                if is_quick && word_here(own, lane, bound, tenant, &time) {
                    continue;
                }
                slow.entry((tenant, by)).or_default().push(Arc::clone(own));
            }
        }
    }
    let mut replies = Vec::with_capacity(slow.len());
    for ((tenant, by), refusals) in slow {
        let budget = Answerer::chosen(snapshot, by).bound.check_budget(lane, tenant);
        let (work, bound) = (refusals.clone(), Arc::clone(Answerer::chosen(snapshot, by).bound));
        let submitted = budget.and_then(|()| {
            lane.decide(tenant, refusals.len(), move || {
                let began = ThreadTime::now();
                work.iter().for_each(|own| own.word_in_time(&time));
                // A wording is a call of its own: it takes as long as several messages of a batch.
                let is_quick = began.elapsed() < quick_time(work.len() * 4);
                if !is_quick || work.iter().all(|own| own.code() != UNWORDED) {
                    bound.slow.ran(tenant, is_quick);
                }
            })
        });
        replies.push((refusals, submitted));
    }
    for (refusals, reply) in replies {
        let worded = match reply {
            Ok(reply) => reply.wait().await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = worded {
            refusals.iter().for_each(|own| own.leave_unworded(failure.clone()));
        }
    }
}
