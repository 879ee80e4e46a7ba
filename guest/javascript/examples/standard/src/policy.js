// The standard policy in JavaScript: no rules. It wraps nothing; the SDK decides every step by itself, and the host spreads.
export default class Standard {}
