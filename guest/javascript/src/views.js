// What rules can see: of a message, of its scope, of senders. What is read is kept as long as it holds.

import { NO_KEY, bits, numberOf } from "./keys.js";
import { field, level } from "./words.js";

const names = new Map();
const MAX_NAMES = 1000;

/** The key of a name, which is the same for ever. */
function nameKey(host, name) {
  let key = names.get(name);
  if (key === undefined) {
    if (names.size >= MAX_NAMES) names.clear();
    key = host.attributes.keyOf(name);
    names.set(name, key);
  }
  return key;
}

const orNull = (number) => (number === null || number === undefined || Number.isNaN(number) ? null : number);

/** What depends on the scope, the channel and the country alone, and so holds until the scope's revision changes. */
export class ScopeView {
  #host;
  #request;

  constructor(host, request) {
    this.#host = host;
    this.#request = request;
  }

  /** `applicationId`; `default` for a message that names none. */
  get applicationId() {
    return this.#host.messages.text(this.#request.message, field.APPLICATION_ID) ?? "default";
  }

  /** `entityId`; null for the application's own scope. */
  get entityId() {
    return this.#host.messages.text(this.#request.message, field.ENTITY_ID) ?? null;
  }

  /** The channel, a number of `channel`. */
  get channel() {
    return this.#request.channel;
  }

  /** The destination country, a number; see `countryText`. */
  get country() {
    return this.#request.country;
  }

  /** An attribute of the entity, or else of the application; null if there is none. */
  attribute(name) {
    return this.attributeOf(level.ENTITY, name) ?? this.attributeOf(level.APPLICATION, name);
  }

  /** An attribute of the entity or of the application. */
  attributeOf(of, name) {
    return this.#host.attributes.scopeText(this.#request.scope, of, nameKey(this.#host, name)) ?? null;
  }

