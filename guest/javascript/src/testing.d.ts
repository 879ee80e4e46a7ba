import type { Key, RulesClass, Standard } from "./index.js";

/** A sender of a sample. */
export interface SampleSender {
  type?: number;
  address?: string;
  areaCode?: number;
  weight?: number;
  attributes?: Record<string, string>;
  messageTypes?: string[];
  unhealthy?: boolean;
  signals?: Record<string, number>;
}

/** A strategy of a sample. */
export interface SampleStrategy {
  level?: number;
  channel?: number | null;
  countries?: "all" | "listed" | "not-listed";
  sticky?: boolean;
  geolocated?: boolean;
  skipUnhealthy?: boolean;
  /** The priority of each type, in the order of `senderType`; 0 for one that is not named. */
  priorities?: number[];
  senderIds?: string[] | null;
}

/** A message of a sample. */
export interface SampleMessage {
  channel?: number;
  country?: number;
  areaCode?: number;
  id?: string;
  messageType?: string;
  attributes?: Record<string, string>;
  /** The id of the sender that the recipient is pinned to, or `gone`. */
  pin?: string | null;
  sentAt?: number;
  zones?: { zone: string; minutesFromUtc: number | null }[];
}

/** A decision with the id of the sender, or a refusal. */
export type SampleAnswer =
  | { sender: string; strategy: number | null; step: number; pin: boolean }
  | { reason: number; code: number; detail: Key };

/** One scope as plain data, for tests. */
export class Sample {
  revision: number;
  readonly logged: string[];
  readonly host: object;
  sender(id: string, options?: SampleSender): this;
  strategy(options?: SampleStrategy): this;
  defaultSender(id: string, level?: number): this;
  attributes(level: number, attributes: Record<string, string>): this;
  scope(ids: { applicationId?: string; entityId?: string | null }): this;
  near(codes: { overlay?: number[]; region?: number[] }): this;
  message(to: string, options?: SampleMessage): this;
  policy(rules?: RulesClass, settings?: object): Standard;
  answer(policy: Standard, message?: number): any;
  explain(policy: Standard, message?: number): { senders: Record<string, { verdict: number; standing: number; reason: string | null }>; reasons: string[] };
}
