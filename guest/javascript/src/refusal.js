// Refusals of a policy's own.

import { keyOf } from "./keys.js";
import { reason } from "./words.js";

/** A kind of refusal of a policy's own, with its words. */
export class OwnRefusal {
  /**
   * `code` is a number, below 2^31, that means the same in every instance of this version of the policy; `name` is for
   * programs (upper case with underscores), `text` a sentence for people.
   */
  constructor(code, name, text) {
    Object.assign(this, { code, name, text });
    Object.freeze(this);
  }

  /** Refuses a message, with a number that `refusalText` of the rules can put in words. */
  refused(detail = 0) {
    return { reason: reason.OWN, code: this.code, detail: keyOf(detail) };
  }
}

/** A refusal for a reason of the contract. */
export const refusalOf = (why) => ({ reason: why, code: 0, detail: keyOf(0) });
