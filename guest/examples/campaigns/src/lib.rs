//! A message goes out from a sender of its own campaign, as 10DLC demands it, and the cheapest of those comes first.
//! Everything else is as the standard policy decides it.
//!
//! Messages and senders have an attribute `campaign`, senders a `price` as well. A message without a campaign is refused
//! with `NO_CAMPAIGN`. Senders that cost more than the settings allow carry nothing.
#![forbid(unsafe_code)]

use callsign_policy::types::Key;
use callsign_standard::StandardWith;
use callsign_standard::rules::{MessageView, Name, OwnRefusal, Refused, Rules, ScopeView, Selection};
use serde::Deserialize;

/// The settings.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// The most that a message may cost, in the unit of the senders' `price`. Without it there is no limit, and senders
    /// need no price.
    pub max_price: Option<f64>,
}

/// The rules.
#[derive(Debug)]
pub struct Campaigns {
    max_price: Option<f64>,
}

static CAMPAIGN: Name = Name::new("campaign");
static PRICE: Name = Name::new("price");

const NO_CAMPAIGN: OwnRefusal =
    OwnRefusal::new(1, "NO_CAMPAIGN", "the message has no campaign: give it an attribute `campaign`");

impl Rules for Campaigns {
    type Settings = Settings;
    /// The key of the message's campaign.
    type Key = Key;
    const REFUSALS: &'static [OwnRefusal] = &[NO_CAMPAIGN];

    fn new(Settings { max_price }: Settings) -> Result<Self, String> {
        match max_price {
            Some(price) if !(price.is_finite() && price >= 0.0) => {
                Err(format!("maxPrice is {price}: give a price from 0 on"))
            }
            _ => Ok(Self { max_price }),
        }
    }

    fn refuse_before(&self, message: &MessageView<'_>) -> Option<Refused> {
        (message.attribute_key(&CAMPAIGN) == 0).then_some(NO_CAMPAIGN.refused())
    }

    fn key(&self, message: &MessageView<'_>) -> Key {
        message.attribute_key(&CAMPAIGN)
    }

    fn select<'a>(&'a self, campaign: &'a Key, _: &ScopeView<'_>, senders: &mut Selection<'a>) {
        senders.only("not of campaign {campaign}", |sender| sender.attribute_key(&CAMPAIGN) == *campaign);
        if let Some(most) = self.max_price {
            let affordable = move |price| price <= most;
            senders.only(format!("costs more than {most}, or has no price"), move |sender| {
                sender.attribute_number(&PRICE).is_some_and(affordable)
            });
        }
        senders.prefer_least("others are cheaper", |sender| sender.attribute_number(&PRICE));
    }
}

callsign_policy::policy!(StandardWith<Campaigns>);

#[cfg(test)]
mod tests {
    use callsign_policy::Policy;
    use callsign_policy::testing::{Sample, SampleMessage, answer, explain};
    use callsign_policy::types::{Answer, Refusal, Sender};
    use callsign_policy::words::{reason, sender_type::LONG_NUMBER, step, verdict};

    use super::*;

    fn policy(max_price: Option<f64>) -> StandardWith<Campaigns> {
        StandardWith::new(Settings { max_price }).expect("a price")
    }

    /// Senders 0 to 2 of campaign C1 at 3, 1 and 1, sender 3 of C2 at 2, sender 4 of none at 0.
    fn sample() -> Sample {
        let senders = [("C1", "3"), ("C1", "1"), ("C1", "1.0"), ("C2", "2"), ("", "0")];
        (0..).zip(senders).fold(Sample::new().strategy(|_| {}), |sample, (index, (campaign, price))| {
            sample.sender_with(&format!("S{index}"), LONG_NUMBER, 415, |sender| {
                sender.attribute("price", price);
                if !campaign.is_empty() {
                    sender.attribute("campaign", campaign);
                }
            })
        })
    }

    fn message(campaign: &str, number: u32) -> SampleMessage {
        SampleMessage::to(&format!("+1212555{number:04}")).attribute("campaign", campaign)
    }

