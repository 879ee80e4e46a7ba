import { html } from '../html.js';
import { call, path } from '../api.js';
import { href } from '../route.js';
import { session } from '../session.js';
import { Resource } from '../parts/resource.js';

const own = session.value.applicationId;
const of = ({ applicationId, entityId }) => path('/v1/default-senders', { applicationId, entityId });

const kind = {
  name: 'default sender',
  caption: 'Default senders',
  about: 'The sender of an application or entity for messages that no candidate can carry.',
  base: '/v1/default-senders',
  filters: own ? [] : [{ name: 'applicationId', label: 'Application' }],
  keyOf: (row) => [row.platform.applicationId, row.platform.entityId].filter(Boolean).join(' / '),
  columns: [
    { label: 'Application', cell: (row) => row.platform.applicationId },
    { label: 'Entity', cell: (row) => row.platform.entityId ?? html`<span class="quiet">the application itself</span>` },
    { label: 'Sender', cell: (row) => html`<a href=${href('senders', { text: row.senderId })}><code>${row.senderId}</code></a>` },
  ],
  fields: () => [
    { name: 'applicationId', label: 'Application', required: true, disabled: Boolean(own) },
    { name: 'entityId', label: 'Entity', help: 'empty: the application itself' },
    { name: 'senderId', label: 'Sender id', required: true, help: 'takes the place of the one that is there' },
  ],
  toForm: () => ({ applicationId: own ?? 'default', entityId: '', senderId: '' }),
  create: (values) => call('PUT', of(values), { body: { senderId: values.senderId.trim() } }),
  remove: (row) => call('DELETE', of(row.platform)),
};

export default () => html`<${Resource} kind=${kind} />`;
