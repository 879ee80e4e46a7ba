import { html, useState } from '../html.js';
import { call, get, id } from '../api.js';
import { useData } from '../data.js';
import { href } from '../route.js';
import { session } from '../session.js';
import { coverageLines, coverageOf } from '../parts/coverage_text.js';
import { Form } from '../parts/form.js';
import { Badge, Problem, Time } from '../parts/notice.js';
import { Resource } from '../parts/resource.js';
import { Import } from '../parts/sender_import.js';
import { CHANNELS, SENDER_TYPES, channelFilter, channelOptions, fromLines, toLines, toList, typeName } from '../parts/words.js';

const of = (row) => `/v1/senders/${id(row.senderId)}`;

// A short form of a coverage: the first few countries of each entry.
function Coverage({ coverage }) {
  return coverage.map(({ channel, countries, status }) => {
    const listed = countries === '*' ? 'everywhere' : countries.slice(0, 6).join(' ') + (countries.length > 6 ? ` and ${countries.length - 6} more` : '');
    return html`<div>${channel} ${listed}${' '}${status && status !== 'ACTIVE' && html`<${Badge} kind="warn">${status.toLowerCase()}<//>`}</div>`;
  });
}

// The health of a sender: what was reported, and a report of one's own.
function Health({ sender }) {
  const { data, fault, reload } = useData((signal) => get(`${of(sender)}/health`, signal), [sender.senderId]);
  const report = async (values) => {
    const body = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
    await call('PUT', `${of(sender)}/health`, { body });
    reload();
  };
  const clear = async () => {
    await call('DELETE', `${of(sender)}/health`);
    reload();
  };
  return html`<section><h3>Health</h3>
    <${Problem} fault=${fault} />
    ${data?.reports.length === 0 && html`<p class="quiet">Nothing is reported: it is healthy.</p>`}
    <ul>${data?.reports.map((one) => html`<li>
      <${Badge} kind=${one.status === 'HEALTHY' ? 'good' : 'bad'}>${one.status.toLowerCase()}<//>${' '}
      ${one.channel ?? 'every channel'}, ${one.country ?? 'every country'}, by ${one.reportedBy ?? one.origin.toLowerCase()}, since <${Time} at=${one.since} />
      ${one.reason && `: ${one.reason}`}</li>`)}</ul>
    ${data?.reports.length > 0 && html`<button type="button" onClick=${clear}>Remove reports by hand</button>`}
    ${!session.isTenant && html`<details><summary>Report health</summary>
      <${Form} initial=${{ status: 'UNHEALTHY', channel: '', country: '', reason: '' }} save=${report} action="Report" fields=${[
        { name: 'status', label: 'Status', type: 'select', options: [['UNHEALTHY', 'unhealthy'], ['HEALTHY', 'healthy']] },
        { name: 'channel', label: 'Channel', type: 'select', options: channelOptions },
        { name: 'country', label: 'Country', placeholder: 'all', help: 'two letters' },
        { name: 'reason', label: 'Reason' },
      ]} /></details>`}
  </section>`;
}

