// Plain data for tests without WebAssembly. It answers every read as the host does.

import { explain } from "./explain.js";
import { bits, keyOf, NO_KEY } from "./keys.js";
import { mix, Spread } from "./spread.js";
import { Standard } from "./standard.js";
import { membersOf } from "./candidates.js";
import { channel, country, field, level, marks, senderType, standing } from "./words.js";

const MASK = (1n << 64n) - 1n;

/** A key of a text; not that of the host, so recipients may be spread to others there. */
function keyOfText(text) {
  let hash = 0xcbf29ce484222325n;
  for (const letter of text) hash = mix(((hash ^ BigInt(letter.codePointAt(0))) * 0x100000001b3n) & MASK);
  return keyOf(hash || 1n);
}

const valueOf = (attributes, name) =>
  Object.entries(attributes ?? {}).find(([own]) => keyOfText(own) === name)?.[1] ?? null;

function numberOf(text) {
  const is = text !== null && /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text.trim());
  return is ? Number(text) : null;
}

const keyOrNone = (text) => (text === null ? NO_KEY : keyOfText(text));

/**
 * One scope, with senders that are all candidates and strategies, both numbered from 0. It answers alike for every channel and
 * country; RCS agents are candidates for RCS alone.
 */
export class Sample {
  #senders = [];
  #strategies = [];
  #defaults = [];
  #messages = [];
  #overlays = new Map();
  #regions = new Map();
  #attributes = [{}, {}];
  #texts = { [field.APPLICATION_ID]: "default" };
  revision = 1;

  /** What the policy logged. */
  logged = [];

  /** Adds a sender: `{id, type, address, areaCode, weight, attributes, messageTypes, unhealthy, signals}`, all but the id optional. */
  sender(id, options = {}) {
    const { type = senderType.LONG_NUMBER, areaCode = 0, weight = 1, ...rest } = options;
    const address = `+1555${String(this.#senders.length).padStart(7, "0")}`;
    this.#senders.push({ id, type, areaCode, weight, address, attributes: {}, signals: {}, unhealthy: false, ...rest });
    return this;
  }

