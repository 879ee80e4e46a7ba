import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Spread } from "../src/spread.js";

// What the Rust SDK chooses: `tests/cli/languages.rs` holds it against the same file.
const sets = JSON.parse(readFileSync(new URL("../../spread-choices.json", import.meta.url)));

test("recipients are spread as the Rust SDK spreads them", () => {
  for (const { members, choices } of sets) {
    const spread = new Spread(members.map(([key, weight, sender]) => ({ key, weight, sender })));
    for (const [recipient, sender] of choices) assert.equal(spread.choose(recipient), sender, recipient);
  }
  assert.ok(sets.length >= 5);
});
