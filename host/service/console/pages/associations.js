import { html } from '../html.js';
import { call } from '../api.js';
import { href } from '../route.js';
import { session } from '../session.js';
import { Resource } from '../parts/resource.js';
import { channelFilter } from '../parts/words.js';

const TYPES = ['NUMBER', 'ALPHA', 'RCS_RESOURCE', 'DOMAIN', 'APPLE_RESOURCE'].map((type) => [type, type]);
const own = session.value.applicationId;

const kind = {
  name: 'association',
  caption: 'Associations',
  about: 'Which application, or entity of it, may use which sender over which channel.',
  base: '/provisioning/1/associations',
  filters: [
    { name: 'resourceId', label: 'Sender id' },
    ...(own ? [] : [{ name: 'applicationId', label: 'Application' }]),
    { name: 'entityId', label: 'Entity' },
    { name: 'channel', label: 'Channel', options: channelFilter },
    { name: 'resourceType', label: 'Resource', options: TYPES },
  ],
  keyOf: (row) => [row.resourceId, row.channel, row.applicationId, row.entityId, row.resourceType].filter(Boolean).join(' '),
  columns: [
    { label: 'Sender', cell: (row) => html`<a href=${href('senders', { text: row.resourceId })}><code>${row.resourceId}</code></a>` },
    { label: 'Channel', cell: (row) => row.channel },
    { label: 'Application', cell: (row) => row.applicationId },
    { label: 'Entity', cell: (row) => row.entityId ?? html`<span class="quiet">the application itself</span>` },
    { label: 'Resource', cell: (row) => row.resourceType },
  ],
  fields: () => [
    { name: 'resourceId', label: 'Sender id', required: true },
    { name: 'resourceType', label: 'Resource', type: 'select', options: TYPES },
    { name: 'channel', label: 'Channel', type: 'select', options: channelFilter },
    { name: 'applicationId', label: 'Application', required: true, disabled: Boolean(own) },
    { name: 'entityId', label: 'Entity', help: 'empty: the application itself' },
  ],
  toForm: () => ({ resourceId: '', resourceType: 'NUMBER', channel: 'SMS', applicationId: own ?? 'default', entityId: '' }),
  create: (values) => call('POST', '/provisioning/1/associations', { body: { ...values, entityId: values.entityId || null } }),
  remove: ({ resourceType, channel, applicationId, entityId, resourceId }) =>
    call('DELETE', '/provisioning/1/associations', { body: { resourceType, channel, applicationId, entityId, resourceId } }),
  removal: 'The sender stays; it is no candidate there any more.',
};

export default () => html`<${Resource} kind=${kind} />`;
