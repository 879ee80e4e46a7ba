import json
import unittest
from pathlib import Path

from callsign_policy.spread import Spread

# What the Rust SDK chooses: `tests/cli/languages.rs` holds it against the same file.
SETS = json.loads((Path(__file__).parents[2] / "spread-choices.json").read_text())


class SpreadTests(unittest.TestCase):
    def test_recipients_are_spread_as_the_rust_sdk_spreads_them(self):
        self.assertGreaterEqual(len(SETS), 5)
        for of in SETS:
            spread = Spread((int(key, 16), weight, sender) for key, weight, sender in of["members"])
            for recipient, sender in of["choices"]:
                self.assertEqual(spread.choose(int(recipient, 16)), sender, recipient)


if __name__ == "__main__":
    unittest.main()
