"""The table of cases that every way into Callsign runs: tests/conformance."""

import json
import unittest

import callsign_gateway as cg

from .platform import ROOT, gateway_of

# What a message of the table calls its fields, and what Python calls them.
FIELDS = {
    "applicationId": "application",
    "attributes": "attributes",
    "channel": "channel",
    "channels": "channels",
    "entityId": "entity",
    "from": "from_",
    "messageId": "id",
    "messageType": "message_type",
    "sentAt": "sent_at",
}


def message_of(fields):
    return cg.Message(fields["to"], **{FIELDS[name]: value for name, value in fields.items() if name != "to"})


class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.table = json.loads((ROOT / "tests" / "conformance" / "table.json").read_text(encoding="utf-8"))
        cls.catalog = cg.Catalog.from_json(json.dumps(cls.table["catalog"]))

    def compare(self, found, wanted):
        for name, value in wanted.items():
            if name == "refusal":
                self.assertEqual(found.get("refusal", {}).get("code"), value)
            elif name == "fallbacks":
                self.assertEqual(len(found[name]), len(value))
                for one, expected in zip(found[name], value):
                    self.compare(one, expected)
            else:
                self.assertEqual(found.get(name), value, name)

    def test_every_message_gets_its_decision_alone(self):
        gateway = gateway_of(self.catalog)
        self.assertGreater(len(self.table["decisions"]), 20)
        for case in self.table["decisions"]:
            with self.subTest(case["name"]):
                self.compare(gateway.resolve(message_of(case["message"])).to_dict(), case["expect"])

    def test_every_message_gets_its_decision_in_a_batch(self):
        cases = [case for case in self.table["decisions"] if not case.get("pinned")]
        decisions = gateway_of(self.catalog).resolve_many([message_of(case["message"]) for case in cases])
        for case, decision in zip(cases, decisions, strict=True):
            with self.subTest(case["name"]):
                self.compare(decision.to_dict(), case["expect"])

    def test_a_wrong_message_is_refused_and_the_property_named(self):
        for case in self.table["wrongMessages"]:
            first, dot, rest = case["at"].partition(".")
            place = "".join(first.partition("[")[1:])
            name = FIELDS[first.partition("[")[0]] + place + dot + rest
            with self.subTest(case["name"]):
                with self.assertRaises(ValueError) as raised:
                    message_of(case["message"])
                self.assertTrue(str(raised.exception).startswith(f"`{name}`: "), raised.exception)

    def test_every_fault_of_a_wrong_catalog_has_its_place(self):
        for case in self.table["wrongCatalogs"]:
            with self.subTest(case["name"]):
                with self.assertRaises(cg.CatalogError) as raised:
                    cg.Catalog.from_json(case["text"])
                found = [{"line": one.line, "column": one.column, "path": one.path} for one in raised.exception.faults]
                self.assertEqual(found, case["faults"])


if __name__ == "__main__":
    unittest.main()
