// The numbers of the contract that stand for words, by name. A policy leaves alone numbers that it does not know.

/** Channels. */
export const channel = Object.freeze({ SMS: 0, MMS: 1, RCS: 2 });

/** Types of senders. */
export const senderType = Object.freeze({
  ALPHANUMERIC: 0,
  LONG_NUMBER: 1,
  SHORT_CODE: 2,
  TOLL_FREE_NUMBER: 3,
  RCS_AGENT: 4,
});

/** The types that this version knows. */
export const KNOWN_TYPES = Object.freeze([0, 1, 2, 3, 4]);

/** The set of all known types. */
export const ALL_TYPES = 0b11111;

/** The set of one type; empty for a number that no set can hold. */
export const onlyType = (type) => (type < 31 ? 1 << type : 0);

/** The levels of strategies, default senders and attributes of a scope. */
export const level = Object.freeze({ APPLICATION: 0, ENTITY: 1 });

/** The steps that decide. */
export const step = Object.freeze({ STICKY: 0, AREA_CODE: 1, OVERLAY: 2, REGION: 3, POOL: 4, DEFAULT_SENDER: 5 });

/** Reasons of a refusal. */
export const reason = Object.freeze({
  OWN: 0,
  NO_STRATEGY: 1,
  CHANNEL_NOT_ALLOWED: 2,
  COUNTRY_NOT_ALLOWED: 3,
  NO_ELIGIBLE_SENDER: 4,
});

/** What is unusual about a message: bits of `request.marks`. */
export const marks = Object.freeze({ ITSELF: 1, UNHEALTHY: 2 });

/** How near a sender is to an area code. */
export const near = Object.freeze({ ANYWHERE: 0, SAME: 1, OVERLAY: 2, REGION: 3 });

/** How a sender stands to a pool, as far as the SDK needs it. */
export const standing = Object.freeze({ CANDIDATE: 0, RECIPIENT: 11 });

/** Texts of a message. */
export const field = Object.freeze({
  MESSAGE_ID: 0,
  APPLICATION_ID: 1,
  ENTITY_ID: 2,
  RECIPIENT: 3,
  MESSAGE_TYPE: 4,
});

/** Verdicts on strategies. */
export const strategyVerdict = Object.freeze({
  CHOSEN: 0,
  REPLACED_BY_ENTITY: 1,
  OTHER_CHANNEL: 2,
  OTHER_COUNTRIES: 3,
  LESS_SPECIFIC: 4,
});

/** Verdicts on senders. */
export const verdict = Object.freeze({
  CHOSEN: 0,
  EXCLUDED: 1,
  EXCLUDED_BY_POLICY: 2,
  UNHEALTHY: 3,
  LOWER_PRIORITY: 4,
  FARTHER: 5,
  LESS_PREFERRED: 6,
  SPREAD_ELSEWHERE: 7,
  PINNED_ELSEWHERE: 8,
});

/** Steps that narrow the senders. */
export const narrowing = Object.freeze({
  CANDIDATES: 0,
  FILTER: 1,
  HEALTHY: 2,
  TYPE_PRIORITY: 3,
  GEOLOCATED: 4,
  PREFERENCE: 5,
});

/** The number of a country, such as that of `US`. */
export function country(text) {
  if (typeof text !== "string" || !/^[A-Z]{2}$/.test(text)) {
    throw new Error(`${JSON.stringify(text)} is not a country: give two letters, such as GB`);
  }
  return text.charCodeAt(0) * 256 + text.charCodeAt(1);
}

/** A country in its two letters. */
export const countryText = (number) => String.fromCharCode(number >> 8, number & 255);
