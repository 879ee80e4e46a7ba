// The words of the API, for lists to choose from, and values that people type.
import { Fault } from '../api.js';

export const CHANNELS = ['SMS', 'MMS', 'RCS'];
export const SENDER_TYPES = [
  ['ALPHANUMERIC', 'name'],
  ['VIRTUAL_LONG_NUMBER', 'long number'],
  ['SHORT_CODE', 'short code'],
  ['TOLL_FREE_NUMBER', 'toll-free number'],
  ['RCS_AGENT', 'RCS agent'],
];
export const typeName = (type) => SENDER_TYPES.find(([one]) => one === type)?.[1] ?? type;
export const SCOPES = [
  'application-entity:manage',
  'sending-strategy:manage',
  'numbers:manage',
  'decisions:make',
  'modules:manage',
  'sticky:manage',
  'audit:read',
  'keys:manage',
];

const options = (words) => words.map((word) => [word, word]);
export const channelOptions = [['', 'every channel'], ...options(CHANNELS)];
export const channelFilter = options(CHANNELS);

// Texts by name, as lines `name=value`.
export const toLines = (attributes) =>
  Object.entries(attributes ?? {}).map(([name, value]) => `${name}=${value}`).join('\n');

export function fromLines(text) {
  const lines = (text ?? '').split('\n').filter((line) => line.trim());
  const pairs = lines.map((line) => line.split(/=(.*)/s));
  return Object.fromEntries(pairs.map(([name, value]) => [name.trim(), value ?? '']));
}

// JSON that was typed for a property; undefined if nothing was.
export function jsonOf(property, text) {
  if (!text?.trim()) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault(400, `The ${property} are no JSON.`, [{ property, text: error.message }]);
  }
}

// A list with commas, blanks or lines between.
export const toList = (text) => (text ?? '').split(/[\s,;|]+/).filter(Boolean);