    fn senders(policy: &mut StandardWith<Campaigns>, campaign: &str) -> Vec<Sender> {
        let sample = (0..100).fold(sample(), |sample, number| sample.message(message(campaign, number)));
        let mut senders: Vec<Sender> = (0..100)
            .map(|number| match answer(policy, &sample, &sample.request_of(number)) {
                Answer::Decided(decision) => decision.sender,
                Answer::Refused(refusal) => panic!("{refusal:?}"),
            })
            .collect();
        senders.sort_unstable();
        senders.dedup();
        senders
    }

    #[test]
    fn the_campaign_of_a_message_must_be_that_of_the_sender_and_the_cheapest_of_those_come_first() {
        assert_eq!(senders(&mut policy(None), "C1"), [1, 2]);
        assert_eq!(senders(&mut policy(None), "C2"), [3]);
    }

    #[test]
    fn campaigns_take_turns_without_getting_the_senders_of_each_other() {
        let mut policy = policy(None);
        let sample = (0..100)
            .fold(sample(), |sample, number| sample.message(message(["C1", "C2"][number as usize % 2], number)));
        for number in 0..100 {
            match answer(&mut policy, &sample, &sample.request_of(number)) {
                Answer::Decided(decision) => assert_eq!(decision.sender == 3, number % 2 == 1),
                Answer::Refused(refusal) => panic!("{refusal:?}"),
            }
        }
    }

    #[test]
    fn no_sender_may_cost_more_than_the_settings_allow() {
        assert_eq!(senders(&mut policy(Some(1.0)), "C1"), [1, 2]);
        let sample = sample().message(message("C2", 1));
        let refused = Answer::Refused(Refusal::of(reason::NO_ELIGIBLE_SENDER));
        assert_eq!(answer(&mut policy(Some(1.5)), &sample, &sample.request_of(0)), refused);
    }

    #[test]
    fn a_message_without_a_campaign_is_refused() {
        let sample = sample().message(SampleMessage::to("+12125550101"));
        assert_eq!(answer(&mut policy(None), &sample, &sample.request_of(0)), Answer::refuse(1, 0));
    }

    #[test]
    fn a_default_sender_is_of_the_campaign_or_carries_nothing() {
        for (default, campaign, expected) in [(3, "C2", Some(3)), (3, "C3", None), (4, "C2", None)] {
            // Nothing but default senders, as no strategy lists a sender.
            let sample = sample().listing(&[]).default_sender(default).message(message(campaign, 1));
            match answer(&mut policy(None), &sample, &sample.request_of(0)) {
                Answer::Decided(decision) => {
                    assert_eq!((Some(decision.sender), decision.step), (expected, step::DEFAULT_SENDER));
                }
                Answer::Refused(refusal) => {
                    assert_eq!((None, refusal.reason), (expected, reason::NO_ELIGIBLE_SENDER));
                }
            }
        }
    }

    #[test]
    fn an_explanation_names_the_campaign() {
        let sample = sample().message(message("C1", 1));
        let trace = explain(&mut policy(Some(5.0)), &sample, &sample.request_of(0));
        let reason = |sender: usize| trace.senders[sender].reason.map(|reason| &*trace.reasons[reason as usize]);
        assert_eq!(reason(0), Some("others are cheaper"));
        assert_eq!(trace.senders[0].verdict, verdict::LESS_PREFERRED);
        for sender in [3, 4] {
            assert_eq!(reason(sender), Some("not of campaign C1"));
            assert_eq!(trace.senders[sender].verdict, verdict::EXCLUDED_BY_POLICY);
        }
    }

    #[test]
    fn a_price_is_a_number_from_0_on() {
        for price in [f64::NAN, -1.0, f64::INFINITY] {
            let fault = StandardWith::<Campaigns>::new(Settings { max_price: Some(price) }).expect_err("no price");
            assert!(fault.contains("maxPrice"), "{fault}");
        }
    }
}
