// `explain`: the same steps, noted.

import { membersOf } from "./candidates.js";
import { Columns, MessageView, SenderFacts } from "./views.js";
import { marks, narrowing, reason, standing, step, verdict } from "./words.js";

/** Answers a request, and explains the answer. */
export function explain(policy, refusalText, request) {
  const { host } = policy;
  const message = new MessageView(host, request);
  const noted = { strategies: [], pin: null, bestTypes: null, nearest: null, chosen: null, strategy: null };
  const observer = {
    strategy(strategy, of) {
      noted.strategies.push({ strategy: strategy.strategy, verdict: of });
      if (of === 0) noted.strategy = strategy;
    },
    pin: (pin) => (noted.pin = pin),
    bestTypes: (group) => (noted.bestTypes = group),
    nearest: (group) => (noted.nearest = group),
    chosen: (why) => (noted.chosen = why),
  };
  const answer = policy.decide(request, message, observer);
  const own = policy.rules.refuseBefore?.(message)
    ?? (answer.tag === "decided" ? policy.rules.refuseAfter?.(message, answer.val) : null);
  const trace = { strategies: noted.strategies, senders: [], pin: noted.pin, stages: [], reasons: [], answer };
  // Without a strategy no sender was considered.
  if (noted.strategy) senders(policy, request, message, noted, trace);
  if (own) refuse(trace, own, refusalText);
  return trace;
}

/** Makes a decision the refusal that the rules made of it. */
function refuse(trace, own, refusalText) {
  const chosen = trace.senders.find((note) => note.verdict === verdict.CHOSEN);
  if (chosen && own.reason === reason.OWN) {
    chosen.verdict = verdict.EXCLUDED_BY_POLICY;
    chosen.reason = trace.reasons.push(refusalText(own.code, own.detail).message) - 1;
  }
  trace.answer = { tag: "refused", val: own };
}

function senders(policy, request, message, noted, trace) {
  const { host } = policy;
  const { scope, messageType, country, channel } = request;
  const pool = { scope, strategy: noted.strategy.strategy, messageType, country, channel, healthy: false };
  const itself = request.marks & marks.ITSELF ? host.senders.itself(request.message) : [];
  const selection = policy.select(request, policy.rules.key?.(message) ?? null);
  const out = narrow(host, request, noted, pool, itself, selection, trace.stages);
  const decided = trace.answer.tag === "decided" ? trace.answer.val : null;
  const rest = decided?.step === step.STICKY
    ? { verdict: verdict.PINNED_ELSEWHERE }
    : noted.chosen !== null ? { verdict: verdict.LESS_PREFERRED, reason: noted.chosen } : { verdict: verdict.SPREAD_ELSEWHERE };
  const used = new Map();
  const index = (why) => {
    if (why === undefined) return null;
    if (!used.has(why)) used.set(why, trace.reasons.push(inWords(why, message)) - 1);
    return used.get(why);
  };
  for (const { sender, standing: stands } of host.senders.allConsidered(pool)) {
    const own = stands === standing.CANDIDATE && itself.includes(sender) ? standing.RECIPIENT : stands;
    const found = sender === decided?.sender
      ? { verdict: verdict.CHOSEN }
      : own !== standing.CANDIDATE ? { verdict: verdict.EXCLUDED } : out.get(sender) ?? rest;
    trace.senders.push({ sender, verdict: found.verdict, standing: own, reason: index(found.reason) });
  }
}

/** Goes through the steps that were reached: the senders that each left out, with the verdict and the reason. */
function narrow(host, request, noted, pool, itself, selection, stages) {
  const out = new Map();
  const columns = Columns.ofPool(host, pool);
  const all = host.senders.candidates(pool).map((candidate, index) => new SenderFacts(candidate, columns, index));
  let left = all.filter(({ candidate }) => !itself.includes(candidate.sender));
  const keep = (of, verdictOn) => {
    left = left.filter((facts) => {
      const found = verdictOn(facts);
      if (found) out.set(facts.candidate.sender, found);
      return !found;
    });
    stages.push({ step: of, left: left.map(({ candidate }) => candidate.sender) });
  };
  keep(narrowing.CANDIDATES, () => null);
  if (selection.filters.length > 0) {
    keep(narrowing.FILTER, (facts) => {
      const by = selection.excludedBy(facts);
      return by < 0 ? null : { verdict: verdict.EXCLUDED_BY_POLICY, reason: selection.reasons[by] };
    });
  }
  if (noted.strategy.skipUnhealthy && left.length > 0) {
    const reported = request.marks & marks.UNHEALTHY ? host.signals.unhealthy(pool) : [];
    const unhealthy = new Set(reported.map(({ sender }) => sender));
    const everyOne = left.every(({ candidate }) => unhealthy.has(candidate.sender));
    keep(narrowing.HEALTHY, ({ candidate }) =>
      unhealthy.has(candidate.sender) && !everyOne ? { verdict: verdict.UNHEALTHY } : null);
  }
  // A pin decided, or no candidate was left.
  if (!noted.bestTypes || !noted.nearest) return out;
  if (selection.preferences.length > 0) {
    const { others } = selection.divide(left);
    const less = new Map(others.map(({ facts, reason: why }) => [facts, selection.reasons[why]]));
    keep(narrowing.PREFERENCE, (facts) =>
      less.has(facts) ? { verdict: verdict.LESS_PREFERRED, reason: less.get(facts) } : null);
  }
  for (const [of, group, what] of [
    [narrowing.TYPE_PRIORITY, noted.bestTypes, verdict.LOWER_PRIORITY],
    [narrowing.GEOLOCATED, noted.nearest, verdict.FARTHER],
  ]) {
    const isMember = membersOf(host, group);
    keep(of, ({ candidate }) => (isMember(candidate) ? null : { verdict: what }));
  }
  return out;
}

/** A reason with the message's attributes in place of their names in braces. */
const inWords = (text, message) => text.replace(/\{([^}]*)\}/g, (_, name) => message.attribute(name) ?? "none");
