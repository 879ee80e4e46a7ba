"""Policies, bindings, and what happens to them."""

import unittest

import callsign_gateway as cg

from .platform import COMPONENT, catalog, gateway_of, message


class Policies(unittest.TestCase):
    def setUp(self):
        self.gateway = gateway_of(catalog())

    def kinds(self):
        return [event.kind for event in self.gateway.take_events()]

    def test_a_policy_is_loaded_from_a_file_or_bytes(self):
        loaded, made = cg.Policy.load(COMPONENT), cg.Policy.from_bytes(COMPONENT.read_bytes())
        self.assertEqual((loaded.label, loaded.digest), (made.label, made.digest))
        self.assertEqual(len(loaded.digest), 64)
        self.assertEqual(loaded.settings, "{}")

    def test_what_is_no_policy_is_refused_with_the_reason(self):
        with self.assertRaisesRegex(cg.PolicyError, "not a WebAssembly component"):
            cg.Policy.from_bytes(b"\0asm")
        with self.assertRaisesRegex(cg.PolicyError, "no-such-policy.wasm.*No such file"):
            cg.Policy.load("no-such-policy.wasm")
        with self.assertRaisesRegex(cg.PolicyError, "limit is 100 bytes"):
            cg.Policy.load(COMPONENT, limits=cg.Limits(component=100))
        with self.assertRaisesRegex(cg.PolicyError, "settings"):
            cg.Policy.load(COMPONENT, settings={"no-such-setting": 1})

    def test_limits_out_of_their_range_are_refused(self):
        for wrong in [{"deadline_ms": 0}, {"deadline_ms": 600_001}, {"compile_ms": 0}]:
            with self.assertRaisesRegex(ValueError, "1 to 600,000 ms"):
                cg.Limits(**wrong)
        with self.assertRaises(OverflowError):
            cg.Limits(memory=-1)
        self.assertEqual(cg.Limits(), cg.Limits(deadline_ms=200, memory=128 << 20))

    def test_the_most_specific_binding_decides_until_it_is_removed(self):
        policy = cg.Policy.load(COMPONENT, fresh=True)
        self.gateway.swap(policy, application="shop")
        self.gateway.swap(cg.Binding(policy, on_failure="standard"), application="shop", entity="acme")
        self.assertEqual(len(self.gateway.history(application="shop", entity="acme")), 1)
        self.assertEqual(self.gateway.failures(application="shop"), 0)
        self.assertEqual(self.gateway.resolve(message()).policy, policy.label)
        self.gateway.unbind(application="shop", entity="acme")
        self.assertIsNone(self.gateway.failures(application="shop", entity="acme"))
        self.assertEqual(self.kinds(), ["SWAPPED", "SWAPPED", "UNBOUND"])
        with self.assertRaisesRegex(cg.BindingError, "nothing is bound to shop/acme"):
            self.gateway.unbind(application="shop", entity="acme")
        with self.assertRaisesRegex(ValueError, "give `application` too"):
            self.gateway.unbind(entity="acme")

    def test_a_rollback_brings_the_policy_before_back(self):
        self.gateway.swap(cg.Policy.load(COMPONENT))
        self.assertEqual([until is None for _, until in self.gateway.history()], [False, True])
        self.gateway.rollback()
        self.assertEqual(self.kinds(), ["SWAPPED", "ROLLED_BACK"])
        with self.assertRaises(cg.BindingError):
            self.gateway.rollback(application="shop")

    def test_a_policy_that_fails_its_probe_is_not_put_to_use(self):
        policy = cg.Policy.standard()
        good = cg.Probe(message(), sender_id="S1", step="AREA_CODE")
        self.gateway.swap(cg.Binding(policy, probes=[good, cg.Probe(message("+4915112345678"), refusal="NO_ELIGIBLE_SENDER")]))
        with self.assertRaisesRegex(cg.BindingError, "the probe to \\+14155550123 failed"):
            self.gateway.swap(cg.Binding(policy, probes=[cg.Probe(message(), sender_id="S2")]))
        *_, event = self.gateway.take_events()
        self.assertEqual((event.kind, event.target, event.policy), ("REJECTED", "platform", policy.label))
        self.assertIn("was not put to use", str(event))
        with self.assertRaisesRegex(ValueError, "`step` is \"NEXT\"; it must be one of: EXPLICIT,"):
            cg.Probe(message(), step="NEXT")

    def test_the_words_of_a_binding_are_checked(self):
        policy = cg.Policy.standard()
        for wrong in [{"on_failure": "ignore"}, {"on_unavailable": "ignore"}, {"breaker_failures": 0}]:
            with self.subTest(wrong=wrong), self.assertRaisesRegex(ValueError, next(iter(wrong))):
                cg.Binding(policy, **wrong)

    def test_a_policy_that_fails_is_told_and_its_failure_rule_applies(self):
        failing = cg.Policy.load(COMPONENT, limits=cg.Limits(imports=0))
        self.gateway.swap(failing)
        decision = self.gateway.resolve(message())
        self.assertEqual(decision.refusal.code, "POLICY_FAILED")
        self.assertEqual(self.kinds(), ["SWAPPED", "FAILED"])
        self.gateway.swap(cg.Binding(failing, on_failure="standard", breaker_failures=1))
        self.assertEqual(self.gateway.resolve(message()).sender_id, "S1")
        self.assertIn("CIRCUIT_OPENED", self.kinds())
        self.assertGreaterEqual(self.gateway.failures(), 1)

    def test_a_shadow_is_compared_and_a_canary_serves_its_share(self):
        candidate = cg.Policy.load(COMPONENT)
        self.gateway.shadow(candidate)
        self.gateway.resolve(message())
        label, compared, different, dropped = self.gateway.comparison()
        self.assertEqual((label, compared + dropped, different), (candidate.label, 1, 0))
        self.gateway.withdraw()
        self.assertIsNone(self.gateway.comparison())
        self.gateway.canary(candidate, 1_000)
        self.gateway.promote()
        self.assertEqual(self.kinds(), ["SHADOWED", "WITHDRAWN", "CANARY", "SWAPPED"])
        with self.assertRaisesRegex(ValueError, "0 to 1,000"):
            self.gateway.canary(candidate, 1_001)
        with self.assertRaises(cg.BindingError):
            self.gateway.promote()

    def test_events_that_nobody_takes_push_out_the_oldest(self):
        failing = cg.Policy.load(COMPONENT, limits=cg.Limits(imports=0))
        self.gateway.swap(cg.Binding(failing, breaker_failures=4_000_000))
        for _ in range(1_100):
            self.gateway.resolve(message())
        # One is that of the swap.
        self.assertEqual((len(self.gateway.take_events()), self.gateway.lost_events), (1_024, 77))
        self.assertEqual(self.gateway.take_events(), [])


if __name__ == "__main__":
    unittest.main()
