// What a page reads of the service, and reads again when it may have changed.
import { useCallback, useEffect, useRef, useState } from './html.js';
import { away } from './connection.js';
import { useEvents } from './live.js';

const TOGETHER = 200;

// `load(signal)` is called at first, when `parts` change, when the service comes back, and soon after each event.
export function useData(load, parts) {
  const [state, set] = useState({ data: null, fault: null, isLoading: true });
  const run = useRef(null);
  const newest = useRef(load);
  newest.current = load;
  const reload = useCallback(async () => {
    run.current?.abort();
    const own = new AbortController();
    run.current = own;
    set((before) => ({ ...before, isLoading: true }));
    try {
      const data = await newest.current(own.signal);
      if (run.current === own) set({ data, fault: null, isLoading: false });
    } catch (fault) {
      if (run.current === own && fault.name !== 'AbortError') {
        // What was read before stays where the service is only away.
        set((before) => ({ data: fault.status === 0 ? before.data : null, fault, isLoading: false }));
      }
    }
  }, []);
  useEffect(() => {
    reload();
    return () => run.current?.abort();
  }, parts);
  useEffect(() => away.watch((isAway) => isAway || reload()), []);
  const timer = useRef(0);
  useEvents(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(reload, TOGETHER);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return { ...state, reload };
}
