import { html } from '../html.js';
import { call, get, id } from '../api.js';
import { href } from '../route.js';
import { session } from '../session.js';
import { Badge } from '../parts/notice.js';
import { Resource } from '../parts/resource.js';
import { SENDER_TYPES, channelFilter, channelOptions, toList, typeName } from '../parts/words.js';

const own = session.value.applicationId;
const of = (row) => `/v1/strategies/${id(row.sendingStrategyId)}`;
const countriesOf = (row) => row.destinationCountryCodes ?? (row.destinationCountryCode ? [row.destinationCountryCode] : []);

// The order of precedence within a scope, as the server has it: country and channel, then country, then channel, then neither.
const RANKS = ['country and channel', 'country', 'channel', 'everything else'];
const rank = (row) => (countriesOf(row).length ? 0 : 2) + (row.channel ? 0 : 1);

const kind = {
  name: 'strategy',
  caption: 'Strategies in the order of their precedence',
  about: 'Of one application or entity, the first row that is for the channel and the country counts. Those of an entity take the place of its application’s.',
  auditKind: 'strategy',
  base: '/v1/strategies',
  fixed: { order: 'precedence' },
  filters: [
    ...(own ? [] : [{ name: 'applicationId', label: 'Application' }]),
    { name: 'entityId', label: 'Entity' },
    { name: 'channel', label: 'Channel', options: channelFilter },
  ],
  keyOf: (row) => row.sendingStrategyId,
  find: (strategy, signal) => get(`/v1/strategies/${id(strategy)}`, signal),
  columns: [
    { label: 'For', cell: (row) => html`<strong>${row.platform.applicationId}</strong>${row.platform.entityId ? html` / <strong>${row.platform.entityId}</strong>` : ''}<br /><code class="quiet">${row.sendingStrategyId}</code>` },
    { label: 'Precedence', cell: (row) => `${rank(row) + 1}: ${RANKS[rank(row)]}` },
    { label: 'Channel', cell: (row) => row.channel ?? 'every' },
    { label: 'Countries', cell: (row) => countriesOf(row).join(' ') || 'every' },
    {
      label: 'Options',
      cell: (row) => html`${row.useStickySender && html`<${Badge}>sticky<//>`} ${row.useGeolocatedSender && html`<${Badge}>geolocated<//>`}${' '}
        ${row.skipUnhealthySenders && html`<${Badge}>skips unhealthy<//>`} ${row.senderIds && html`<${Badge}>${row.senderIds.length} listed<//>`}
        ${row.priorities?.length > 0 && html`<div class="quiet">${[...row.priorities].sort((a, b) => a.priority - b.priority).map((one) => `${one.priority} ${typeName(one.senderType)}`).join(', ')}</div>`}`,
    },
    { label: 'Try', cell: (row) => html`<a href=${href('try', { ...row.platform, channels: row.channel ?? 'SMS' })}>try</a>${session.allows('audit:read') && html` <a href=${href('what-if', { strategy: row.sendingStrategyId })}>what if</a>`}` },
  ],
  fields: (row) => [
    { name: 'applicationId', label: 'Application', required: true, disabled: Boolean(own || row) },
    { name: 'entityId', label: 'Entity', disabled: Boolean(row), help: row ? '' : 'empty: the application itself' },
    { name: 'channel', label: 'Channel', type: 'select', options: channelOptions },
    { name: 'countries', properties: ['destinationCountryCodes', 'destinationCountryCode'], label: 'Countries', help: 'two letters each; empty: every country', width: 'all' },
    { name: 'useStickySender', label: 'Sticky: a recipient keeps its sender', type: 'check' },
    { name: 'stickyIdleDays', label: 'Days until an unused pin ends', type: 'number', min: 1, when: (values) => values.useStickySender },
    { name: 'useGeolocatedSender', label: 'Geolocated: senders near to the recipient', type: 'check' },
    { name: 'skipUnhealthySenders', label: 'Skip unhealthy senders', type: 'check' },
    { name: 'priorities', label: 'Priorities', type: 'long', rows: 3, help: `the best first, one a line: ${SENDER_TYPES.map(([type]) => type).join(', ')}; several on a line are equal` },
    { name: 'senderIds', label: 'Senders', type: 'long', rows: 2, help: 'their ids, where not all that are associated are meant' },
  ],
  toForm: (row) => {
    const lines = [];
    for (const { senderType, priority } of row?.priorities ?? []) (lines[priority - 1] ??= []).push(senderType);
    return {
      applicationId: row?.platform.applicationId ?? own ?? 'default',
      entityId: row?.platform.entityId ?? '',
      channel: row?.channel ?? '',
      countries: row ? countriesOf(row).join(' ') : '',
      useStickySender: row?.useStickySender ?? false,
      stickyIdleDays: row?.stickyIdleDays ?? '',
      useGeolocatedSender: row?.useGeolocatedSender ?? false,
      skipUnhealthySenders: row?.skipUnhealthySenders ?? false,
      priorities: Array.from(lines, (line) => (line ?? []).join(' ')).join('\n'),
      senderIds: (row?.senderIds ?? []).join('\n'),
    };
  },
  read: (row) => call('GET', of(row)),
  create: (values) => call('POST', '/v1/strategies', { body: bodyOf(values) }),
  save: (row, values, ifMatch) => call('PUT', of(row), { body: { ...bodyOf(values), sendingStrategyId: row.sendingStrategyId }, ifMatch }),
  remove: (row) => call('DELETE', of(row)),
};

function bodyOf(values) {
  const body = {
    platform: values.entityId ? { applicationId: values.applicationId, entityId: values.entityId } : { applicationId: values.applicationId },
    useStickySender: values.useStickySender,
    useGeolocatedSender: values.useGeolocatedSender,
    skipUnhealthySenders: values.skipUnhealthySenders,
  };
  if (values.channel) body.channel = values.channel;
  const countries = toList(values.countries).map((country) => country.toUpperCase());
  if (countries.length) body.destinationCountryCodes = countries;
  if (values.useStickySender && values.stickyIdleDays !== '') body.stickyIdleDays = Number(values.stickyIdleDays);
  const lines = values.priorities.split('\n').map((line) => toList(line).map((type) => type.toUpperCase()));
  const priorities = lines.flatMap((types, index) => types.map((senderType) => ({ senderType, priority: index + 1 })));
  if (priorities.length) body.priorities = priorities;
  const senders = toList(values.senderIds);
  if (senders.length) body.senderIds = senders;
  return body;
}

export default () => html`<${Resource} kind=${kind} />`;
