import unittest

from callsign_policy import Channel, Level, OwnRefusal, Reason, Rules, SenderType, Step, country
from callsign_policy.testing import Sample
from wit_world.imports.strategies import CountryMatch


def many(sample, **options):
    for last in range(200):
        sample.message(f"+1212555{last:04}", **options)
    return sample


def senders_of(sample, policy=None):
    policy = policy or sample.policy()
    return {sample.answer(policy, message).sender for message in range(200)}


class StandardTests(unittest.TestCase):
    def test_no_strategy_at_all_none_for_the_channel_none_for_the_country(self):
        def refused(sample):
            sample.message("+12125550100")
            return sample.answer(sample.policy()).reason

        self.assertEqual(refused(Sample().sender("S1")), Reason.NO_STRATEGY)
        self.assertEqual(refused(Sample().sender("S1").strategy(channel=Channel.MMS)), Reason.CHANNEL_NOT_ALLOWED)
        not_listed = Sample().sender("S1").strategy(countries=CountryMatch.NOT_LISTED)
        self.assertEqual(refused(not_listed), Reason.COUNTRY_NOT_ALLOWED)

    def test_the_entitys_strategies_replace_the_applications_for_a_channel_and_the_more_specific_one_counts(self):
        sample = Sample().sender("S1").strategy().strategy(level=Level.ENTITY)
        sample.strategy(level=Level.ENTITY, countries=CountryMatch.LISTED).message("+12125550100")
        self.assertEqual(sample.answer(sample.policy()).strategy, 2)

    def test_recipients_are_spread_over_the_senders_and_keep_theirs(self):
        sample = many(Sample().sender("S1").sender("S2").sender("S3").strategy())
        self.assertEqual(senders_of(sample), {"S1", "S2", "S3"})
        policy = sample.policy()
        for message in range(200):
            self.assertEqual(sample.answer(policy, message), sample.answer(sample.policy(), message))

    def test_the_types_with_the_best_priority_that_any_candidate_has_go_on(self):
        sample = Sample().sender("L").sender("T", type=SenderType.TOLL_FREE_NUMBER).sender("C", type=SenderType.SHORT_CODE)
        self.assertEqual(senders_of(many(sample.strategy(priorities=(0, 2, 0, 1)))), {"T"})

    def test_the_same_area_code_then_one_that_overlays_it_then_the_region(self):
        def place(*codes):
            sample = Sample().strategy(geolocated=True).near(overlay=(212, 917), region=(212, 917, 716))
            for code in codes:
                sample.sender(f"S{code}", area_code=code)
            answer = sample.message("+12125550100").answer(sample.policy())
            return answer.sender, answer.step

        self.assertEqual(place(415, 716, 917, 212), ("S212", Step.AREA_CODE))
        self.assertEqual(place(415, 716, 917), ("S917", Step.OVERLAY))
        self.assertEqual(place(415, 716), ("S716", Step.REGION))
        self.assertEqual(place(415), ("S415", Step.POOL))

    def test_a_pinned_recipient_stays_and_a_pin_that_is_gone_is_replaced(self):
        def answer(pin, sticky=True):
            sample = Sample().sender("S1").sender("S2").strategy(sticky=sticky).message("+12125550100", pin=pin)
            return sample.answer(sample.policy())

        self.assertEqual([answer("S1").sender, answer("S2").sender], ["S1", "S2"])
        self.assertEqual((answer("S1").step, answer("S1").pin), (Step.STICKY, False))
        self.assertEqual((answer("gone").step, answer("gone").pin), (Step.POOL, True))
        self.assertEqual(answer("S1", sticky=False).step, Step.POOL)

    def test_unhealthy_senders_are_skipped_unless_every_one_is_and_a_pin_to_one_stays_as_it_is(self):
        sample = many(Sample().sender("S1").sender("S2", unhealthy=True).strategy(skip_unhealthy=True))
        self.assertEqual(senders_of(sample), {"S1"})
        every = Sample().sender("S1", unhealthy=True).strategy(skip_unhealthy=True).message("+12125550100")
        self.assertEqual(every.answer(every.policy()).sender, "S1")
        pinned = Sample().sender("S1").sender("S2", unhealthy=True).strategy(skip_unhealthy=True, sticky=True)
        answer = pinned.message("+12125550100", pin="S2").answer(pinned.policy())
        self.assertEqual((answer.sender, answer.pin), ("S1", False))

    def test_the_recipient_itself_carries_nothing_nor_does_it_as_a_default_sender(self):
        sample = Sample().sender("S1").sender("S2").strategy().message("+15550000000")
        self.assertEqual(sample.answer(sample.policy()).sender, "S2")
        alone = Sample().sender("S1").strategy().default_sender("S1").message("+15550000000")
        self.assertEqual(alone.answer(alone.policy()).reason, Reason.NO_ELIGIBLE_SENDER)

    def test_without_a_candidate_the_entitys_default_sender_carries_the_message_then_the_applications(self):
        sample = Sample().sender("A").sender("E").strategy(sender_ids=[]).default_sender("A")
        sample.default_sender("E", Level.ENTITY).message("+12125550100").message("+15550000001")
        first = sample.answer(sample.policy())
        self.assertEqual((first.sender, first.step), ("E", Step.DEFAULT_SENDER))
        self.assertEqual(sample.answer(sample.policy(), 1).sender, "A")

    def test_a_sender_that_may_not_carry_the_messages_type_is_no_candidate(self):
        sample = Sample().sender("S1", message_types=["TRANSACTIONAL"]).sender("S2").strategy()
        self.assertEqual(senders_of(many(sample, message_type="PROMOTIONAL")), {"S2"})

    def test_rules_leave_senders_out_prefer_some_and_say_why(self):
        class Own(Rules):
            def select(self, key, scope, senders):
                if scope.entity_id == "bank":
                    senders.only("not of the bank", lambda sender: sender.id.startswith("BANK"))
                senders.prefer("short codes come first", lambda sender: sender.is_a(SenderType.SHORT_CODE))

        sample = Sample().scope(entity_id="bank").sender("BANK-1").sender("BANK-2", type=SenderType.SHORT_CODE)
        many(sample.sender("OTHER").strategy())
        self.assertEqual(senders_of(sample, sample.policy(Own)), {"BANK-2"})
        _, notes = sample.explain(sample.policy(Own))
        self.assertEqual(notes["OTHER"], (2, 0, "not of the bank"))
        self.assertEqual(notes["BANK-1"], (6, 0, "short codes come first"))
        self.assertEqual(notes["BANK-2"][0], 0)

    def test_rules_refuse_before_and_after_and_choose_by_a_signal(self):
        premium = OwnRefusal(1, "PREMIUM", "numbers of area code 900 get no messages")

        class Own(Rules):
            refusals = (premium,)

            def refuse_before(self, message):
                return premium.refused(7) if message.area_code == 900 else None

            def choose(self, message, left):
                known = [sender for sender in left.contenders if sender.signal("load") is not None]
                return min(known, key=lambda sender: sender.signal("load")).pick("the least loaded")

            def refuse_after(self, message, decision):
                return premium.refused() if message.country == country("CA") else None

        sample = Sample().sender("S1", signals={"load": 2.0}).sender("S2", signals={"load": 1.0}).strategy()
        sample.message("+19005550100").message("+12125550100").message("+16045550100", country=country("CA"))
        policy = sample.policy(Own)
        refused = sample.answer(policy)
        self.assertEqual((refused.reason, refused.code, refused.detail), (Reason.OWN, 1, 7))
        self.assertEqual(sample.answer(policy, 1).sender, "S2")
        self.assertEqual(sample.answer(policy, 2).code, 1)
        self.assertEqual(sample.explain(policy, 1)[1]["S1"][2], "the least loaded")

    def test_what_rules_see_of_a_message(self):
        seen = []

        class Own(Rules):
            def refuse_before(self, message):
                [time] = message.local_times
                seen.append((message.number, message.id, message.message_type, message.sent_at, time.zone, time.minutes_from_utc))
                seen.append((message.attribute_number("price"), message.attribute_key("none"), message.scope.attribute("brand")))
                seen.append(message.part_of_thousand("autumn") in range(1000))

        sample = Sample().attributes(Level.APPLICATION, {"brand": "Zürich 🚲"}).message(
            "+12125550100", id="M1", message_type="PROMOTIONAL", sent_at=5, attributes={"price": "0.5"},
            zones=(("America/New_York", -300),),
        )
        sample.answer(sample.policy(Own))
        self.assertEqual(seen, [
            ("+12125550100", "M1", "PROMOTIONAL", 5, "America/New_York", -300), (0.5, None, "Zürich 🚲"), True,
        ])

    def test_attributes_of_senders_of_any_letters_are_read_as_columns_each_the_senders_own(self):
        class Own(Rules):
            def key(self, message):
                return message.attribute("brand")

            def select(self, key, scope, senders):
                senders.only("of another brand", lambda sender: sender.attribute("brand") == key)

        sample = Sample().strategy()
        brands = [{"brand": brand} if brand else {} for brand in ("é", "🚲🚲", "plain", None, "ü x")]
        for at, attributes in enumerate(brands):
            sample.sender(f"S{at}", attributes=attributes).message("+12125550100", attributes=attributes)
        policy = sample.policy(Own)
        self.assertEqual([sample.answer(policy, at).sender for at in range(5)], ["S0", "S1", "S2", "S3", "S4"])

    def test_a_new_revision_is_read_anew(self):
        class Own(Rules):
            def select(self, key, scope, senders):
                senders.only("not this one", lambda sender: sender.id == scope.attribute("only"))

        sample = Sample().sender("S1").strategy().message("+12125550100").attributes(Level.APPLICATION, {"only": "S1"})
        policy = sample.policy(Own)
        self.assertEqual(sample.answer(policy).sender, "S1")
        sample.attributes(Level.APPLICATION, {"only": "S2"})
        self.assertEqual(sample.answer(policy).sender, "S1")
        sample.revision = 2
        self.assertEqual(sample.answer(policy).reason, Reason.NO_ELIGIBLE_SENDER)


if __name__ == "__main__":
    unittest.main()