const kind = {
  name: 'sender',
  caption: 'Senders',
  auditKind: 'sender',
  base: '/v1/senders',
  filters: [
    { name: 'text', label: 'Search' },
    { name: 'type', label: 'Type', options: SENDER_TYPES },
    { name: 'channel', label: 'Channel', options: channelFilter },
    { name: 'country', label: 'Country' },
    { name: 'status', label: 'Status', options: [['ACTIVE', 'active'], ['SUSPENDED', 'suspended']] },
    ...(session.isTenant ? [] : [{ name: 'applicationId', label: 'Application' }]),
  ],
  keyOf: (row) => row.senderId,
  titleOf: (row) => row.sender,
  columns: [
    { label: 'Sender', cell: (row) => html`<strong>${row.sender}</strong><br /><code class="quiet">${row.senderId}</code>` },
    { label: 'Type', cell: (row) => typeName(row.senderType) },
    { label: 'Coverage', cell: (row) => html`<${Coverage} coverage=${row.coverage} />` },
    { label: 'Weight', class: 'number', cell: (row) => row.weight ?? 1 },
    { label: 'Status', cell: (row) => html`<${Badge} kind=${row.status === 'ACTIVE' ? 'good' : 'bad'}>${row.status.toLowerCase()}<//>` },
    { label: 'Used by', cell: (row) => html`<a href=${href('associations', { resourceId: row.senderId })}>associations</a>` },
  ],
  fields: (row) => [
    ...(row ? [] : [{ name: 'senderId', label: 'Id', help: 'which stays', required: true }]),
    { name: 'sender', label: 'Sender', help: 'the number or name that recipients see', required: true },
    { name: 'senderType', label: 'Type', type: 'select', options: SENDER_TYPES },
    { name: 'weight', label: 'Weight', type: 'number', min: 1, max: 1000, help: '1 to 1,000: its share of the spread' },
    { name: 'status', label: 'Status', type: 'select', options: [['ACTIVE', 'active'], ['SUSPENDED', 'suspended']] },
    { name: 'messageTypes', label: 'Message types', help: 'empty: every type' },
    { name: 'coverage', label: 'Coverage', type: 'long', required: true, help: `one entry a line, such as "SMS: US CA", "MMS: *" or "SMS: SG PENDING" (${CHANNELS.join(', ')})` },
    { name: 'attributes', label: 'Attributes', type: 'long', rows: 2, help: 'one a line: name=value' },
  ],
  toForm: (row) => ({
    senderId: row?.senderId ?? '',
    sender: row?.sender ?? '',
    senderType: row?.senderType ?? 'VIRTUAL_LONG_NUMBER',
    weight: String(row?.weight ?? 1),
    status: row?.status ?? 'ACTIVE',
    messageTypes: (row?.messageTypes ?? []).join(' '),
    coverage: coverageLines(row?.coverage ?? [{ channel: 'SMS', countries: ['US', 'CA'] }]),
    attributes: toLines(row?.attributes),
  }),
  read: (row) => call('GET', of(row)),
  more: (row) => html`<${Health} sender=${row} />`,
};

function bodyOf(senderId, values) {
  const weight = Number(values.weight);
  const body = {
    senderId,
    sender: values.sender.trim(),
    senderType: values.senderType,
    status: values.status,
    weight: Number.isFinite(weight) && values.weight !== '' ? weight : values.weight,
    coverage: coverageOf(values.coverage),
    attributes: fromLines(values.attributes),
  };
  const types = toList(values.messageTypes);
  return types.length ? { ...body, messageTypes: types } : body;
}

if (!session.isTenant) {
  kind.create = (values) => call('POST', '/v1/senders', { body: bodyOf(values.senderId.trim(), values) });
  kind.save = (row, values, ifMatch) => call('PUT', of(row), { body: bodyOf(row.senderId, values), ifMatch });
  kind.remove = (row) => call('DELETE', of(row));
  const turn = (word, done) => async (row) => {
    await call('POST', `${of(row)}/${word}`);
    return `${row.sender} is ${done}.`;
  };
  kind.actions = [
    { label: 'Suspend', when: (row) => row.status === 'ACTIVE', run: turn('suspend', 'suspended') },
    { label: 'Activate', when: (row) => row.status !== 'ACTIVE', run: turn('activate', 'active') },
  ];
}

export default function Senders() {
  const [isImporting, setImporting] = useState(null);
  const tools = (reload, say) => html`<a class="button" href="/v1/senders/export?format=csv" download>Export CSV</a>
    ${!session.isTenant && html`<button type="button" onClick=${() => setImporting({ reload, say })}>Import CSV…</button>`}`;
  return html`<${Resource} kind=${kind} tools=${tools} />
    ${isImporting && html`<${Import} onClose=${() => setImporting(null)} onDone=${(text) => { setImporting(null); isImporting.say(text); isImporting.reload(); }} />`}`;
}
