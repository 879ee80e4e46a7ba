import assert from "node:assert/strict";
import { test } from "node:test";

import { reason } from "../../../src/index.js";
import { Sample } from "../../../src/testing.js";
import Campaigns from "../src/policy.js";

/** Senders of campaign C1 at 3, 1 and 1, one of C2 at 2, one of none at 0. */
function sample() {
  const of = new Sample().strategy();
  [["C1", "3"], ["C1", "1"], ["C1", "1.0"], ["C2", "2"], [null, "0"]].forEach(([campaign, price], at) => {
    of.sender(`S${at}`, { attributes: campaign === null ? { price } : { campaign, price } });
  });
  return of;
}

function sendersOf(campaign, settings = {}) {
  const of = sample();
  for (let last = 0; last < 100; last += 1) of.message(`+1212555${String(last).padStart(4, "0")}`, { attributes: { campaign } });
  const policy = of.policy(Campaigns, settings);
  return [...new Set(Array.from({ length: 100 }, (_, message) => of.answer(policy, message).sender))].sort();
}

test("the campaign of a message must be that of the sender, and the cheapest of those come first", () => {
  assert.deepEqual(sendersOf("C1"), ["S1", "S2"]);
  assert.deepEqual(sendersOf("C2"), ["S3"]);
});

test("no sender may cost more than the settings allow", () => {
  assert.deepEqual(sendersOf("C1", { maxPrice: 1 }), ["S1", "S2"]);
  const of = sample().message("+12125550100", { attributes: { campaign: "C2" } });
  assert.equal(of.answer(of.policy(Campaigns, { maxPrice: 1.5 })).reason, reason.NO_ELIGIBLE_SENDER);
});

test("a message without a campaign is refused", () => {
  const of = sample().message("+12125550100");
  assert.deepEqual(of.answer(of.policy(Campaigns)).code, 1);
});

test("an explanation names the campaign", () => {
  const of = sample().message("+12125550100", { attributes: { campaign: "C1" } });
  const { senders } = of.explain(of.policy(Campaigns, { maxPrice: 5 }));
  assert.equal(senders.S0.reason, "others are cheaper");
  assert.equal(senders.S3.reason, "not of campaign C1");
});

test("a price is a number from 0 on", () => {
  for (const maxPrice of [NaN, -1, Infinity, "1"]) assert.throws(() => new Campaigns({ maxPrice }), /maxPrice/);
  assert.throws(() => new Campaigns({ price: 1 }), /unknown field/);
});
