// Requests to the service, and what went wrong with them.
import { away } from './connection.js';
import { session } from './session.js';

// Why a request failed: a sentence, and by property what is wrong.
export class Fault extends Error {
  constructor(status, text, violations = []) {
    super(text);
    this.status = status;
    this.violations = violations;
  }
}

// The three formats of faults that the API has.
function faultOf(status, body) {
  if (body?.requestError) {
    const { text, validationErrors = {} } = body.requestError.serviceException;
    const violations = Object.entries(validationErrors).flatMap(([property, texts]) =>
      texts.map((text) => ({ property, text })),
    );
    return new Fault(status, text, violations);
  }
  const violations = (body?.violations ?? []).map(({ property, violation }) => ({ property, text: violation }));
  return new Fault(status, body?.detail ?? body?.description ?? `the service answered ${status}`, violations);
}

async function send(method, path, { body, type, ifMatch, ifNoneMatch, signal }) {
  const headers = {};
  if (body !== undefined) headers['content-type'] = type ?? 'application/json';
  if (ifMatch) headers['if-match'] = ifMatch;
  if (ifNoneMatch) headers['if-none-match'] = ifNoneMatch;
  if (method !== 'GET') headers['x-callsign-token'] = session.value.token ?? '';
  const text = body === undefined || type ? body : JSON.stringify(body);
  try {
    return await fetch(path, { method, headers, body: text, signal, cache: 'no-store', credentials: 'same-origin' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    away.set(true);
    const text = method === 'GET' ? '' : ' Whether this change was made is not known: look before you send it again.';
    throw new Fault(0, `The service does not answer. What you typed stays here.${text}`);
  }
}

// A request. Where the session has ended, it waits until somebody signed in again, and is then sent again.
export async function call(method, path, options = {}) {
  for (;;) {
    const { keyId, token } = session.value;
    const response = await send(method, path, options);
    if (response.status === 401) {
      await session.again();
      continue;
    }
    const text = await response.text();
    let data = text;
    if ((response.headers.get('content-type') ?? '').includes('json')) {
      try {
        data = JSON.parse(text);
      } catch {
        throw new Fault(response.status, 'the answer of the service was cut off');
      }
    }
    // Another tab may have begun a session of its own, with another token.
    if (response.status === 403 && method !== 'GET' && (await session.load()) && session.value.token !== token) {
      if (session.value.keyId === keyId) continue;
    }
    if (!response.ok) throw faultOf(response.status, data);
    return { status: response.status, data, etag: response.headers.get('etag') };
  }
}

export const get = async (path, signal) => (await call('GET', path, { signal })).data;

// A path with its parameters, without those that are empty.
export function path(base, query = {}) {
  const parts = Object.entries(query).filter(([, value]) => value !== '' && value !== undefined && value !== null);
  const text = new URLSearchParams(parts).toString();
  return text ? `${base}?${text}` : base;
}

export const id = encodeURIComponent;
