//! What a scope, a channel and a country come to: everything that does not depend on the recipient.

use std::ops::Range;

use callsign_policy::Call;
use callsign_policy::pool::Pool;
use callsign_policy::reads::Reads;
use callsign_policy::senders::Candidate;
use callsign_policy::sticky::Pin;
use callsign_policy::strategies::StrategyFacts;
use callsign_policy::types::{Answer, Country, Decision, Refusal, Step};
use callsign_policy::words::{reason, sender_type, step};
use callsign_standard::strategy;

/// The strategy and its candidates, or why there is none.
#[derive(Debug)]
pub(crate) struct Table {
    ruling: Result<Rule, Refusal>,
}

#[derive(Debug)]
struct Rule {
    strategy: StrategyFacts,
    pool: Pool,
    /// For each area code, where its long numbers are in the pool; all candidates for one without. Only the first, for
    /// none, where area codes do not count.
    areas: Vec<Range<u32>>,
}

/// Area codes have three digits.
const AREA_CODES: usize = 1_000;

impl Table {
    pub(crate) fn new<R: Reads>(call: &Call<'_, R>) -> Self {
        let strategies = call.strategies();
        let chosen = strategy::choose(&strategies, call.request.channel, &mut |_, _| {});
        Self { ruling: chosen.and_then(|&strategy| Rule::new(call, strategy)) }
    }

    /// In senders, for the bound on all tables together.
    pub(crate) fn weight(&self) -> usize {
        const NO_SENDERS: usize = 16;
        NO_SENDERS + self.ruling.as_ref().map_or(0, |rule| rule.pool.candidates().len() + rule.areas.len() / 2)
    }

    #[inline]
    pub(crate) fn decide<R: Reads>(&self, call: &Call<'_, R>) -> Answer {
        match &self.ruling {
            Ok(rule) => rule.decide(call),
            Err(refusal) => Answer::Refused(*refusal),
        }
    }
}

impl Rule {
    fn new<R: Reads>(call: &Call<'_, R>, strategy: StrategyFacts) -> Result<Self, Refusal> {
        let pool = call.senders(Some(strategy.strategy)).read();
        let everyone = 0..pool.candidates().len() as u32;
        if everyone.is_empty() {
            return Err(Refusal::of(reason::NO_ELIGIBLE_SENDER));
        }
        let geolocated = strategy.geolocated && is_geolocated(call.request.country);
        let mut areas = vec![everyone.clone(); if geolocated { AREA_CODES } else { 1 }];
        // The order of the pool keeps the long numbers of an area code together.
        let mut start = 0;
        for part in pool.candidates().chunk_by(|a, b| (a.sender_type, a.area_code) == (b.sender_type, b.area_code)) {
            let end = start + part.len() as u32;
            let Candidate { area_code, .. } = part[0];
            if part[0].sender_type == sender_type::LONG_NUMBER
                && area_code != 0
                && let Some(area) = areas.get_mut(usize::from(area_code))
            {
                *area = start..end;
            }
            start = end;
        }
        Ok(Self { strategy, pool, areas })
    }

    #[inline]
    fn decide<R: Reads>(&self, call: &Call<'_, R>) -> Answer {
        if self.strategy.sticky
            && let Pin::Held(sender) = call.pin()
            && self.pool.contains(sender)
        {
            return self.decided(sender, step::STICKY);
        }
        let everyone = &self.areas[0];
        let left = self.areas.get(usize::from(call.request.area_code)).unwrap_or(everyone);
        let high = (call.request.recipient >> 32) as u32;
        let at = left.start + high % (left.end - left.start);
        let made = if left == everyone { step::POOL } else { step::AREA_CODE };
        self.decided(self.pool.candidates()[at as usize].sender, made)
    }

    #[inline]
    fn decided(&self, sender: u32, step: Step) -> Answer {
        // Pins are given: no engine of the comparison writes any.
        Answer::Decided(Decision { sender, strategy: Some(self.strategy.strategy), step, pin: false })
    }
}

fn is_geolocated(country: Country) -> bool {
    const US: Country = u16::from_be_bytes(*b"US");
    const CA: Country = u16::from_be_bytes(*b"CA");
    country == US || country == CA
}
