// Decisions of the log of this node: looked up, and what they say about the load of senders.
import { html, useState } from '../html.js';
import { get, path } from '../api.js';
import { useData } from '../data.js';
import { href } from '../route.js';
import { session } from '../session.js';
import { Form } from './form.js';
import { Badge, Problem, Time } from './notice.js';
import { Table } from './table.js';

const PART = 50;
// Of how many of the newest decisions the load is counted.
const COUNTED = 1_000;
// The most senders whose weights are asked for.
const WEIGHED = 20;

const fields = [
  ...(session.isTenant ? [] : [{ name: 'applicationId', label: 'Application' }]),
  { name: 'entityId', label: 'Entity' },
  { name: 'to', label: 'To', help: 'a number, or a hash of one' },
  { name: 'senderId', label: 'Sender id' },
  { name: 'messageId', label: 'Message id' },
  { name: 'refusal', label: 'Refused with', placeholder: 'NO_STRATEGY' },
  { name: 'since', label: 'Since', placeholder: '2026-03-01T21:30:00Z' },
  { name: 'until', label: 'Until', placeholder: '2026-03-01T22:00:00Z' },
];
const NOTHING = Object.fromEntries(fields.map((field) => [field.name, '']));

const again = (row) =>
  href('try', {
    applicationId: session.isTenant ? '' : row.applicationId,
    entityId: row.entityId,
    channels: row.channel,
    to: row.to,
    from: row.from,
    messageType: row.messageType,
    sentAt: row.sentAt,
  });

const columns = [
  { label: 'When', cell: (row) => html`<${Time} at=${row.time} />` },
  { label: 'For', cell: (row) => [row.applicationId ?? 'default', row.entityId].filter(Boolean).join(' / ') },
  { label: 'Over and to', cell: (row) => html`${row.channel} ${row.country} <code>${row.to ?? row.recipientHash?.slice(0, 12)}</code>` },
  {
    label: 'Decision',
    cell: (row) => (row.refusal ? html`<${Badge} kind="bad">${row.refusal.code}<//>` : html`<a href=${href('senders', { text: row.senderId })}><code>${row.senderId}</code></a>`),
  },
  { label: 'Step', cell: (row) => row.step },
  { label: 'Policy', cell: (row) => row.policy?.label },
  { label: 'Took', class: 'number', cell: (row) => `${(row.tookNanoseconds / 1_000).toFixed(1)} µs` },
  { label: 'Try', cell: (row) => html`<a href=${again(row)}>try</a>` },
];

// Without a log there is nothing to look up, which is no fault of anybody's.
async function look(query, signal) {
  try {
    return await get(path('/v1/decisions', query), signal);
  } catch (fault) {
    if (fault.status === 404 || fault.status === 405) return null;
    throw fault;
  }
}

// How many of the newest decisions each sender has, and what its weight lets one expect beside the others of its scope.
function Load() {
  const load = async (signal) => {
    const part = await look({ size: COUNTED }, signal);
    if (!part) return null;
    const counts = new Map();
    for (const { senderId } of part.results) if (senderId) counts.set(senderId, (counts.get(senderId) ?? 0) + 1);
    const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, WEIGHED);
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const weightOf = async (sender) => {
      if (!session.allows('numbers:manage')) return undefined;
      return (await get(`/v1/senders/${encodeURIComponent(sender)}`, signal).catch(() => ({})) ).weight ?? 1;
    };
    const rows = await Promise.all(most.map(async ([senderId, count]) => ({ senderId, count, weight: await weightOf(senderId) })));
    const weights = rows.reduce((sum, row) => sum + (row.weight ?? 0), 0);
    return { all, rows: rows.map((row) => ({ ...row, share: row.count / all, weighed: weights ? (row.weight ?? 0) / weights : 0 })) };
  };
  const { data } = useData(load, []);
  if (!data?.rows.length) return null;
  const percent = (part) => `${(100 * part).toFixed(1)} %`;
  return html`<h3>Load of senders</h3>
    <p>Of the newest ${data.all.toLocaleString()} recorded decisions. The share by weight is among the senders shown, as if all were candidates of the same messages.</p>
    <${Table} caption="Load of senders" rows=${data.rows} keyOf=${(row) => row.senderId} columns=${[
      { label: 'Sender', cell: (row) => html`<a href=${href('senders', { text: row.senderId })}><code>${row.senderId}</code></a>` },
      { label: 'Decisions', class: 'number', cell: (row) => row.count.toLocaleString() },
      { label: 'Share', cell: (row) => html`<span class="left"><span class="bar" aria-hidden="true"><span style=${{ width: percent(row.share) }}></span></span> ${percent(row.share)}</span>` },
      { label: 'Weight', class: 'number', cell: (row) => row.weight ?? '–' },
      { label: 'Share by weight', class: 'number', cell: (row) => (row.weight ? percent(row.weighed) : '–') },
    ]} />`;
}

export function Recorded() {
  const [query, setQuery] = useState(NOTHING);
  const [older, setOlder] = useState([]);
  const [wrong, setWrong] = useState(null);
  const { data, fault, reload } = useData((signal) => look({ ...query, size: PART }, signal), [JSON.stringify(query)]);
  const parts = [data, ...older].filter(Boolean);
  const next = parts.at(-1)?.next;
  const more = async () => {
    try {
      const part = await look({ ...query, size: PART, after: next });
      setOlder((all) => [...all, part]);
      setWrong(null);
    } catch (found) {
      setWrong(found);
    }
  };
  // Asked here too, so that a fault stands at its field.
  const search = async (values) => {
    await look({ ...values, size: 1 });
    setOlder([]);
    setQuery(values);
    reload();
  };
  return html`<section class="list"><h2>Recorded decisions</h2>
    ${data === null && !fault && html`<p class="quiet">This node records none: an operator sets <code>log.directory</code>.</p>`}
    <${Problem} fault=${fault ?? wrong} retry=${reload} />
    ${data && html`<${Load} />
      <h3>Look one up</h3>
      <${Form} fields=${fields} initial=${NOTHING} save=${search} action="Search" />
      <${Table} caption="Recorded decisions" columns=${columns} rows=${parts.flatMap((part) => part.results)} empty=${next ? 'Nothing yet: there is more to look through.' : 'None.'} />
      ${parts.flatMap((part) => part.faults ?? []).map((text) => html`<p class="notice bad">${text}</p>`)}
      ${next && html`<button type="button" onClick=${more}>Look further back</button>`}`}
  </section>`;
}
