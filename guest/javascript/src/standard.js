// The standard policy: steps 3 to 9 of the specification, with rules of a policy's own. It decides by itself; the host is asked
// about pools, and spreads recipients over those that rules leave alone.

import { group, HostPool, SelectedPool } from "./candidates.js";
import { byteOf, NO_KEY } from "./keys.js";
import { refusalOf } from "./refusal.js";
import { Selection } from "./selection.js";
import { choose } from "./strategy.js";
import { Columns, Contender, MessageView, ScopeView, SenderFacts } from "./views.js";
import { ALL_TYPES, country, KNOWN_TYPES, marks, near, onlyType, reason, senderType, standing, step } from "./words.js";

/** How many plans are kept, and for how many senders: those of rules are in the policy's memory. */
const MAX_PLANS = 2000;
const MAX_KEPT_SENDERS = 50_000;

/** Nothing is noted of a decision that nobody explains. */
const NOBODY = Object.freeze({ strategy() {}, pin() {}, bestTypes() {}, nearest() {}, chosen() {} });

const GEOLOCATED = [country("US"), country("CA")];

const STEPS = { [near.SAME]: step.AREA_CODE, [near.OVERLAY]: step.OVERLAY, [near.REGION]: step.REGION };

const refused = (refusal) => ({ tag: "refused", val: refusal });

/** The standard policy, for the rules of a class. */
export class Standard {
  #plans = new Map();
  #senders = 0;

  constructor(host, rules = {}) {
    this.host = host;
    this.rules = rules;
  }

  /** Answers a request. */
  resolve(request, observer = NOBODY) {
    const message = new MessageView(this.host, request);
    const before = this.rules.refuseBefore?.(message);
    if (before) return refused(before);
    const answer = this.decide(request, message, observer);
    const after = answer.tag === "decided" ? this.rules.refuseAfter?.(message, answer.val) : null;
    return after ? refused(after) : answer;
  }

  /** Steps 3 to 9, without the refusals of the rules. */
  decide(request, message, observer) {
    const key = this.rules.key?.(message) ?? null;
    const { strategy, refusal, rule } = this.#plan(request, key, observer);
    if (refusal) return refused(refusal);
    const ask = { request, message, key, strategy, observer };
    const itself = request.marks & marks.ITSELF ? this.host.senders.itself(request.message) : [];
    if (itself.some((sender) => rule.senders.contains(sender))) {
      return this.#decideHealthy(ask, new Rule(this, ask, false, itself), itself);
    }
    return this.#decideHealthy(ask, rule, itself);
  }

  /** What rules say of the senders of a scope. */
  select(request, key) {
    const selection = new Selection();
    this.rules.select?.(key, new ScopeView(this.host, request), selection);
    return selection;
  }

