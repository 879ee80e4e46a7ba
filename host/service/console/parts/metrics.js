// The metrics of this node, read from their OpenMetrics text.
const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;

export function parse(text) {
  const found = {};
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    if (!match) continue;
    const [, name, labels = '', value] = match;
    const own = Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text]));
    (found[name] ??= []).push({ ...own, value: Number(value) });
  }
  return found;
}

// The time that a part of the values took at most, from the buckets of a histogram that grew between two readings.
export function quantile(before, after, part) {
  const old = new Map((before ?? []).map((one) => [one.le, one.value]));
  const buckets = (after ?? []).map((one) => [one.le === '+Inf' ? Infinity : Number(one.le), one.value - (old.get(one.le) ?? 0)]);
  buckets.sort((a, b) => a[0] - b[0]);
  const all = buckets.at(-1)?.[1] ?? 0;
  if (all <= 0) return null;
  const found = buckets.find(([, count]) => count >= all * part);
  return found && Number.isFinite(found[0]) ? found[0] : null;
}
