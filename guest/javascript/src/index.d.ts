/** Numbers of 64 bits are texts of 16 hexadecimal digits. Keys of the same text are equal. */
export type Key = string;

/** The request as the host made it: `request` of the contract. */
export interface Request {
  readonly message: number;
  readonly scope: number;
  readonly revision: Key;
  readonly recipient: Key;
  readonly messageType: Key;
  readonly marks: number;
  readonly country: number;
  readonly areaCode: number;
  readonly channel: number;
}

/** The sender of a message: `decision` of the contract. */
export interface Decision {
  readonly sender: number;
  readonly strategy: number | null;
  readonly step: number;
  readonly pin: boolean;
}

/** A refusal of one message. */
export interface Refused {
  readonly reason: number;
  readonly code: number;
  readonly detail: Key;
}

/** A kind of refusal of a policy's own, with its words. */
export class OwnRefusal {
  /** `code` is a number below 2^31, `name` is for programs (upper case with underscores), `text` a sentence for people. */
  constructor(code: number, name: string, text: string);
  readonly code: number;
  readonly name: string;
  readonly text: string;
  /** Refuses a message, with a number that `refusalText` can put in words. */
  refused(detail?: number | bigint): Refused;
}

/** A local time that a recipient may have. */
export interface LocalTime {
  /** The zone, such as `America/New_York`. */
  readonly zone: string;
  /** Minutes that its clocks are ahead of UTC when the message goes out; null if that time is not known. */
  readonly minutesFromUtc: number | null;
}

/** What depends on the scope, the channel and the country alone. */
export interface ScopeView {
  readonly applicationId: string;
  readonly entityId: string | null;
  readonly channel: number;
  readonly country: number;
  /** An attribute of the entity, or else of the application. */
  attribute(name: string): string | null;
  attributeOf(level: number, name: string): string | null;
  attributeNumberOf(level: number, name: string): number | null;
  attributeKeyOf(level: number, name: string): Key | null;
}

/** A message: what is worked out from it holds for this message alone. */
export interface MessageView {
  readonly request: Request;
  readonly scope: ScopeView;
  readonly recipient: Key;
  /** The recipient's number: E.164 with its `+`. */
  readonly number: string;
  readonly id: string;
  readonly messageType: string;
  readonly channel: number;
  readonly country: number;
  readonly areaCode: number;
  /** Seconds since 1970-01-01 UTC; null if the gateway was not told. */
  readonly sentAt: number | null;
  readonly localTimes: readonly LocalTime[];
  attribute(name: string): string | null;
  attributeNumber(name: string): number | null;
  attributeKey(name: string): Key | null;
  /** Which of 1,000 equal parts of the recipients this one is in. */
  partOfThousand(experiment: string): number;
}

/** What rules see of a sender. */
export interface SenderFacts {
  readonly senderType: number;
  readonly areaCode: number;
  readonly weight: number;
  readonly address: string;
  readonly id: string;
  isA(type: number): boolean;
  attribute(name: string): string | null;
  attributeNumber(name: string): number | null;
  attributeKey(name: string): Key | null;
}

/** A sender that was chosen, and why. */
export interface Choice {
  readonly sender: number;
  readonly reason: string;
}

/** A sender that is left for a message. */
export interface Contender extends SenderFacts {
  /** What the platform reports of the sender under a name; null if it reports none. */
  signal(name: string): number | null;
  pick(reason: string): Choice;
}

/** Which senders may carry messages, and which come first. `{name}` in a reason stands for the message's attribute. */
export interface Selection {
  only(reason: string, keep: (sender: SenderFacts) => boolean): Selection;
  prefer(reason: string, first: (sender: SenderFacts) => boolean): Selection;
  preferLeast(reason: string, number: (sender: SenderFacts) => number | null): Selection;
}

/** Rules of a policy's own: a class with any of these. They keep nothing of a message. */
export interface Rules<K = unknown> {
  /** Refuses a message before anything else is looked at. */
  refuseBefore?(message: MessageView): Refused | null | undefined;
  /** What of a message `select` depends on: few values, each a text, a number, a boolean or null. */
  key?(message: MessageView): K;
  /** Says which senders may carry messages. Asked once for a scope, channel, country, message type and key. */
  select?(key: K, scope: ScopeView, senders: Selection): void;
  /** Chooses among the senders left after step 7, in place of the spread. */
  choose?(message: MessageView, left: { readonly contenders: readonly Contender[] }): Choice | null | undefined;
  /** Refuses a message that has a sender. */
  refuseAfter?(message: MessageView, decision: Decision): Refused | null | undefined;
}

/** A class of rules: the default export of a policy. */
export interface RulesClass {
  /** Takes the settings, a JSON object. An error says what is wrong with them, and what would be right. */
  new (settings: any): Rules<any>;
  readonly refusals?: readonly OwnRefusal[];
  refusalText?(code: number, detail: number): { code: string; message: string } | null | undefined;
}

export const channel: Readonly<{ SMS: 0; MMS: 1; RCS: 2 }>;
export const senderType: Readonly<{ ALPHANUMERIC: 0; LONG_NUMBER: 1; SHORT_CODE: 2; TOLL_FREE_NUMBER: 3; RCS_AGENT: 4 }>;
export const level: Readonly<{ APPLICATION: 0; ENTITY: 1 }>;
export const step: Readonly<{ STICKY: 0; AREA_CODE: 1; OVERLAY: 2; REGION: 3; POOL: 4; DEFAULT_SENDER: 5 }>;
export const reason: Readonly<{
  OWN: 0; NO_STRATEGY: 1; CHANNEL_NOT_ALLOWED: 2; COUNTRY_NOT_ALLOWED: 3; NO_ELIGIBLE_SENDER: 4;
}>;
/** The number of a country, such as that of `US`. */
export function country(text: string): number;
/** A country in its two letters. */
export function countryText(number: number): string;

/** The standard policy, for rules and for what it reads. */
export class Standard {
  constructor(host: object, rules?: Rules<any>);
}
