import { html } from '../html.js';
import { call, id } from '../api.js';
import { href } from '../route.js';
import { session } from '../session.js';
import { Badge } from '../parts/notice.js';
import { Resource } from '../parts/resource.js';
import { fromLines, toLines } from '../parts/words.js';

// Attributes are the platform's; a tenant changes names.
const hasAttributes = !session.isTenant;
const full = (row) => `/v1/entities/${id(row.entityId)}`;
const plain = (row) => `/provisioning/1/entities/${id(row.entityId)}`;
const isOwn = (row) => (row.applicationId ?? '') === (session.value.applicationId ?? '');

const kind = {
  name: 'entity',
  caption: 'Entities',
  auditKind: 'entity',
  base: '/v1/entities',
  removal: 'Its strategies, default senders, associations and bindings go with it.',
  filters: [
    { name: 'entityId', label: 'Entity' },
    ...(session.isTenant ? [] : [{ name: 'applicationId', label: 'Of application' }]),
  ],
  keyOf: (row) => row.entityId,
  columns: [
    { label: 'Entity', cell: (row) => html`<strong>${row.entityId}</strong>` },
    { label: 'Name', cell: (row) => row.entityName },
    { label: 'Made by', cell: (row) => html`<${Badge}>${row.applicationId ?? 'the platform'}<//>` },
    {
      label: 'Its',
      cell: (row) => html`<a href=${href('strategies', { entityId: row.entityId })}>strategies</a>${' '}
        <a href=${href('associations', { entityId: row.entityId })}>associations</a>${' '}
        <a href=${href('coverage', { entityId: row.entityId })}>coverage</a>`,
    },
  ],
  fields: (row) => [
    ...(row ? [] : [{ name: 'entityId', label: 'Entity', help: 'its id, which stays', required: true }]),
    { name: 'entityName', label: 'Name', required: true },
    ...(row && hasAttributes ? [{ name: 'attributes', label: 'Attributes', type: 'long', help: 'one a line: name=value' }] : []),
  ],
  toForm: (row) => ({
    entityId: row?.entityId ?? '',
    entityName: row?.entityName ?? '',
    attributes: toLines(row?.attributes),
  }),
  read: (row) => call('GET', hasAttributes ? full(row) : plain(row)),
  create: (values) => call('POST', '/provisioning/1/entities', { body: { entityId: values.entityId, entityName: values.entityName || values.entityId } }),
  save: (row, values, ifMatch) =>
    hasAttributes
      ? call('PUT', full(row), { ifMatch, body: { entityId: row.entityId, entityName: values.entityName, attributes: fromLines(values.attributes) } })
      : call('PUT', plain(row), { body: { entityName: values.entityName } }),
  mayEdit: isOwn,
  remove: (row) => call('DELETE', plain(row)),
  mayRemove: isOwn,
};

export default () => html`<${Resource} kind=${kind} />`;
