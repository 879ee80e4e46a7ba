import assert from "node:assert/strict";
import { test } from "node:test";

import { channel, country, level, OwnRefusal, reason, senderType, step } from "../src/index.js";
import { Sample } from "../src/testing.js";

const { LONG_NUMBER, SHORT_CODE, TOLL_FREE_NUMBER } = senderType;

const many = (sample, options = {}) => {
  for (let last = 0; last < 200; last += 1) sample.message(`+1212555${String(last).padStart(4, "0")}`, options);
  return sample;
};

const sendersOf = (sample, policy = sample.policy()) =>
  new Set(Array.from({ length: 200 }, (_, message) => sample.answer(policy, message).sender));

test("no strategy at all, none for the channel, none for the country", () => {
  const refused = (sample) => sample.message("+12125550100").answer(sample.policy()).reason;
  assert.equal(refused(new Sample().sender("S1")), reason.NO_STRATEGY);
  assert.equal(refused(new Sample().sender("S1").strategy({ channel: channel.MMS })), reason.CHANNEL_NOT_ALLOWED);
  assert.equal(refused(new Sample().sender("S1").strategy({ countries: "not-listed" })), reason.COUNTRY_NOT_ALLOWED);
});

test("the entity's strategies replace the application's for a channel, and the more specific one counts", () => {
  const sample = new Sample().sender("S1").strategy({}).strategy({ level: level.ENTITY })
    .strategy({ level: level.ENTITY, countries: "listed" }).message("+12125550100");
  assert.equal(sample.answer(sample.policy()).strategy, 2);
});

test("recipients are spread over the senders and keep theirs", () => {
  const sample = many(new Sample().sender("S1").sender("S2").sender("S3").strategy());
  assert.deepEqual([...sendersOf(sample)].sort(), ["S1", "S2", "S3"]);
  const again = sample.policy();
  for (let message = 0; message < 200; message += 1) {
    assert.equal(sample.answer(again, message).sender, sample.answer(sample.policy(), message).sender);
  }
});

test("the types with the best priority that any candidate has go on", () => {
  const priorities = [0, 2, 0, 1];
  const sample = many(new Sample().sender("L").sender("T", { type: TOLL_FREE_NUMBER }).sender("C", { type: SHORT_CODE }).strategy({ priorities }));
  assert.deepEqual([...sendersOf(sample)], ["T"]);
});

test("the same area code, then one that overlays it, then the region", () => {
  const near = { overlay: [212, 917], region: [212, 917, 716] };
  const place = (codes) => {
    const sample = new Sample().strategy({ geolocated: true }).near(near).message("+12125550100");
    codes.forEach((areaCode) => sample.sender(`S${areaCode}`, { areaCode }));
    const { sender, step: of } = sample.answer(sample.policy());
    return [sender, of];
  };
  assert.deepEqual(place([415, 716, 917, 212]), ["S212", step.AREA_CODE]);
  assert.deepEqual(place([415, 716, 917]), ["S917", step.OVERLAY]);
  assert.deepEqual(place([415, 716]), ["S716", step.REGION]);
  assert.deepEqual(place([415]), ["S415", step.POOL]);
});

test("a pinned recipient stays, a pin that is gone is replaced, and a strategy that is not sticky ignores pins", () => {
  const answer = (pin, sticky = true) => {
    const sample = new Sample().sender("S1").sender("S2").strategy({ sticky }).message("+12125550100", { pin });
    return sample.answer(sample.policy());
  };
  assert.deepEqual([answer("S1").sender, answer("S2").sender], ["S1", "S2"]);
  assert.deepEqual([answer("S1").step, answer("S1").pin], [step.STICKY, false]);
  assert.deepEqual([answer("gone").step, answer("gone").pin], [step.POOL, true]);
  assert.equal(answer("S1", false).step, step.POOL);
});

test("unhealthy senders are skipped unless every one is, and a pin to one stays as it is", () => {
  const sample = many(new Sample().sender("S1").sender("S2", { unhealthy: true }).strategy({ skipUnhealthy: true }));
  assert.deepEqual([...sendersOf(sample)], ["S1"]);
  const all = new Sample().sender("S1", { unhealthy: true }).strategy({ skipUnhealthy: true }).message("+12125550100");
  assert.equal(all.answer(all.policy()).sender, "S1");
  const pinned = new Sample().sender("S1").sender("S2", { unhealthy: true })
    .strategy({ skipUnhealthy: true, sticky: true }).message("+12125550100", { pin: "S2" });
  const { sender, pin } = pinned.answer(pinned.policy());
  assert.deepEqual([sender, pin], ["S1", false]);
});

test("the recipient itself carries nothing, nor does it as a default sender", () => {
  const sample = new Sample().sender("S1").sender("S2").strategy().message("+15550000000");
  assert.equal(sample.answer(sample.policy()).sender, "S2");
  const alone = new Sample().sender("S1").strategy().defaultSender("S1").message("+15550000000");
  assert.equal(alone.answer(alone.policy()).reason, reason.NO_ELIGIBLE_SENDER);
});

test("without a candidate the entity's default sender carries the message, then the application's", () => {
  const sample = new Sample().sender("A").sender("E").strategy({ senderIds: [] }).defaultSender("A")
    .defaultSender("E", level.ENTITY).message("+12125550100").message("+15550000001");
  assert.deepEqual([sample.answer(sample.policy()).sender, sample.answer(sample.policy()).step], ["E", step.DEFAULT_SENDER]);
  assert.equal(sample.answer(sample.policy(), 1).sender, "A");
});

