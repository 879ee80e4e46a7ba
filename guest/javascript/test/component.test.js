import assert from "node:assert/strict";
import { test } from "node:test";

import { exportsOf } from "../src/component.js";
import { OwnRefusal } from "../src/index.js";
import { Sample } from "../src/testing.js";

const CLOSED = new OwnRefusal(4, "CLOSED", "closed now");

class Rules {
  static refusals = [CLOSED];

  constructor({ price = 0 }) {
    if (price < 0) throw new Error("price is negative: give one from 0 on");
  }
}

const sample = () => new Sample().sender("S1").strategy().message("+12125550100").message("+12125550101");

test("settings are checked, and a fault is a text", () => {
  const { policy } = exportsOf(Rules, sample().host);
  policy.checkSettings("");
  policy.checkSettings('{"price": 1}');
  assert.throws(() => policy.checkSettings('{"price": -1}'), (error) => error === "price is negative: give one from 0 on");
  assert.throws(() => policy.checkSettings("{"), (error) => typeof error === "string");
});

test("a batch is answered as each request is", () => {
  const of = sample();
  const { policy } = exportsOf(Rules, of.host);
  const requests = [of.request(0), of.request(1)];
  assert.deepEqual(policy.resolveBatch(requests), requests.map(policy.resolve));
});

test("refusals are put in words", () => {
  const { policy } = exportsOf(Rules, sample().host);
  assert.deepEqual(policy.refusalText(4, "0000000000000000"), { code: "CLOSED", message: "closed now" });
  assert.equal(policy.refusalText(5, "0000000000000000").code, "UNKNOWN");
});

test("an error of the policy's own code is logged before it fails the call", () => {
  class Broken {
    refuseBefore() {
      throw new Error("no such thing");
    }
  }
  const of = sample();
  const { policy } = exportsOf(Broken, of.host);
  assert.throws(() => policy.resolve(of.request()), /no such thing/);
  assert.match(of.logged[0], /^error: Error: no such thing/);
});

test("an explanation has the answer that the request has", () => {
  const of = sample();
  const { policy, explain } = exportsOf(Rules, of.host);
  assert.deepEqual(explain.explain(of.request()).answer, policy.resolve(of.request()));
});
