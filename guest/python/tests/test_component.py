import unittest

from callsign_policy import OwnRefusal, Rules
from callsign_policy.component import Exports
from callsign_policy.testing import Sample
from componentize_py_types import Err

CLOSED = OwnRefusal(4, "CLOSED", "closed now")


class Own(Rules):
    refusals = (CLOSED,)

    def __init__(self, settings):
        if settings.get("price", 0) < 0:
            raise ValueError("price is negative: give one from 0 on")


def sample():
    return Sample().sender("S1").strategy().message("+12125550100").message("+12125550101")


class ComponentTests(unittest.TestCase):
    def test_settings_are_checked_and_a_fault_is_a_text(self):
        exports = Exports(Own, sample().host)
        exports.check_settings("")
        exports.check_settings('{"price": 1}')
        for settings, words in (('{"price": -1}', "price is negative"), ("{", "Expecting"), ("[]", "no JSON object")):
            with self.assertRaises(Err) as fault:
                exports.check_settings(settings)
            self.assertIn(words, fault.exception.value)

    def test_a_batch_is_answered_as_each_request_is(self):
        of = sample()
        exports, requests = Exports(Own, of.host), [of.request(0), of.request(1)]
        self.assertEqual(exports.resolve_batch(requests), [exports.resolve(request) for request in requests])

    def test_refusals_are_put_in_words(self):
        exports = Exports(Own, sample().host)
        self.assertEqual(exports.refusal_text(4, 0).code, "CLOSED")
        self.assertEqual(exports.refusal_text(5, 0).code, "UNKNOWN")

    def test_an_error_of_the_policys_own_code_is_logged_before_it_fails_the_call(self):
        class Broken(Rules):
            def refuse_before(self, message):
                raise KeyError("no such thing")

        of = sample()
        with self.assertRaises(KeyError):
            Exports(Broken, of.host).resolve(of.request())
        self.assertIn("error: KeyError: 'no such thing', in refuse_before", of.logged[0])

    def test_an_explanation_has_the_answer_that_the_request_has(self):
        of = sample()
        exports = Exports(Own, of.host)
        self.assertEqual(exports.explain(of.request()).answer, exports.resolve(of.request()))


if __name__ == "__main__":
    unittest.main()
