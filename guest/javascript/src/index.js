// The SDK of Callsign policies in JavaScript: the standard policy with rules of your own. `docs/policies.md` begins with it.
export { channel, country, countryText, level, reason, senderType, step } from "./words.js";
export { OwnRefusal } from "./refusal.js";
export { Standard } from "./standard.js";
