// What happens, as the service tells it: `/v1/events`. A stream that broke is taken up again after the event that was heard
// last, so nothing is missed; where the service cannot tell what was, listeners get `missed` and read everything again.
import { useEffect, useRef } from './html.js';
import { away } from './connection.js';
import { session } from './session.js';
import { Store } from './store.js';

const listeners = new Set();
let last = null;

// `live`, `away`, or `off` where the key may not listen.
export const liveState = new Store('away');

function tell(event) {
  for (const listener of [...listeners]) listener(event);
}

function take(block) {
  const fields = { event: 'message', data: '' };
  for (const line of block.split('\n')) {
    const [name, value] = line.split(/:\s?(.*)/s);
    if (name === 'data') fields.data += value;
    else if (name) fields[name] = value;
  }
  if (!fields.data) return;
  if (fields.id) last = fields.id;
  tell({ ...JSON.parse(fields.data), event: fields.event });
}

async function listen() {
  const headers = last === null ? {} : { 'last-event-id': last };
  const response = await fetch('/v1/events', { headers, cache: 'no-store' });
  if (!response.ok) return response.status;
  liveState.set('live');
  // Whatever was read before the stream began may be old.
  if (last === null) tell({ event: 'began' });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ; ) {
    const { value, done } = await reader.read();
    if (done) return 0;
    text += value;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    blocks.forEach(take);
  }
}

export async function follow() {
  for (let wait = 500; ; ) {
    let status = 0;
    try {
      status = await listen();
      wait = 500;
    } catch {
      away.set(true);
    }
    if (status === 403) return liveState.set('off');
    liveState.set('away');
    if (status === 401) {
      await session.again();
      continue;
    }
    await new Promise((done) => setTimeout(done, wait));
    wait = Math.min(wait * 2, 5_000);
  }
}

// Calls `listener` with each event as long as the component is shown.
export function useEvents(listener) {
  const newest = useRef(listener);
  newest.current = listener;
  useEffect(() => {
    const listen = (event) => newest.current(event);
    listeners.add(listen);
    return () => listeners.delete(listen);
  }, []);
}
