"""Messages in, decisions out."""

import copy
import datetime
import json
import pickle
import unittest

import callsign_gateway as cg

from .platform import association, catalog, elements, gateway_of, message, number


class Decisions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = gateway_of(catalog())

    def test_a_message_gets_the_sender_of_its_own_area_code(self):
        decision = self.gateway.resolve(message())
        self.assertEqual((decision.sender, decision.sender_id, decision.step), ("+14155550100", "S1", "AREA_CODE"))
        self.assertEqual((decision.sender_type, decision.strategy_id), ("VIRTUAL_LONG_NUMBER", "LOCAL"))
        self.assertIsNone(decision.refusal)
        self.assertRegex(decision.policy, "^.+@[0-9.]+$")
        self.assertEqual((decision.channel, decision.fallbacks, decision.unpinned), (None, [], None))

    def test_a_refusal_is_an_answer_with_a_code_and_a_sentence(self):
        decision = self.gateway.resolve(message("tomorrow"))
        self.assertIsNone(decision.sender)
        self.assertIsNone(decision.step)
        self.assertEqual(decision.refusal.code, "INVALID_DESTINATION")
        self.assertEqual(decision.to_dict(), {"refusal": {"code": decision.refusal.code, "message": decision.refusal.message}})

    def test_many_are_decided_as_each_by_itself_and_in_their_order(self):
        messages = [message(f"+1{area}555{place:04}") for place, area in enumerate([415, 212, 305] * 100)]
        messages.append(message("tomorrow"))
        self.assertEqual(self.gateway.resolve_many(messages), [self.gateway.resolve(one) for one in messages])
        self.assertEqual(self.gateway.resolve_many(iter(messages[:2])), self.gateway.resolve_many(tuple(messages[:2])))
        self.assertEqual(self.gateway.resolve_many([]), [])

    def test_a_batch_has_at_most_100_000_messages(self):
        one = message("x")
        self.assertEqual(len(self.gateway.resolve_many([one] * 100_000)), 100_000)
        with self.assertRaisesRegex(ValueError, "more than 100000 messages"):
            self.gateway.resolve_many([one] * 100_001)

    def test_only_messages_are_decided(self):
        for wrong in ["+14155550123", None, {"to": "+14155550123"}, catalog()]:
            with self.assertRaises(TypeError):
                self.gateway.resolve(wrong)
            with self.assertRaises(TypeError):
                self.gateway.resolve_many([message(), wrong])
        with self.assertRaises(TypeError):
            self.gateway.resolve_many(7)

    def test_the_json_of_a_decision_is_that_of_the_command(self):
        decision = self.gateway.resolve(message(id="m-1"))
        self.assertEqual(
            list(decision.to_dict("m-1")),
            ["messageId", "sender", "senderId", "senderType", "step", "strategyId", "policy"],
        )
        self.assertEqual(json.loads(decision.to_json()), decision.to_dict())

    def test_equal_decisions_are_equal(self):
        first, again = (self.gateway.resolve(message()) for _ in range(2))
        self.assertEqual((first, hash(first)), (again, hash(again)))
        self.assertNotEqual(first, self.gateway.resolve(message("+12125550123")))

    def test_an_explanation_names_every_sender_and_what_kept_it_out(self):
        explanation = self.gateway.explain(message())
        self.assertEqual(explanation["decision"]["senderId"], "S1")
        self.assertEqual({sender["senderId"] for sender in explanation["senders"]}, {"S1", "S2"})
        self.assertIn("S2", self.gateway.explain_text(message()))

    def test_a_sender_that_is_unhealthy_is_skipped_and_a_healthy_one_is_not(self):
        gateway = gateway_of(catalog(skipUnhealthySenders=True))
        gateway.set_signals([cg.HealthReport("S1", channel="SMS", country="US", since=1_767_225_600)])
        self.assertEqual(gateway.resolve(message()).sender_id, "S2")
        gateway.set_signals([], {"S1": {"load": 0.75}})
        self.assertEqual(gateway.resolve(message()).sender_id, "S1")
        gateway.set_signals([cg.HealthReport("S1")])
        self.assertEqual(gateway.resolve(message()).sender_id, "S2")
        gateway.set_signals([cg.HealthReport("S1", healthy=True)])
        self.assertEqual(gateway.resolve(message()).sender_id, "S1")

    def test_signals_that_make_no_sense_are_refused(self):
        with self.assertRaisesRegex(ValueError, "no country"):
            cg.HealthReport("S1", country="Atlantis")
        with self.assertRaisesRegex(ValueError, "not finite"):
            self.gateway.set_signals([], {"S1": {"load": float("nan")}})


