// Step 4: the candidates. The host knows them all; those that rules select are in the policy's memory.

import { Spread } from "./spread.js";
import { Columns, SenderFacts } from "./views.js";
import { ALL_TYPES, near, onlyType, senderType } from "./words.js";

/** The part of a pool with these types, or its long numbers near to an area code. */
export const group = (types, how = near.ANYWHERE, areaCode = 0) =>
  how === near.ANYWHERE
    ? { types, near: how, areaCode: 0 }
    : { types: onlyType(senderType.LONG_NUMBER), near: how, areaCode };

/** Says of a candidate whether it is in a group. */
export function membersOf(host, { types, near: how, areaCode }) {
  if (how === near.ANYWHERE) return ({ senderType: type }) => (types & ALL_TYPES & onlyType(type)) !== 0;
  const codes = new Set(how === near.SAME ? [areaCode] : host.senders.nearCodes(how, areaCode));
  return ({ senderType: type, areaCode: code }) => type === senderType.LONG_NUMBER && code !== 0 && codes.has(code);
}

/** A pool that stays with the host, without some of its senders: the recipient itself. */
export class HostPool {
  constructor(host, pool, without) {
    this.host = host;
    this.pool = pool;
    this.without = without.map((sender) => host.senders.candidateOf(pool, sender)).filter(Boolean);
    this.isEmpty = this.count(group(ALL_TYPES)) === 0;
  }

  count(part) {
    const count = this.host.senders.count(this.pool, part);
    if (count === 0 || this.without.length === 0) return count;
    return count - this.without.filter(membersOf(this.host, part)).length;
  }

  contains(sender) {
    return this.host.senders.contains(this.pool, sender) && this.without.every((without) => without.sender !== sender);
  }

  /** The sender of a group that a message is spread to. The host leaves out the recipient. */
  spread(part, request) {
    return this.host.senders.spreadOf(request.message, this.pool, part) ?? null;
  }

  /** Those of a group, in the order of the pool. */
  list(part) {
    const isMember = membersOf(this.host, part);
    const isLeft = ({ sender }) => this.without.every((without) => without.sender !== sender);
    return this.host.senders.candidates(this.pool).filter((candidate) => isMember(candidate) && isLeft(candidate));
  }
}

/** The senders of a pool that rules select. */
export class SelectedPool {
  #spreads = new Map();

  constructor(host, pool, selection, without) {
    this.host = host;
    const everyone = { ...pool, healthy: false };
    const unhealthy = new Set(pool.healthy ? host.signals.unhealthy(everyone).map(({ sender }) => sender) : []);
    const columns = Columns.ofPool(host, everyone);
    const left = [];
    host.senders.candidates(everyone).forEach((candidate, index) => {
      const { sender, senderType: type } = candidate;
      const isOut = without.includes(sender) || unhealthy.has(sender) || (ALL_TYPES & onlyType(type)) === 0;
      const facts = new SenderFacts(candidate, columns, index);
      if (!isOut && selection.excludedBy(facts) < 0) left.push(facts);
    });
    const { preferred } = selection.divide(left);
    this.all = new Set(left.map(({ candidate }) => candidate.sender));
    this.preferred = preferred.map(({ candidate }) => candidate);
    this.isEmpty = this.preferred.length === 0;
  }

  count(part) {
    return this.list(part).length;
  }

  /** Whether a sender is a candidate, preferred or not. */
  contains(sender) {
    return this.all.has(sender);
  }

  spread(part, request) {
    const key = `${part.types} ${part.near} ${part.areaCode}`;
    let spread = this.#spreads.get(key);
    if (!spread) {
      // There are 800 area codes, of which some may have all senders of a large pool.
      if (this.#spreads.size >= 1000) this.#spreads.clear();
      spread = new Spread(this.list(part));
      this.#spreads.set(key, spread);
    }
    return spread.choose(request.recipient);
  }

  list(part) {
    return this.preferred.filter(membersOf(this.host, part));
  }
}
