//! Spreads recipients over senders in proportion to their throughput: one sender may send 100 messages a second, another 3.
//! The standard policy spreads them evenly. Everything else is as the standard policy decides it.
//!
//! A sender of weight 3 is in the spread three times. So a recipient keeps its sender, and a change of one weight moves few
//! recipients.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use callsign_policy::exports::explain::Trace;
use callsign_policy::reads::{OverrideReads, Reads};
use callsign_policy::senders::{Candidate, Pool};
use callsign_policy::types::{Answer, Scope, Sender};
use callsign_policy::{Call, Policy};
use callsign_standard::Standard;
use serde::Deserialize;

/// The settings.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The weights of senders by `senderId`, such as messages a second; 0 leaves a sender out.
    pub weights: BTreeMap<String, u32>,
    /// The weight of every other sender.
    #[serde(default = "one")]
    pub others: u32,
}

fn one() -> u32 {
    1
}

/// The largest weight.
const MAX_WEIGHT: u32 = 1_000;

/// Larger pools are spread evenly: reading the id of a sender takes an import, and by default a call can make 2,000.
const LARGEST_POOL: u32 = 1_500;

/// The most places in the spread for all senders of a pool together; beyond it weights are scaled down.
const MAX_PLACES: u64 = 100_000;

/// The policy.
#[derive(Debug)]
pub struct Weighted {
    weights: BTreeMap<String, u32>,
    others: u32,
    standard: Standard,
}

impl Policy for Weighted {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        let Settings { weights, others } = settings;
        let all = weights.iter().map(|(id, &weight)| (&**id, weight)).chain([("others", others)]);
        if let Some((id, weight)) = all.into_iter().find(|&(_, weight)| weight > MAX_WEIGHT) {
            return Err(format!("the weight of {id} is {weight}: give 0 to {MAX_WEIGHT}"));
        }
        Ok(Self { weights, others, standard: Standard::default() })
    }

    fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer {
        let reads = Weighing { weights: &self.weights, others: self.others, reads: call.reads };
        self.standard.resolve(&call.with_reads(&reads))
    }

    fn explain<R: Reads>(&mut self, call: &Call<'_, R>) -> Trace {
        let reads = Weighing { weights: &self.weights, others: self.others, reads: call.reads };
        self.standard.explain(&call.with_reads(&reads))
    }
}

/// Reads that list every sender of a pool as often as its weight says.
struct Weighing<'a, R> {
    weights: &'a BTreeMap<String, u32>,
    others: u32,
    reads: &'a R,
}

impl<R: Reads> Weighing<'_, R> {
    fn weight(&self, scope: Scope, sender: Sender) -> u32 {
        let text = self.reads.describe(scope, sender);
        text.and_then(|text| self.weights.get(&text.id).copied()).unwrap_or(self.others)
    }
}

impl<R: Reads> OverrideReads for Weighing<'_, R> {
    type Inner = R;

    fn inner(&self) -> &R {
        self.reads
    }

    fn candidates(&self, pool: Pool) -> Vec<Candidate> {
        let candidates = self.reads.candidates(pool);
        if candidates.len() as u32 > LARGEST_POOL {
            return candidates;
        }
        let weights: Vec<u64> =
            candidates.iter().map(|candidate| self.weight(pool.scope, candidate.sender).into()).collect();
        let total: u64 = weights.iter().sum();
        // If all weights are 0 the spread is even, as without weights.
        if total == 0 {
            return candidates;
        }
        let scale = |weight: u64| if total <= MAX_PLACES { weight } else { (weight * MAX_PLACES).div_ceil(total) };
        let places = candidates.iter().zip(weights).flat_map(|(candidate, weight)| {
            (0..scale(weight)).map(|place| Candidate { key: key(candidate.key, place), ..*candidate })
        });
        let mut places: Vec<Candidate> = places.collect();
        places.sort_unstable_by_key(|candidate| (candidate.sender_type as u8, candidate.area_code, candidate.key));
        places
    }

    /// Pools that are weighed must be read whole, because the host spreads evenly.
    fn read_at_once(&self) -> u32 {
        LARGEST_POOL
    }
}