test("a sender that may not carry the message's type is no candidate", () => {
  const sample = many(new Sample().sender("S1", { messageTypes: ["TRANSACTIONAL"] }).sender("S2").strategy(), { messageType: "PROMOTIONAL" });
  assert.deepEqual([...sendersOf(sample)], ["S2"]);
});

test("rules leave senders out, prefer some, and say why", () => {
  class Rules {
    select(_, scope, senders) {
      if (scope.entityId === "bank") senders.only("not of the bank", ({ id }) => id.startsWith("BANK"));
      senders.prefer("short codes come first", (sender) => sender.isA(SHORT_CODE));
    }
  }
  const sample = many(new Sample().scope({ entityId: "bank" }).sender("BANK-1").sender("BANK-2", { type: SHORT_CODE }).sender("OTHER").strategy());
  assert.deepEqual([...sendersOf(sample, sample.policy(Rules))], ["BANK-2"]);
  const { senders } = sample.explain(sample.policy(Rules));
  assert.deepEqual(senders.OTHER, { verdict: 2, standing: 0, reason: "not of the bank" });
  assert.deepEqual(senders["BANK-1"], { verdict: 6, standing: 0, reason: "short codes come first" });
  assert.equal(senders["BANK-2"].verdict, 0);
});

test("rules refuse before and after, and choose by a signal", () => {
  const PREMIUM = new OwnRefusal(1, "PREMIUM", "numbers of area code 900 get no messages");
  class Rules {
    refuseBefore(message) {
      return message.areaCode === 900 ? PREMIUM.refused(7) : null;
    }
    choose(_, left) {
      const [first, ...others] = left.contenders.filter((sender) => sender.signal("load") !== null);
      return others.reduce((best, sender) => (sender.signal("load") < best.signal("load") ? sender : best), first).pick("the least loaded");
    }
    refuseAfter(message) {
      return message.country === country("CA") ? PREMIUM.refused() : null;
    }
  }
  const sample = new Sample().sender("S1", { signals: { load: 2 } }).sender("S2", { signals: { load: 1 } }).strategy()
    .message("+19005550100").message("+12125550100").message("+16045550100", { country: country("CA") });
  const policy = sample.policy(Rules);
  assert.deepEqual(sample.answer(policy), { reason: reason.OWN, code: 1, detail: "0000000000000007" });
  assert.equal(sample.answer(policy, 1).sender, "S2");
  assert.equal(sample.answer(policy, 2).code, 1);
  assert.equal(sample.explain(policy, 1).senders.S1.reason, "the least loaded");
});

test("what rules see of a message: its texts, attributes, local times, and its part of the recipients", () => {
  const seen = [];
  class Rules {
    refuseBefore(message) {
      const { number, id, messageType, sentAt, localTimes, scope } = message;
      seen.push({ number, id, messageType, sentAt, localTimes, price: message.attributeNumber("price"), brand: scope.attribute("brand") });
      assert.equal(message.attributeKey("none"), null);
      assert.ok(message.partOfThousand("autumn") < 1000);
    }
  }
  const sample = new Sample().attributes(level.APPLICATION, { brand: "Zürich 🚲" }).message("+12125550100", {
    id: "M1", messageType: "PROMOTIONAL", sentAt: 5, attributes: { price: "0.5" }, zones: [{ zone: "America/New_York", minutesFromUtc: -300 }],
  });
  sample.policy(Rules).resolve(sample.request());
  assert.deepEqual(seen, [{
    number: "+12125550100", id: "M1", messageType: "PROMOTIONAL", sentAt: 5,
    localTimes: [{ zone: "America/New_York", minutesFromUtc: -300 }], price: 0.5, brand: "Zürich 🚲",
  }]);
});

test("attributes of senders of any letters are read as columns, each the sender's own", () => {
  const brands = ["é", "🚲🚲", "plain", null, "ü x"];
  class Rules {
    key(message) {
      return message.attribute("brand");
    }
    select(brand, _, senders) {
      senders.only("of another brand", (sender) => sender.attribute("brand") === brand);
    }
  }
  const sample = new Sample().strategy();
  brands.forEach((brand, at) => sample.sender(`S${at}`, { attributes: brand === null ? {} : { brand } }));
  brands.forEach((brand) => sample.message("+12125550100", { attributes: brand === null ? {} : { brand } }));
  const policy = sample.policy(Rules);
  brands.forEach((_, at) => assert.equal(sample.answer(policy, at).sender, `S${at}`));
});

test("a new revision is read anew", () => {
  const sample = new Sample().sender("S1").strategy({ senderIds: ["S1"] }).message("+12125550100");
  class Rules {
    select(_, scope, senders) {
      senders.only("not this one", ({ id }) => id === scope.attribute("only"));
    }
  }
  sample.attributes(level.APPLICATION, { only: "S1" });
  const policy = sample.policy(Rules);
  assert.equal(sample.answer(policy).sender, "S1");
  sample.attributes(level.APPLICATION, { only: "S2" });
  assert.equal(sample.answer(policy).sender, "S1");
  sample.revision = 2;
  assert.equal(sample.answer(policy).reason, reason.NO_ELIGIBLE_SENDER);
});
