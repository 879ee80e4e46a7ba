//! Three rules of a house, ten lines: for entity X only senders whose number ends in 00; nothing to numbers of area code
//! 900; toll-free senders for recipients whose number is even. Everything else is as the standard policy decides it.
#![forbid(unsafe_code)]

use callsign_policy::NoSettings;
use callsign_policy::words::sender_type::TOLL_FREE_NUMBER;
use callsign_standard::StandardWith;
use callsign_standard::rules::{MessageView, OwnRefusal, Refused, Rules, ScopeView, Selection};

/// The rules.
#[derive(Debug)]
pub struct HouseRules;

const PREMIUM: OwnRefusal = OwnRefusal::new(1, "PREMIUM", "numbers of area code 900 get no messages");

impl Rules for HouseRules {
    type Settings = NoSettings;
    /// Whether the recipient's number is even.
    type Key = bool;
    const REFUSALS: &'static [OwnRefusal] = &[PREMIUM];

    fn new(_: NoSettings) -> Result<Self, String> {
        Ok(Self)
    }

    fn refuse_before(&self, message: &MessageView<'_>) -> Option<Refused> {
        (message.area_code() == 900).then_some(PREMIUM.refused())
    }

    fn key(&self, message: &MessageView<'_>) -> bool {
        message.number().ends_with(['0', '2', '4', '6', '8'])
    }

    fn select<'a>(&'a self, even: &'a bool, scope: &ScopeView<'_>, senders: &mut Selection<'a>) {
        if scope.entity_id().as_deref() == Some("X") {
            senders.only("its number does not end in 00", |sender| sender.address().ends_with("00"));
        }
        if *even {
            senders.prefer("even recipients get toll-free numbers", |sender| sender.is_a(TOLL_FREE_NUMBER));
        }
    }
}

callsign_policy::policy!(StandardWith<HouseRules>);

#[cfg(test)]
mod tests {
    use callsign_policy::Policy;
    use callsign_policy::testing::{Sample, SampleMessage, answer, explain};
    use callsign_policy::types::{Answer, Sender};
    use callsign_policy::words::{sender_type::LONG_NUMBER, verdict};

    use super::*;

    /// Two long and two toll-free numbers, of each one that ends in 00.
    fn sample() -> Sample {
        let sample = Sample::new().strategy(|_| {});
        let senders = [(LONG_NUMBER, "+14155550100"), (LONG_NUMBER, "+14155550101")];
        let free = [(TOLL_FREE_NUMBER, "+18005550100"), (TOLL_FREE_NUMBER, "+18005550101")];
        senders.into_iter().chain(free).fold(sample, |sample, (sender_type, address)| {
            sample.sender_with(address, sender_type, 0, |sender| sender.address = address.into())
        })
    }

    fn ask(sample: Sample, number: &str) -> Answer {
        let sample = sample.message(SampleMessage::to(number));
        let mut policy = StandardWith::<HouseRules>::new(NoSettings).expect("no settings");
        answer(&mut policy, &sample, &sample.request_of(0))
    }

    fn sender(sample: Sample, number: &str) -> Sender {
        match ask(sample, number) {
            Answer::Decided(decision) => decision.sender,
            Answer::Refused(refusal) => panic!("{refusal:?}"),
        }
    }

    #[test]
    fn entity_x_sends_from_numbers_that_end_in_00() {
        for last in 0..20 {
            let number = format!("+121255501{last:02}");
            let sender = sender(sample().entity("X"), &number);
            assert!(sender == 2 || (sender == 0 && last % 2 == 1), "{number}: {sender}");
        }
    }

    #[test]
    fn others_send_from_all_and_even_recipients_get_toll_free_numbers() {
        let senders: Vec<Sender> = (0..100).map(|last| sender(sample(), &format!("+121255501{last:02}"))).collect();
        for (last, sender) in senders.iter().enumerate() {
            assert!(*sender >= 2 || last % 2 == 1, "{last}: {sender}");
        }
        let odd: Vec<_> = senders.iter().skip(1).step_by(2).collect();
        assert!((0..4).all(|sender| odd.contains(&&sender)), "{odd:?}");
    }

    #[test]
    fn area_code_900_is_refused() {
        assert_eq!(ask(sample(), "+19005550101"), Answer::refuse(1, 0));
        assert_eq!(StandardWith::<HouseRules>::refusal_text(1, 0).code, "PREMIUM");
    }

    #[test]
    fn an_explanation_says_which_rule_left_a_sender_out() {
        let sample = sample().entity("X").message(SampleMessage::to("+12125550102"));
        let mut policy = StandardWith::<HouseRules>::new(NoSettings).expect("no settings");
        let trace = explain(&mut policy, &sample, &sample.request_of(0));
        assert_eq!(trace.reasons, ["even recipients get toll-free numbers", "its number does not end in 00"]);
        let notes: Vec<_> = trace.senders.iter().map(|note| (note.verdict, note.reason)).collect();
        let excluded = (verdict::EXCLUDED_BY_POLICY, Some(1));
        assert_eq!(notes, [(verdict::LESS_PREFERRED, Some(0)), excluded, (verdict::CHOSEN, None), excluded]);
    }
}