  /** The same as a number; null if it is not a finite decimal number. */
  attributeNumberOf(of, name) {
    return orNull(this.#host.attributes.scopeNumber(this.#request.scope, of, nameKey(this.#host, name)));
  }

  /** The key of such an attribute, to compare with others; null if there is none. */
  attributeKeyOf(of, name) {
    return keyOrNull(this.#host.attributes.scopeKey(this.#request.scope, of, nameKey(this.#host, name)));
  }
}

const keyOrNull = (key) => (key === NO_KEY ? null : key);

/** A message: what is worked out from it holds for this message alone. */
export class MessageView {
  #host;

  constructor(host, request) {
    this.#host = host;
    /** The request as the host made it. */
    this.request = request;
  }

  /** The scope of the message. */
  get scope() {
    return new ScopeView(this.#host, this.request);
  }

  /** The recipient as a hash, evenly distributed: 16 hexadecimal digits. */
  get recipient() {
    return this.request.recipient;
  }

  /** The recipient's number: E.164 with its `+`. */
  get number() {
    return this.#text(field.RECIPIENT);
  }

  /** `messageId`; empty if it has none. */
  get id() {
    return this.#text(field.MESSAGE_ID);
  }

  /** `messageType`; empty if it has none. */
  get messageType() {
    return this.#text(field.MESSAGE_TYPE);
  }

  #text(of) {
    return this.#host.messages.text(this.request.message, of) ?? "";
  }

  /** The channel, a number of `channel`. */
  get channel() {
    return this.request.channel;
  }

  /** The destination country, a number; see `countryText`. */
  get country() {
    return this.request.country;
  }

  /** The first three national digits of a destination of country code 1, else 0. */
  get areaCode() {
    return this.request.areaCode;
  }

  /** When the message goes out, in seconds since 1970-01-01 UTC; null if the gateway was not told. */
  get sentAt() {
    const sentAt = this.#host.times.sentAt(this.request.message);
    return sentAt === null || sentAt === undefined ? null : numberOf(sentAt);
  }

  /**
   * The local times that the recipient may have when the message goes out: several where the number does not tell. Each has
   * the `zone`, by its name, and `minutesFromUtc`; null if the time is not known.
   */
  get localTimes() {
    return this.#host.times.zonesOf(this.request.message).map(({ zone, minutesFromUtc }) => ({
      zone: this.#host.times.zoneName(zone) ?? "",
      minutesFromUtc: minutesFromUtc ?? null,
    }));
  }

  /** An attribute; null if it has none of that name. */
  attribute(name) {
    return this.#host.attributes.messageText(this.request.message, nameKey(this.#host, name)) ?? null;
  }

  /** An attribute as a number; null if it is not a finite decimal number. */
  attributeNumber(name) {
    return orNull(this.#host.attributes.messageNumber(this.request.message, nameKey(this.#host, name)));
  }

  /** The key of an attribute; null if it has none. It equals that of a sender or scope if their texts are equal. */
  attributeKey(name) {
    return keyOrNull(this.#host.attributes.messageKey(this.request.message, nameKey(this.#host, name)));
  }

  /** Which of 1,000 equal parts of the recipients this one is in, 0 to 999. Each experiment divides them in another way. */
  partOfThousand(experiment) {
    const mask = (1n << 64n) - 1n;
    let salt = 0xcbf29ce484222325n;
    for (const byte of utf8(experiment)) salt = ((salt ^ BigInt(byte)) * 0x100000001b3n) & mask;
    let hash = ((bits(this.recipient) ^ salt) * 0x9e3779b97f4a7c15n) & mask;
    hash ^= hash >> 32n;
    hash = (hash * 0xd6e8feb86659fd93n) & mask;
    hash ^= hash >> 32n;
    return Number((hash * 1000n) >> 64n);
  }
}

/** The bytes of a text. The engine of policies has no `TextEncoder`. */
function utf8(text) {
  return [...unescape(encodeURIComponent(text))].map((byte) => byte.charCodeAt(0));
}

const NO_TEXT = 0xffffffff;

/** The texts of a column, which come in one piece with the ends in bytes. */
function texts({ text, ends }) {
  let bytes = 0;
  let at = 0;
  return Array.from(ends, (end) => {
    if (end === NO_TEXT) return null;
    const start = at;
    while (bytes < end) {
      const code = text.codePointAt(at);
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      at += code < 0x10000 ? 1 : 2;
    }
    return text.slice(start, at);
  });
}

const keyOfBits = (key) => (typeof key === "bigint" ? key.toString(16).padStart(16, "0") : key);

/** How each kind of column is read: of a pool, and of one sender. */
const COLUMNS = {
  address: {
    all: (host, pool) => texts(host.senders.addresses(pool)),
    one: (host, scope, sender) => host.senders.describe(scope, sender)?.address,
  },
  id: {
    all: (host, pool) => texts(host.senders.ids(pool)),
    one: (host, scope, sender) => host.senders.describe(scope, sender)?.id,
  },
  text: {
    all: (host, pool, name) => texts(host.attributes.senderTexts(pool, name)),
    one: (host, scope, sender, name) => host.attributes.senderText(scope, sender, name),
  },
  number: {
    all: (host, pool, name) => host.attributes.senderNumbers(pool, name),
    one: (host, scope, sender, name) => host.attributes.senderNumber(scope, sender, name),
  },
  key: {
    all: (host, pool, name) => Array.from(host.attributes.senderKeys(pool, name), keyOfBits),
    one: (host, scope, sender, name) => host.attributes.senderKey(scope, sender, name),
  },
};

/** Columns of a pool, or of one sender, each read when it is first asked for. */
export class Columns {
  #host;
  #scope;
  #pool;
  #sender;
  #kept = { address: new Map(), id: new Map(), text: new Map(), number: new Map(), key: new Map() };

  constructor(host, scope, pool, sender) {
    this.#host = host;
    this.#scope = scope;
    this.#pool = pool;
    this.#sender = sender;
  }

  /** Of all senders of a pool, in the order of its candidates. */
  static ofPool(host, pool) {
    return new Columns(host, pool.scope, pool, null);
  }

  /** Of one sender, which need not be in any pool. */
  static ofSender(host, scope, sender) {
    return new Columns(host, scope, null, sender);
  }

  /** The values of a kind under the name of an attribute. */
  column(kind, name) {
    const kept = this.#kept[kind];
    let values = kept.get(name);
    if (values === undefined) {
      const { all, one } = COLUMNS[kind];
      const key = name === "" ? null : nameKey(this.#host, name);
      values = this.#pool ? all(this.#host, this.#pool, key) : [one(this.#host, this.#scope, this.#sender, key)];
      kept.set(name, values);
    }
    return values;
  }
}

/** What rules see of a sender. All of it is part of the scope's revision, so what is worked out from it can be kept. */
export class SenderFacts {
  #columns;
  #index;

  constructor(candidate, columns, index) {
    this.candidate = candidate;
    this.#columns = columns;
    this.#index = index;
  }

  /** Its type, a number of `senderType`. */
  get senderType() {
    return this.candidate.senderType;
  }

  /** Whether it is of a type. */
  isA(type) {
    return this.candidate.senderType === type;
  }

  /** The area code of a long number of country code 1, else 0. */
  get areaCode() {
    return this.candidate.areaCode;
  }

  /** Its share of the spread, 1 to 1000. */
  get weight() {
    return this.candidate.weight;
  }

  /** The number or name that recipients see; E.164 with its `+` for a number that has one. */
  get address() {
    return this.#columns.column("address", "")[this.#index] ?? "";
  }

  /** `senderId`. */
  get id() {
    return this.#columns.column("id", "")[this.#index] ?? "";
  }

  /** An attribute; null if it has none of that name. */
  attribute(name) {
    return this.#columns.column("text", name)[this.#index] ?? null;
  }

  /** An attribute as a number; null if it is not a finite decimal number. */
  attributeNumber(name) {
    return orNull(this.#columns.column("number", name)[this.#index]);
  }

  /** The key of an attribute; null if it has none. It equals that of a message or scope if their texts are equal. */
  attributeKey(name) {
    const key = this.#columns.column("key", name)[this.#index];
    return key === NO_KEY || key === undefined ? null : key;
  }
}

/** A sender that is left for a message, among which `choose` chooses. */
export class Contender extends SenderFacts {
  #host;
  #scope;

  constructor(host, scope, candidate) {
    super(candidate, Columns.ofSender(host, scope, candidate.sender), 0);
    this.#host = host;
    this.#scope = scope;
  }

  /** What the platform reports of the sender under a name, such as its load; null if it reports none. */
  signal(name) {
    return orNull(this.#host.signals.number(this.#scope, this.candidate.sender, nameKey(this.#host, name)));
  }

  /** Chooses this sender. `reason` says what is better about it: `the least loaded`. */
  pick(reason) {
    return { sender: this.candidate.sender, reason };
  }
}
