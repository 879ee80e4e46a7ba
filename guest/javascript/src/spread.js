// Step 8 for senders that the host does not know as a group, because rules of the policy selected them: the spread of the Rust
// SDK (`guest/sdk/src/spread.rs`), number for number. How it works is said there.

import { bits } from "./keys.js";

const MASK = (1n << 64n) - 1n;
const MAX_WEIGHT = 1000;
const SLOTS_PER_FULL = 8n;
const SLOTS_EACH = 4;
const LAST_SMALL_LEVEL = 8;
const LAST_UNIT_LEVEL = 11;
const FRACTION = 32n;

/** The finaliser of SplitMix64. */
export function mix(x) {
  x = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  x = ((x ^ (x >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return x ^ (x >> 31n);
}

/** Log base 4 in units of 2^-32, one bit at a time. */
function log4(value) {
  const whole = BigInt(value.toString(2).length - 1);
  let mantissa = value << (63n - whole);
  let log2 = whole << FRACTION;
  for (let bit = FRACTION - 1n; bit >= 0n; bit -= 1n) {
    mantissa = (mantissa * mantissa) >> 63n;
    if (mantissa >> 64n !== 0n) {
      mantissa >>= 1n;
      log2 |= 1n << bit;
    }
  }
  return log2 >> 1n;
}

const logOfSlots = (units) => log4(SLOTS_PER_FULL * BigInt(SLOTS_EACH) * (units > 0n ? units : 1n));

/** Candidates, laid out for spreading recipients over them. */
export class Spread {
  constructor(candidates) {
    this.members = candidates.map(({ key, weight, sender }) => ({
      key: bits(key),
      weight: Math.min(Math.max(weight, 1), MAX_WEIGHT),
      sender,
    }));
    this.members.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.sender - b.sender));
    const log = logOfSlots(BigInt(this.members.reduce((sum, { weight }) => sum + weight, 0)));
    this.level = Number(log >> FRACTION);
    this.fraction = log & ((1n << FRACTION) - 1n);
    const own = Number(logOfSlots(BigInt(this.members.length)) >> FRACTION);
    this.lastUnitLevel = Math.max(LAST_UNIT_LEVEL, own + 1);
    this.layouts = [null, null];
  }

  /** The sender for a recipient; none of no senders. */
  choose(recipient) {
    if (this.members.length < 2) return this.members.length === 1 ? this.members[0].sender : null;
    let state = bits(recipient);
    const larger = Number((this.fraction + (state >> FRACTION)) >> FRACTION) & 1;
    this.layouts[larger] ??= new Layout(this.level + larger, this.lastUnitLevel, this.members);
    for (;;) {
      state = (state + 0x9e3779b97f4a7c15n) & MASK;
      const sender = this.layouts[larger].probe(mix(state));
      if (sender !== null) return sender;
    }
  }
}

class Layout {
  constructor(level, lastUnitLevel, members) {
    const small = level <= LAST_SMALL_LEVEL;
    this.bits = small ? 2 * level : 2 * (Math.min(level, lastUnitLevel) - 1);
    this.unitBits = 2 * Math.max(level - lastUnitLevel, 0);
    this.slots = new Map();
    const [shift, each, most] = [BigInt(64 - this.bits), small ? SLOTS_EACH : 1, 2 ** this.unitBits];
    // Every member fills its first slot, then every one that has more its second, and so on.
    let waiting = members;
    for (let round = 0; waiting.length > 0; round += 1) {
      for (const { key: own, weight, sender } of waiting) {
        const key = mix((own + BigInt(round)) & MASK);
        let state = key;
        while (this.slots.has(Number(state >> shift))) state = mix((state + (key | 1n)) & MASK);
        this.slots.set(Number(state >> shift), { sender, units: Math.min(weight * each - round * most, most) });
      }
      waiting = waiting.filter(({ weight }) => weight * each > (round + 1) * most);
    }
  }

  /** Four probes of a layout of up to 2^16 slots, two of a larger one; null if no slot is full. */
  probe(hash) {
    const wide = this.bits > 16;
    const width = wide ? 32n : 16n;
    for (let at = 64n - width; at >= 0n; at -= width) {
      const slot = Number(((hash >> at) & ((1n << width) - 1n)) >> (width - BigInt(this.bits)));
      const full = this.slots.get(slot);
      if (full !== undefined && (!wide || this.takes(full.units, hash, at))) return full.sender;
    }
    return null;
  }

  /** Whether a slot that may stand for a part of its units takes a probe. */
  takes(units, hash, at) {
    if (this.unitBits === 0) return true;
    const probe = ((hash << at) | (hash >> (64n - at))) & MASK;
    return Number(mix(probe) >> BigInt(64 - this.unitBits)) < units;
  }
}