  /** Adds a strategy: `{level, channel, countries, sticky, geolocated, skipUnhealthy, priorities, senderIds}`, all optional. */
  strategy(options = {}) {
    this.#strategies.push({
      level: level.APPLICATION, channel: null, countries: "all", sticky: false, geolocated: false, skipUnhealthy: false,
      priorities: [], senderIds: null, ...options,
    });
    return this;
  }

  /** Makes a sender a default sender, of the application unless `of` says otherwise. */
  defaultSender(id, of = level.APPLICATION) {
    this.#defaults.push({ sender: this.#indexOf(id), level: of });
    return this;
  }

  /** Sets attributes of the application or of the entity. */
  attributes(of, attributes) {
    this.#attributes[of] = attributes;
    return this;
  }

  /** Sets the ids of the scope. */
  scope({ applicationId = "default", entityId = null }) {
    this.#texts = { [field.APPLICATION_ID]: applicationId, [field.ENTITY_ID]: entityId };
    return this;
  }

  /** Says that two area codes overlay each other, or serve one region. */
  near({ overlay = [], region = [] }) {
    for (const [codes, map] of [[overlay, this.#overlays], [region, this.#regions]]) {
      for (const code of codes) map.set(code, codes);
    }
    return this;
  }

  /**
   * Adds a message: `{to, channel, country, areaCode, id, messageType, attributes, pin, sentAt, zones}`, all but `to` optional.
   * `pin` is the id of a sender, or `gone`; a zone is `{zone, minutesFromUtc}`.
   */
  message(to, options = {}) {
    this.#messages.push({
      to, channel: channel.SMS, country: country("US"), areaCode: /^\+1\d{10}$/.test(to) ? Number(to.slice(2, 5)) : 0,
      id: null, messageType: null, attributes: {}, pin: null, sentAt: null, zones: [], ...options,
    });
    return this;
  }

  #indexOf(id) {
    const index = this.#senders.findIndex((sender) => sender.id === id);
    if (index < 0) throw new Error(`the sample has no sender ${id}`);
    return index;
  }

  /** The request of a message, counted from 0. */
  request(message = 0) {
    const { to, channel: over, country: destination, areaCode, messageType } = this.#messages[message];
    const isItself = this.#senders.some(({ address }) => address === to);
    const isUnhealthy = this.#senders.some(({ unhealthy }) => unhealthy);
    const limited = this.#senders.some(({ messageTypes }) => messageTypes);
    return {
      message, scope: 1, revision: keyOf(this.revision), recipient: keyOf(mix(bits(keyOfText(to)))),
      messageType: messageType && limited ? keyOfText(messageType) : NO_KEY,
      marks: (isItself ? marks.ITSELF : 0) | (isUnhealthy ? marks.UNHEALTHY : 0),
      country: destination, areaCode, channel: over,
    };
  }

  #standing(sender, pool, listed = true) {
    const { type, messageTypes, id } = this.#senders[sender];
    const strategy = pool.strategy === null ? null : this.#strategies[pool.strategy];
    if (type === senderType.RCS_AGENT && pool.channel !== channel.RCS) return 3;
    if (pool.messageType !== NO_KEY && messageTypes && !messageTypes.some((own) => keyOfText(own) === pool.messageType)) return 9;
    if (listed && strategy?.senderIds && !strategy.senderIds.includes(id)) return 10;
    return standing.CANDIDATE;
  }

  #candidate(sender) {
    const { id, weight, areaCode, type } = this.#senders[sender];
    return { key: keyOfText(id), sender, weight, areaCode, senderType: type };
  }

  #pool(pool) {
    const isLeft = (sender) => this.#standing(sender, pool) === 0 && !(pool.healthy && this.#senders[sender].unhealthy);
    const order = (a, b) => a.senderType - b.senderType || a.areaCode - b.areaCode || (a.key < b.key ? -1 : 1);
    return this.#senders.map((_, sender) => sender).filter(isLeft).map((sender) => this.#candidate(sender)).sort(order);
  }

  #group(pool, part) {
    return this.#pool(pool).filter(membersOf(this.host, part));
  }

  #column(pool, of) {
    const values = this.#pool(pool).map(({ sender }) => of(this.#senders[sender]));
    let end = 0;
    const length = (text) => unescape(encodeURIComponent(text)).length;
    const ends = values.map((text) => (text === null ? 0xffffffff : (end += length(text))));
    return { text: values.map((text) => text ?? "").join(""), ends: Uint32Array.from(ends) };
  }

  /** What the policy reads. */
  host = {
    attributes: {
      keyOf: keyOfText,
      messageText: (message, name) => valueOf(this.#messages[message].attributes, name),
      messageNumber: (message, name) => numberOf(valueOf(this.#messages[message].attributes, name)),
      messageKey: (message, name) => keyOrNone(valueOf(this.#messages[message].attributes, name)),
      scopeText: (_, of, name) => valueOf(this.#attributes[of], name),
      scopeNumber: (_, of, name) => numberOf(valueOf(this.#attributes[of], name)),
      scopeKey: (_, of, name) => keyOrNone(valueOf(this.#attributes[of], name)),
      senderText: (_, sender, name) => valueOf(this.#senders[sender].attributes, name),
      senderNumber: (_, sender, name) => numberOf(valueOf(this.#senders[sender].attributes, name)),
      senderKey: (_, sender, name) => keyOrNone(valueOf(this.#senders[sender].attributes, name)),
      senderTexts: (pool, name) => this.#column(pool, ({ attributes }) => valueOf(attributes, name)),
      senderNumbers: (pool, name) =>
        Float64Array.from(this.#pool(pool), ({ sender }) => numberOf(valueOf(this.#senders[sender].attributes, name)) ?? NaN),
      senderKeys: (pool, name) =>
        BigUint64Array.from(this.#pool(pool), ({ sender }) => bits(keyOrNone(valueOf(this.#senders[sender].attributes, name)))),
    },
    log: { write: (severity, line) => this.logged.push(`${severity}: ${line}`) },
    messages: {
      text: (message, of) => {
        const { id, to, messageType } = this.#messages[message];
        const own = { [field.MESSAGE_ID]: id, [field.RECIPIENT]: to, [field.MESSAGE_TYPE]: messageType };
        return { ...this.#texts, ...own }[of] ?? null;
      },
    },
    senders: {
      candidates: (pool) => this.#pool(pool),
      copyUpTo: () => 64,
      count: (pool, part) => this.#group(pool, part).length,
      at: (pool, part, index) => this.#group(pool, part)[index] ?? null,
      contains: (pool, sender) => this.#pool(pool).some((candidate) => candidate.sender === sender),
      candidateOf: (pool, sender) => this.#pool(pool).find((candidate) => candidate.sender === sender) ?? null,
      spread: (pool, part, recipient) => new Spread(this.#group(pool, part)).choose(recipient),
      spreadOf: (message, pool, part) => {
        const itself = this.host.senders.itself(message);
        const left = this.#group(pool, part).filter(({ sender }) => !itself.includes(sender));
        return new Spread(left).choose(this.request(message).recipient);
      },
      itself: (message) =>
        this.#senders.flatMap(({ address }, sender) => (address === this.#messages[message].to ? [sender] : [])),
      nearCodes: (how, areaCode) =>
        how === 1 ? [areaCode] : how === 2
          ? (this.#overlays.get(areaCode) ?? []).filter((code) => code !== areaCode)
          : (this.#regions.get(areaCode) ?? []),
      defaultSenders: (pool) =>
        [...this.#defaults].sort((a, b) => b.level - a.level).map(({ sender, level: of }) => {
          const { weight, areaCode, senderType: type } = this.#candidate(sender);
          return { sender, level: of, standing: this.#standing(sender, pool, false), weight, areaCode, senderType: type };
        }),
      allConsidered: (pool) =>
        this.#senders.map((_, sender) => {
          const { weight, areaCode, senderType: type } = this.#candidate(sender);
          return { sender, weight, areaCode, senderType: type, standing: this.#standing(sender, pool) };
        }),
      describe: (_, sender) => this.#senders[sender] ?? null,
      addresses: (pool) => this.#column(pool, ({ address }) => address),
      ids: (pool) => this.#column(pool, ({ id }) => id),
    },
    settings: { json: () => "{}" },
    signals: {
      healthOf: (pool) => keyOf(this.host.signals.unhealthy(pool).length),
      unhealthy: (pool) =>
        this.#pool({ ...pool, healthy: false })
          .filter(({ sender }) => this.#senders[sender].unhealthy)
          .map(({ sender }) => ({ sender, since: keyOf(1) })),
      number: (_, sender, name) => valueOf(this.#senders[sender].signals, name),
      numbers: (pool, name) =>
        Float64Array.from(this.#pool(pool), ({ sender }) => valueOf(this.#senders[sender].signals, name) ?? NaN),
    },
    sticky: {
      pinOf: (message) => {
        const { pin } = this.#messages[message];
        if (pin === null) return { tag: "none" };
        return pin === "gone" ? { tag: "gone" } : { tag: "held", val: this.#indexOf(pin) };
      },
      pinsOf: () => this.#messages.map((_, message) => this.host.sticky.pinOf(message)),
    },
    strategies: {
      strategiesOf: () =>
        this.#strategies.map(({ senderIds, priorities, ...facts }, strategy) => ({
          ...facts, strategy, priorities: keyOf(priorities.reduce((all, rank, type) => all + rank * 256 ** type, 0)),
        })),
      strategyId: (_, strategy) => (this.#strategies[strategy] ? `STRATEGY-${strategy}` : null),
    },
    times: {
      sentAt: (message) => {
        const { sentAt } = this.#messages[message];
        return sentAt === null ? null : keyOf(sentAt);
      },
      zonesOf: (message) => this.#messages[message].zones.map(({ minutesFromUtc }, zone) => ({ zone, minutesFromUtc })),
      zoneName: (zone) => this.#messages.find(({ zones }) => zones[zone])?.zones[zone].zone ?? null,
    },
  };

  /** The policy for the rules of a class, which keeps what it read from message to message. */
  policy(Rules = class {}, settings = {}) {
    return new Standard(this.host, new Rules(settings));
  }

  /** The answer on a message: `{sender, step, strategy, pin}` with the id of the sender, or `{reason, code, detail}`. */
  answer(policy, message = 0) {
    const { tag, val } = policy.resolve(this.request(message));
    return tag === "decided" ? { ...val, sender: this.#senders[val.sender].id } : val;
  }

  /** The explanation of the answer, with the verdicts by sender: `{S1: {verdict, standing, reason}}`. */
  explain(policy, message = 0) {
    const text = (code) => ({ code: "OWN", message: `refusal ${code}` });
    const trace = explain(policy, text, this.request(message));
    const notes = trace.senders.map(({ sender, verdict, standing: stands, reason }) => [
      this.#senders[sender].id, { verdict, standing: stands, reason: reason === null ? null : trace.reasons[reason] },
    ]);
    return { ...trace, senders: Object.fromEntries(notes) };
  }
}

