// Whether the service answers. While it is away it is asked again, more and more seldom.
import { Store } from './store.js';

export const away = new Store(false);

const FIRST = 500;
const LONGEST = 5_000;

away.watch(async (isAway) => {
  for (let wait = FIRST; isAway; wait = Math.min(wait * 2, LONGEST)) {
    await new Promise((done) => setTimeout(done, wait));
    try {
      if ((await fetch('/healthz', { cache: 'no-store' })).ok) {
        away.set(false);
        return;
      }
    } catch {
      // Still away.
    }
  }
});
