//! Compares two types of senders. A fixed share of the recipients, always the same ones, gets short codes if there are any;
//! the others get long numbers. Everything else is as the standard policy decides it: strategies, sticky senders, area
//! codes, default senders.
#![forbid(unsafe_code)]

use callsign_policy::exports::explain::Trace;
use callsign_policy::reads::{OverrideReads, Reads};
use callsign_policy::strategies::{Priorities, StrategyFacts};
use callsign_policy::types::{Answer, Country, Scope};
use callsign_policy::{Call, Policy};
use callsign_standard::Standard;
use serde::Deserialize;

/// The settings.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// How many of 1,000 recipients get short codes.
    pub per_mille: u64,
    /// The name of the experiment. Another name selects other recipients.
    #[serde(default)]
    pub experiment: String,
}

/// The two sides of the experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    ShortCode,
    LongNumber,
}

/// The policy. Each side has a standard policy of its own, because what that caches differs between the sides.
#[derive(Debug)]
pub struct AbSplit {
    per_mille: u64,
    experiment: u64,
    short_code: Standard,
    long_number: Standard,
}

impl AbSplit {
    /// The side of a recipient. It is independent of the spread over senders and of other experiments.
    fn side(&self, recipient: u64) -> Side {
        let mut hash = (recipient ^ self.experiment).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 32;
        hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
        hash ^= hash >> 32;
        let share = (u128::from(hash) * 1000) >> 64;
        if share < u128::from(self.per_mille) { Side::ShortCode } else { Side::LongNumber }
    }
}

impl Policy for AbSplit {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, String> {
        if settings.per_mille > 1000 {
            return Err(format!("perMille is {}: give 0 to 1000", settings.per_mille));
        }
        let fold = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Ok(Self {
            per_mille: settings.per_mille,
            experiment: settings.experiment.bytes().fold(0xcbf2_9ce4_8422_2325, fold),
            short_code: Standard::default(),
            long_number: Standard::default(),
        })
    }

    fn resolve<R: Reads>(&mut self, call: &Call<'_, R>) -> Answer {
        let side = self.side(call.request.recipient);
        let standard = match side {
            Side::ShortCode => &mut self.short_code,
            Side::LongNumber => &mut self.long_number,
        };
        standard.resolve(&call.with_reads(&Preferring { side, reads: call.reads }))
    }

    fn explain<R: Reads>(&mut self, call: &Call<'_, R>) -> Trace {
        let side = self.side(call.request.recipient);
        // An explanation does not use the cache, so either side's will do.
        self.long_number.explain(&call.with_reads(&Preferring { side, reads: call.reads }))
    }
}

/// Reads that put the type of one side before all others in every strategy.
struct Preferring<'a, R> {
    side: Side,
    reads: &'a R,
}

impl<R: Reads> OverrideReads for Preferring<'_, R> {
    type Inner = R;

    fn inner(&self) -> &R {
        self.reads
    }

    fn strategies_of(&self, scope: Scope, country: Country) -> Vec<StrategyFacts> {
        let mut strategies = self.reads.strategies_of(scope, country);
        for strategy in &mut strategies {
            strategy.priorities = prefer(self.side, strategy.priorities);
        }
        strategies
    }
}

/// Puts one type first and keeps the order of the others.
fn prefer(side: Side, priorities: Priorities) -> Priorities {
    let after = |priority: u8| if priority == 0 { 0 } else { priority + 1 };
    let mut priorities = Priorities {
        alphanumeric: after(priorities.alphanumeric),
        virtual_long_number: after(priorities.virtual_long_number),
        short_code: after(priorities.short_code),
        toll_free_number: after(priorities.toll_free_number),
    };
    match side {
        Side::ShortCode => priorities.short_code = 1,
        Side::LongNumber => priorities.virtual_long_number = 1,
    }
    priorities
}

callsign_policy::policy!(AbSplit);

#[cfg(test)]
mod tests {
    use callsign_policy::testing::{Sample, answer, recipients, request};
    use callsign_policy::types::{Refusal, Sender, SenderType};

    use super::*;

    fn policy(per_mille: u64, experiment: &str) -> AbSplit {
        AbSplit::new(Settings { per_mille, experiment: experiment.into() }).expect("a share")
    }

    /// A long number, a short code and a name, which the strategy would rather use.
    fn sample() -> Sample {
        Sample::new()
            .sender("L", SenderType::VirtualLongNumber, 415)
            .sender("C", SenderType::ShortCode, 0)
            .sender("A", SenderType::Alphanumeric, 0)
            .strategy(|strategy| strategy.priorities.alphanumeric = 1)
    }

    fn sender(answer: Answer) -> Sender {
        match answer {
            Answer::Decided(decision) => decision.sender,
            Answer::Refused(refusal) => panic!("{refusal:?}"),
        }
    }

    #[test]
    fn the_share_of_the_recipients_gets_short_codes_and_the_rest_long_numbers() {
        let (mut policy, sample) = (policy(250, ""), sample());
        let short =
            recipients(10_000).filter(|&recipient| match sender(answer(&mut policy, &sample, &request(recipient))) {
                0 => false,
                1 => true,
                other => panic!("sender {other}"),
            });
        let short = short.count();
        assert!((2_350..2_650).contains(&short), "{short} of 10000");
    }

    #[test]
    fn none_and_all_are_shares_too() {
        for (per_mille, expected) in [(0, 0), (1000, 1)] {
            let (mut policy, sample) = (policy(per_mille, ""), sample());
            for recipient in recipients(1_000) {
                assert_eq!(sender(answer(&mut policy, &sample, &request(recipient))), expected);
            }
        }
    }

    #[test]
    fn another_experiment_has_other_recipients() {
        let (first, second) = (policy(500, "spring"), policy(500, "autumn"));
        let both =
            recipients(10_000).filter(|&r| first.side(r) == Side::ShortCode && second.side(r) == Side::ShortCode);
        assert!((2_300..2_700).contains(&both.count()));
    }

    #[test]
    fn where_a_side_has_no_sender_the_others_serve_in_the_order_of_the_strategy() {
        let sample = Sample::new()
            .sender("T", SenderType::TollFreeNumber, 0)
            .sender("A", SenderType::Alphanumeric, 0)
            .strategy(|strategy| strategy.priorities.alphanumeric = 1);
        assert_eq!(sender(answer(&mut policy(1000, ""), &sample, &request(7))), 1);
        assert_eq!(answer(&mut policy(0, ""), &Sample::new(), &request(7)), Answer::Refused(Refusal::NoStrategy));
    }

    #[test]
    fn a_pin_counts_more_than_the_experiment() {
        let sample = sample().strategy(|strategy| {
            strategy.sticky = true;
            strategy.countries = callsign_policy::strategies::CountryMatch::Listed;
        });
        assert_eq!(sender(answer(&mut policy(1000, ""), &sample.pinned(2), &request(7))), 2);
    }

    #[test]
    fn a_share_is_at_most_all() {
        assert!(AbSplit::new(Settings { per_mille: 1001, experiment: String::new() }).is_err());
    }
}