class Messages(unittest.TestCase):
    def test_a_message_shows_what_it_was_made_of(self):
        one = cg.Message("+1", channels=["RCS", "SMS"], application="shop", entity="acme", from_="12345", id="m-1")
        self.assertEqual((one.to, one.channels, one.application, one.entity), ("+1", ["RCS", "SMS"], "shop", "acme"))
        self.assertEqual((one.from_, one.id), ("12345", "m-1"))
        self.assertEqual(one, cg.Message("+1", channels=["RCS", "SMS"], application="shop", entity="acme", from_="12345", id="m-1"))

    def test_what_is_wrong_is_named(self):
        for fields, wrong in [
            ({"channel": "FAX"}, "`channel`: \"FAX\" is no channel; the channels are SMS, MMS and RCS"),
            ({"channels": ["RCS", "FAX"]}, r"`channels\[1\]`"),
            ({"channels": []}, "`channels`: is empty"),
            ({"channels": ["SMS", "SMS"]}, "`channels`: has SMS twice"),
            ({"channel": "SMS", "channels": ["SMS"]}, "not both"),
            ({"message_type": "two words"}, "`message_type`"),
            ({"attributes": {"two words": "x"}}, "`attributes.two words`"),
            ({"attributes": {f"a{place}": "x" for place in range(1_000)}}, "`attributes`"),
            ({"trace_id": "0af7"}, "32 hexadecimal digits"),
            ({"trace_id": "+af7651916cd43dd8448eb211c80319c"}, "32 hexadecimal digits"),
            ({"sent_at": "tomorrow"}, "tomorrow"),
            ({"sent_at": datetime.datetime(2026, 1, 1)}, "no time zone"),
        ]:
            with self.subTest(fields=fields), self.assertRaisesRegex(ValueError, wrong):
                cg.Message("+14155550123", **fields)

    def test_a_text_that_is_not_unicode_is_refused(self):
        with self.assertRaises(UnicodeEncodeError):
            cg.Message("\ud800")

    def test_a_time_can_be_given_in_three_ways(self):
        time = datetime.datetime(2026, 3, 1, 21, 30, tzinfo=datetime.timezone.utc)
        ways = [cg.Message("+1", sent_at=way) for way in (1_772_400_600, time, "2026-03-01T22:30:00+01:00")]
        self.assertEqual(len(set(ways)), 1)
        with self.assertRaises(TypeError):
            cg.Message("+1", sent_at=-5)


class NothingIsPickled(unittest.TestCase):
    def test_pickling_and_copying_is_a_type_error_that_says_what_to_do(self):
        one = catalog()
        gateway = gateway_of(one)
        policy = cg.Policy.standard()
        pending = gateway.resolve_async(message())
        for thing in [
            one, gateway, policy, pending, message(), gateway.resolve(message()), gateway.resolve(message("x")).refusal,
            cg.Limits(), cg.Binding(policy), cg.Probe(message()), cg.HealthReport("S1"), cg.Edit.remove("senders", "{}"),
        ]:
            for way in (pickle.dumps, copy.copy, copy.deepcopy):
                with self.subTest(thing=thing, way=way), self.assertRaisesRegex(TypeError, "cannot be pickled or copied"):
                    way(thing)