/// The key of a place in the spread. The first place has the sender's own key, so that weights of 1 spread as no weights do.
fn key(key: u64, place: u64) -> u64 {
    if place == 0 {
        return key;
    }
    let mut mixed = key.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

callsign_policy::policy!(Weighted);

#[cfg(test)]
mod tests {
    use callsign_policy::testing::{Sample, answer, recipients, request};
    use callsign_policy::types::SenderType;

    use super::*;

    const RECIPIENTS: u64 = 20_000;

    fn policy(weights: &[(&str, u32)], others: u32) -> Weighted {
        let weights = weights.iter().map(|&(id, weight)| (id.to_owned(), weight)).collect();
        Weighted::new(Settings { weights, others }).expect("weights")
    }

    fn sample(senders: usize) -> Sample {
        let sample = Sample::new().strategy(|_| {});
        (1..=senders)
            .fold(sample, |sample, index| sample.sender(&format!("S{index}"), SenderType::VirtualLongNumber, 415))
    }

    fn decided(answer: &Answer) -> Option<Sender> {
        match answer {
            Answer::Decided(decision) => Some(decision.sender),
            Answer::Refused(_) => None,
        }
    }

    fn senders(policy: &mut Weighted, sample: &Sample) -> Vec<Sender> {
        let sender = |recipient| decided(&answer(policy, sample, &request(recipient))).expect("a sender");
        recipients(RECIPIENTS).map(sender).collect()
    }

    /// The share of each sender, in thousandths.
    fn shares(senders: &[Sender], count: usize) -> Vec<usize> {
        (0..count)
            .map(|sender| senders.iter().filter(|&&s| s as usize == sender).count() * 1000 / senders.len())
            .collect()
    }

    #[test]
    fn recipients_are_spread_by_weight() {
        let spread = senders(&mut policy(&[("S1", 60), ("S2", 30)], 10), &sample(3));
        for (share, expected) in shares(&spread, 3).into_iter().zip([600, 300, 100]) {
            assert!(share.abs_diff(expected) <= 20, "{share} and not {expected} in a thousand");
        }
    }

    #[test]
    fn without_weights_the_spread_is_that_of_the_standard_policy() {
        let mut standard = callsign_standard::Standard::default();
        let even: Vec<Answer> =
            recipients(RECIPIENTS).map(|recipient| answer(&mut standard, &sample(5), &request(recipient))).collect();
        let even: Vec<Option<Sender>> = even.iter().map(decided).collect();
        for (weights, others) in [(&[][..], 1), (&[("S1", 1)], 1), (&[("S1", 0)], 0)] {
            let spread = senders(&mut policy(weights, others), &sample(5));
            assert_eq!(spread.into_iter().map(Some).collect::<Vec<_>>(), even, "{weights:?} and {others}");
        }
    }

    #[test]
    fn a_sender_of_weight_0_is_left_out() {
        let spread = senders(&mut policy(&[("S2", 0)], 1), &sample(3));
        assert_eq!(shares(&spread, 3)[1], 0);
    }

    #[test]
    fn a_change_of_one_weight_moves_few_recipients() {
        let before = senders(&mut policy(&[("S1", 4)], 4), &sample(5));
        let after = senders(&mut policy(&[("S1", 5)], 4), &sample(5));
        let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        // The sender gains 5/21 - 1/5 of them, and the spread moves somewhat more.
        assert!(moved * 1000 / before.len() < 100, "{moved} of {}", before.len());
    }

    #[test]
    fn large_pools_are_weighed_and_the_largest_are_not() {
        let weighed = senders(&mut policy(&[("S1", 100)], 1), &sample(300));
        let share = shares(&weighed, 1)[0];
        assert!((230..270).contains(&share), "{share} and not 250 in a thousand");
        let plain = senders(&mut policy(&[("S1", 100)], 1), &sample(LARGEST_POOL as usize + 1));
        assert!(shares(&plain, 1)[0] < 5);
    }

    #[test]
    fn weights_have_a_limit() {
        let settings = |weight| Settings { weights: BTreeMap::from([("S1".to_owned(), weight)]), others: 1 };
        assert!(Weighted::new(settings(1000)).is_ok());
        let error = Weighted::new(settings(1001)).expect_err("too much");
        assert!(error.contains("S1"), "{error}");
    }
}