  /** Steps 3, 4 and 6, kept while the revision lasts. */
  #plan(request, key, observer) {
    const { scope, channel, country: to, messageType, revision } = request;
    const name = `${scope} ${channel} ${to} ${messageType} ${JSON.stringify(key)}`;
    let plan = observer === NOBODY ? this.#plans.get(name) : undefined;
    if (plan?.revision !== revision) {
      const note = (strategy, verdict) => observer.strategy(strategy, verdict);
      const { strategy, refusal } = choose(this.host.strategies.strategiesOf(scope, to), channel, note);
      const rule = strategy ? new Rule(this, { request, key, strategy }, false, []) : null;
      plan = { revision, strategy, refusal, rule };
      if (observer === NOBODY) this.#keep(name, plan);
    }
    return plan;
  }

  #keep(name, plan) {
    const kept = plan.rule?.senders.all?.size ?? 0;
    this.#senders += kept;
    if (this.#plans.size >= MAX_PLANS || this.#senders > MAX_KEPT_SENDERS) {
      this.#plans.clear();
      this.#senders = kept;
    }
    this.#plans.set(name, plan);
  }

  /** Step 4, `skipUnhealthySenders`: those that are not unhealthy go on; all, where every one is. */
  #decideHealthy(ask, rule, itself) {
    if (rule.senders.isEmpty) return this.#defaultSender(ask, rule, itself);
    const skips = ask.strategy.skipUnhealthy && (ask.request.marks & marks.UNHEALTHY) !== 0;
    if (skips && this.host.signals.healthOf(rule.pool) !== NO_KEY) {
      const healthy = new Rule(this, ask, true, itself);
      if (!healthy.senders.isEmpty) return this.#decideAmong(ask, healthy, rule);
    }
    return this.#decideAmong(ask, rule, null);
  }

  /** Steps 5 to 9. `all` is the rule of which this one has the healthy senders. */
  #decideAmong({ request, message, strategy, observer }, rule, all) {
    // 5. Sticky.
    let pin = strategy.sticky;
    if (pin) {
      const found = this.host.sticky.pinOf(request.message);
      observer.pin(found);
      if (found.tag === "held") {
        if (rule.senders.contains(found.val)) return decided(found.val, strategy, step.STICKY, false);
        // A pin that only health kept out stays, and what follows decides this message alone.
        pin = !all?.senders.contains(found.val);
      }
    }
    // 6. Type priority, 7. Geolocated.
    observer.bestTypes(group(rule.types));
    const part = rule.nearest(strategy.geolocated && GEOLOCATED.includes(request.country) ? request.areaCode : 0);
    observer.nearest(part);
    // 8. Spread, unless the rules choose. 9. Pin.
    const choice = this.rules.choose?.(message, this.#left(request, rule, part));
    if (choice) observer.chosen(choice.reason);
    const sender = choice ? choice.sender : rule.senders.spread(part, request);
    if (sender === null) return refused(refusalOf(reason.NO_ELIGIBLE_SENDER));
    return decided(sender, strategy, STEPS[part.near] ?? step.POOL, pin);
  }

  /** The senders left after step 7, read only if the rules look at them. */
  #left(request, rule, part) {
    let contenders = null;
    const read = () => rule.senders.list(part).map((candidate) => new Contender(this.host, request.scope, candidate));
    return {
      get contenders() {
        return (contenders ??= read());
      },
    };
  }

  #defaultSender({ request, key, strategy }, rule, itself) {
    // For each message: entities that have nothing of their own share a scope.
    const selection = this.select(request, key);
    const usable = ({ sender, standing: stands, senderType: type, weight, areaCode }) => {
      if (stands !== standing.CANDIDATE || (ALL_TYPES & onlyType(type)) === 0 || itself.includes(sender)) return false;
      const columns = Columns.ofSender(this.host, request.scope, sender);
      const facts = new SenderFacts({ sender, senderType: type, weight, areaCode, key: NO_KEY }, columns, 0);
      return selection.excludedBy(facts) < 0;
    };
    const found = this.host.senders.defaultSenders(rule.pool).find(usable);
    return found
      ? decided(found.sender, strategy, step.DEFAULT_SENDER, false)
      : refused(refusalOf(reason.NO_ELIGIBLE_SENDER));
  }
}

function decided(sender, { strategy }, of, pin) {
  return { tag: "decided", val: { sender, strategy, step: of, pin } };
}

/** A strategy, applied to a channel, a country and a message type: steps 4 and 6. */
class Rule {
  #nearest = new Map();

  constructor(policy, { request, key, strategy }, healthy, without) {
    const { scope, messageType, country: to, channel } = request;
    this.pool = { scope, strategy: strategy.strategy, messageType, country: to, channel, healthy };
    const selection = policy.select(request, key);
    this.senders = selection.isEmpty
      ? new HostPool(policy.host, this.pool, without)
      : new SelectedPool(policy.host, this.pool, selection, without);
    this.types = this.senders.isEmpty ? 0 : bestTypes(strategy.priorities, this.senders);
  }

  /**
   * Step 7: of the long numbers left, the first group that is not empty: with the same area code, with one that directly
   * overlays it, with one of the same state or province. If all are empty, everything that was left.
   */
  nearest(areaCode) {
    let part = this.#nearest.get(areaCode);
    if (!part) {
      const isLong = areaCode !== 0 && (this.types & onlyType(senderType.LONG_NUMBER)) !== 0;
      const groups = [near.SAME, near.OVERLAY, near.REGION].map((how) => group(this.types, how, areaCode));
      part = (isLong && groups.find((candidate) => this.senders.count(candidate) > 0)) || group(this.types);
      this.#nearest.set(areaCode, part);
    }
    return part;
  }
}

/** Step 6: the types with the best priority that any candidate has. Types that the strategy does not name share the last place. */
function bestTypes(priorities, senders) {
  const rank = (type) => byteOf(priorities, type) || 255;
  const ranks = [...new Set(KNOWN_TYPES.map(rank))].sort((a, b) => a - b);
  const typesOf = (wanted) =>
    KNOWN_TYPES.filter((type) => rank(type) === wanted).reduce((set, type) => set | onlyType(type), 0);
  // The last place needs no count: all that is left is in it.
  const best = ranks.find((wanted, index) => index === ranks.length - 1 || senders.count(group(typesOf(wanted))) > 0);
  return typesOf(best);
}
