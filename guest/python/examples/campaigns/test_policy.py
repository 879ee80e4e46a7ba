import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from callsign_policy import Reason
from callsign_policy.testing import Sample
from policy import Policy

SENDERS = [("C1", "3"), ("C1", "1"), ("C1", "1.0"), ("C2", "2"), (None, "0")]


def sample():
    of = Sample().strategy()
    for at, (campaign, price) in enumerate(SENDERS):
        of.sender(f"S{at}", attributes={"price": price} | ({"campaign": campaign} if campaign else {}))
    return of


def senders_of(campaign, settings=None):
    of = sample()
    for last in range(100):
        of.message(f"+1212555{last:04}", attributes={"campaign": campaign})
    policy = of.policy(Policy, settings)
    return {of.answer(policy, message).sender for message in range(100)}


class CampaignsTests(unittest.TestCase):
    def test_the_campaign_of_a_message_must_be_that_of_the_sender_and_the_cheapest_of_those_come_first(self):
        self.assertEqual(senders_of("C1"), {"S1", "S2"})
        self.assertEqual(senders_of("C2"), {"S3"})

    def test_no_sender_may_cost_more_than_the_settings_allow(self):
        self.assertEqual(senders_of("C1", {"maxPrice": 1}), {"S1", "S2"})
        of = sample().message("+12125550100", attributes={"campaign": "C2"})
        self.assertEqual(of.answer(of.policy(Policy, {"maxPrice": 1.5})).reason, Reason.NO_ELIGIBLE_SENDER)

    def test_a_message_without_a_campaign_is_refused(self):
        of = sample().message("+12125550100")
        self.assertEqual(of.answer(of.policy(Policy)).code, 1)

    def test_an_explanation_names_the_campaign(self):
        of = sample().message("+12125550100", attributes={"campaign": "C1"})
        _, notes = of.explain(of.policy(Policy, {"maxPrice": 5}))
        self.assertEqual(notes["S0"][2], "others are cheaper")
        self.assertEqual(notes["S3"][2], "not of campaign C1")

    def test_a_price_is_a_number_from_0_on(self):
        for price in (float("nan"), -1, float("inf"), "1", True):
            with self.assertRaisesRegex(ValueError, "maxPrice"):
                Policy({"maxPrice": price})
        with self.assertRaisesRegex(ValueError, "unknown field"):
            Policy({"price": 1})


if __name__ == "__main__":
    unittest.main()
