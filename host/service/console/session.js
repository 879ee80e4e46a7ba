// The session: whose key it was made with, and what that may do. The key itself is not kept.
import { Store } from './store.js';

const NOBODY = { state: 'unknown' };

class Session extends Store {
  #waiting = null;

  // Reads the session of this browser; whether there is one.
  async load() {
    const response = await fetch('/console/session', { cache: 'no-store' });
    if (response.ok) this.#begin(await response.json());
    else if (this.value.state === 'unknown') this.set({ state: 'out' });
    return response.ok;
  }

  // Signs in. What is wrong, as a sentence; nothing where it went well.
  async signIn(key) {
    let response;
    try {
      const headers = { authorization: `App ${key}` };
      response = await fetch('/console/session', { method: 'POST', headers, cache: 'no-store' });
    } catch {
      return /^[\x20-\x7e]*$/.test(key) ? 'The service does not answer. Try again.' : 'This is not a key.';
    }
    if (response.status === 401) return 'This key is not valid: it does not exist, has expired, or was revoked.';
    if (!response.ok) return `The service answered ${response.status}. Try again.`;
    const before = this.value.keyId;
    this.#begin(await response.json());
    // Somebody else must not see what the first one had on the page.
    if (before && before !== this.value.keyId) location.reload();
    return '';
  }

  async signOut() {
    await fetch('/console/session', { method: 'DELETE', cache: 'no-store' });
    location.hash = '';
    location.reload();
  }

  // The session has ended: waits until somebody signs in again.
  again() {
    if (!this.#waiting) {
      let done;
      const promise = new Promise((resolve) => (done = resolve));
      this.#waiting = { promise, done };
      this.set({ ...this.value, state: this.value.keyId ? 'ended' : 'out' });
    }
    return this.#waiting.promise;
  }

  allows(scope) {
    return this.value.scopes?.includes(scope) ?? false;
  }

  get isTenant() {
    return Boolean(this.value.applicationId);
  }

  #begin(body) {
    this.set({ ...body, state: 'in' });
    this.#waiting?.done();
    this.#waiting = null;
  }
}

export const session = new Session(NOBODY);
