//! Compares two types of senders. A fixed share of the recipients, always the same ones, gets short codes if there are any;
//! the others get long numbers. Everything else is as the standard policy decides it: strategies, sticky senders, area
//! codes, default senders.
#![forbid(unsafe_code)]

use callsign_policy::words::sender_type::{LONG_NUMBER, SHORT_CODE};
use callsign_standard::StandardWith;
use callsign_standard::rules::{MessageView, Rules, ScopeView, Selection};
use serde::Deserialize;

/// The settings.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// How many of 1,000 recipients get short codes.
    pub per_mille: u16,
    /// The name of the experiment. Another name selects other recipients.
    #[serde(default)]
    pub experiment: String,
}

/// The rules.
#[derive(Debug)]
pub struct AbSplit {
    settings: Settings,
}

impl Rules for AbSplit {
    type Settings = Settings;
    /// Whether the recipient is on the side that gets short codes.
    type Key = bool;

    fn new(settings: Settings) -> Result<Self, String> {
        match settings.per_mille {
            0..=1000 => Ok(Self { settings }),
            share => Err(format!("perMille is {share}: give 0 to 1000")),
        }
    }

    fn key(&self, message: &MessageView<'_>) -> bool {
        message.part_of_thousand(&self.settings.experiment) < self.settings.per_mille
    }

    fn select<'a>(&'a self, short_codes: &'a bool, _: &ScopeView<'_>, senders: &mut Selection<'a>) {
        match short_codes {
            true => senders.prefer("this recipient is to get a short code", |sender| sender.is_a(SHORT_CODE)),
            false => senders.prefer("this recipient is to get a long number", |sender| sender.is_a(LONG_NUMBER)),
        };
    }
}

callsign_policy::policy!(StandardWith<AbSplit>);

#[cfg(test)]
mod tests {
    use callsign_policy::Policy;
    use callsign_policy::testing::{Sample, answer, explain, recipients, request};
    use callsign_policy::types::{Answer, Refusal, Sender};
    use callsign_policy::words::sender_type::{ALPHANUMERIC, TOLL_FREE_NUMBER};
    use callsign_policy::words::{reason, verdict};

    use super::*;

    type Split = StandardWith<AbSplit>;

    fn policy(per_mille: u16, experiment: &str) -> Split {
        Split::new(Settings { per_mille, experiment: experiment.into() }).expect("a share")
    }

    /// A long number, a short code and a name, which the strategy would rather use.
    fn sample() -> Sample {
        Sample::new()
            .sender("L", LONG_NUMBER, 415)
            .sender("C", SHORT_CODE, 0)
            .sender("A", ALPHANUMERIC, 0)
            .strategy(|strategy| strategy.priorities = 1)
    }

    fn sender(answer: Answer) -> Sender {
        match answer {
            Answer::Decided(decision) => decision.sender,
            Answer::Refused(refusal) => panic!("{refusal:?}"),
        }
    }

    /// The recipients that get short codes.
    fn short_codes(policy: &mut Split, sample: &Sample) -> Vec<u64> {
        let short = recipients(10_000).filter(|&recipient| match sender(answer(policy, sample, &request(recipient))) {
            0 => false,
            1 => true,
            other => panic!("sender {other}"),
        });
        short.collect()
    }

    #[test]
    fn the_share_of_the_recipients_gets_short_codes_and_the_rest_long_numbers() {
        let short = short_codes(&mut policy(250, ""), &sample()).len();
        assert!((2_350..2_650).contains(&short), "{short} of 10000");
    }

    #[test]
    fn none_and_all_are_shares_too() {
        for (per_mille, expected) in [(0, 0), (1000, 10_000)] {
            assert_eq!(short_codes(&mut policy(per_mille, ""), &sample()).len(), expected);
        }
    }

    #[test]
    fn another_experiment_has_other_recipients() {
        let first = short_codes(&mut policy(500, "spring"), &sample());
        let second = short_codes(&mut policy(500, "autumn"), &sample());
        let both = first.iter().filter(|recipient| second.contains(recipient)).count();
        assert!((2_300..2_700).contains(&both));
    }

    #[test]
    fn where_a_side_has_no_sender_the_others_serve_in_the_order_of_the_strategy() {
        let sample = Sample::new()
            .sender("T", TOLL_FREE_NUMBER, 0)
            .sender("A", ALPHANUMERIC, 0)
            .strategy(|strategy| strategy.priorities = 1);
        assert_eq!(sender(answer(&mut policy(1000, ""), &sample, &request(7))), 1);
        let refused = Answer::Refused(Refusal::of(reason::NO_STRATEGY));
        assert_eq!(answer(&mut policy(0, ""), &Sample::new(), &request(7)), refused);
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
    fn an_explanation_names_the_side() {
        let trace = explain(&mut policy(1000, ""), &sample(), &request(7));
        assert_eq!(trace.reasons, ["this recipient is to get a short code"]);
        let verdicts: Vec<_> = trace.senders.iter().map(|note| note.verdict).collect();
        assert_eq!(verdicts, [verdict::LESS_PREFERRED, verdict::CHOSEN, verdict::LESS_PREFERRED]);
    }

    #[test]
    fn a_share_is_at_most_all() {
        let fault = Split::new(Settings { per_mille: 1001, experiment: String::new() }).expect_err("too much");
        assert!(fault.contains("1001"), "{fault}");
    }
}
