// The address of what is shown: `#/page?name=value`. A link to it shows the same again.
import { Store, useStore } from './store.js';

// How often somebody followed a link or changed the address: each time the page begins anew.
let visits = 0;

function read() {
  const [page, query = ''] = location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  return { page: page || 'try', query: Object.fromEntries(new URLSearchParams(query)), visit: visits };
}

export const route = new Store(read());
addEventListener('hashchange', () => {
  visits += 1;
  route.set(read());
});

export const useRoute = () => useStore(route);

export function href(page, query = {}) {
  const parts = Object.entries(query).filter(([, value]) => value !== '' && value !== undefined && value !== null);
  const text = new URLSearchParams(parts).toString();
  return text ? `#/${page}?${text}` : `#/${page}`;
}

export function go(page, query = {}) {
  location.hash = href(page, query);
}

// Changes parameters of the page that is shown, without a step in the history of the browser.
export function refine(changes) {
  const { page, query } = read();
  history.replaceState(null, '', href(page, { ...query, ...changes }));
  route.set(read());
}
