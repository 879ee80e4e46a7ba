//! The words of refusals that a policy gave by number. The policy is called for them like for a decision: quickly on the
//! caller's thread, or in the slow lane.

use std::sync::Arc;

use callsign_engine::{CallTime, OwnRefusal, RequestTime};
use hashbrown::HashMap;

use super::call::Answerer;
use crate::decision::{Outcome, Verdict};
use crate::lanes::{SlowLane, Tenant};
use crate::refusal::Refusal;
use crate::snapshot::{AnsweredBy, Snapshot};

/// The most ticks of half a millisecond that the wordings of a request take on the caller's thread.
const QUICK_TICKS: u64 = 2;

/// Words a refusal on the caller's thread. False if that is not quick.
#[cold]
pub(crate) fn word_quickly(own: &OwnRefusal, snapshot: &Snapshot, scope: u32, by: AnsweredBy) -> bool {
    let (tenant, bound) = (snapshot.tenant(scope), Answerer::chosen(snapshot, by).bound);
    if bound.slow.is_slow(tenant) {
        return false;
    }
    let is_worded = own.word_within(CallTime::first(1)).is_ok();
    if !is_worded {
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
                if is_quick && own.word_within(CallTime::first(1)).is_ok() {
                    continue;
                }
                if is_quick || time.spent() - began >= QUICK_TICKS {
                    bound.slow.mark(tenant);
                }
                slow.entry((tenant, by)).or_default().push(Arc::clone(own));
            }
        }
    }
    let mut replies = Vec::with_capacity(slow.len());
    for ((tenant, by), refusals) in slow {
        let has_budget = Answerer::chosen(snapshot, by).bound.has_budget();
        let budget = if has_budget { lane.check_budget(tenant) } else { Ok(()) };
        let work = refusals.clone();
        let submitted = budget.and_then(|()| {
            lane.decide(tenant, refusals.len(), move || work.iter().for_each(|own| own.word_in_time(&time)))
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