class Catalogs(unittest.TestCase):
    def test_every_fault_of_a_catalog_has_its_place(self):
        text = '{"applications": [{"applicationId": "a"}, {"applicationId": "a"}],\n "senders": [{"senderId": "S"}]}'
        with self.assertRaises(cg.CatalogError) as raised:
            cg.Catalog.from_json(text)
        faults = raised.exception.faults
        self.assertEqual((faults[0].path, faults[0].line), ("$.applications[1].applicationId", 1))
        self.assertTrue(faults[0].earlier)
        self.assertEqual({fault.line for fault in faults[1:]}, {2})
        self.assertIn("sender", {fault.missing for fault in faults})
        self.assertEqual(raised.exception.omitted, 0)
        for fault in faults:
            self.assertIn(str(fault), str(raised.exception))

    def test_at_most_1_000_faults_are_listed_and_the_others_counted(self):
        with self.assertRaises(cg.CatalogError) as raised:
            cg.Catalog.from_json(json.dumps({"applications": [{}] * 1_234}))
        self.assertEqual((len(raised.exception.faults), raised.exception.omitted), (1_000, 234))

    def test_a_text_that_is_no_json_has_one_fault(self):
        for text in ['{\n  "applications": [}', b'{\n  "applications": [}', b"\n\xff"]:
            with self.assertRaises(cg.CatalogError) as raised:
                cg.Catalog.from_json(text)
            self.assertEqual([fault.line for fault in raised.exception.faults], [2])

    def test_a_file_that_is_not_there_is_named(self):
        with self.assertRaisesRegex(cg.CatalogError, "no-such-catalog.json.*No such file") as raised:
            cg.Catalog.load("no-such-catalog.json")
        self.assertEqual(raised.exception.faults, [])

    def test_a_catalog_is_text_or_bytes(self):
        with self.assertRaisesRegex(TypeError, "json.dumps"):
            cg.Catalog.from_json({})

    def test_an_edit_makes_another_catalog(self):
        one = catalog()
        other = one.edit([cg.Edit.put("senders", number("S3", "+13055550100")), cg.Edit.put("associations", association("S3"))])
        self.assertEqual((one.counts["senders"], other.counts["senders"]), (2, 3))
        self.assertEqual(cg.Catalog.from_json(other.to_json()).counts, other.counts)

    def test_an_edit_that_cannot_be_made_is_named_with_its_fault(self):
        edits = [cg.Edit.put("senders", number("S3", "+13055550100")), cg.Edit.put("senders", {"senderId": "S4"})]
        with self.assertRaises(cg.EditError) as raised:
            catalog().edit(edits)
        error = raised.exception
        self.assertEqual((error.edit, error.list), (1, "senders"))
        self.assertIn("sender", {fault.missing for fault in error.faults})
        self.assertEqual({fault.line for fault in error.faults}, {None})
        with self.assertRaisesRegex(ValueError, "the lists are applications, entities"):
            cg.Edit.put("customers", {})
        with self.assertRaisesRegex(ValueError, "not JSON"):
            cg.Edit.put("senders", "{")

    def test_of_two_changes_of_one_revision_the_second_is_refused(self):
        gateway = gateway_of(catalog())
        before = gateway.revision
        serves = gateway.edit(before, [cg.Edit.put("senders", {**number("S1", "+14155550100"), "status": "SUSPENDED"})])
        self.assertEqual(gateway.resolve(message()).sender_id, "S2")
        with self.assertRaises(cg.OvertakenError) as raised:
            gateway.edit(before, [cg.Edit.put("senders", number("S1", "+14155550100"))])
        self.assertEqual((raised.exception.of, raised.exception.served), (before, serves))
        changed, revision = gateway.read_catalog()
        self.assertEqual((revision, changed.counts["senders"]), (serves, 2))

    def test_a_gateway_decides_on_the_catalog_that_replaces_its_own(self):
        gateway = gateway_of(catalog())
        gateway.replace_catalog(cg.Catalog.from_json("{}"))
        self.assertEqual(gateway.resolve(message()).refusal.code, "NO_STRATEGY")
        gateway.replace_catalog(cg.Catalog.from_json(json.dumps(elements())))
        self.assertEqual(gateway.resolve(message()).sender_id, "S1")


if __name__ == "__main__":
    unittest.main()
