import { html } from '../html.js';
import { call, id } from '../api.js';
import { href } from '../route.js';
import { session } from '../session.js';
import { Resource } from '../parts/resource.js';
import { fromLines, toLines } from '../parts/words.js';

const of = (row) => `/v1/applications/${id(row.applicationId)}`;

const kind = {
  name: 'application',
  caption: 'Applications',
  auditKind: 'application',
  base: '/v1/applications',
  removal: 'Its strategies, default senders, bindings, keys, modules and entities go with it. Its associations move to the application default.',
  keyOf: (row) => row.applicationId,
  columns: [
    { label: 'Application', cell: (row) => html`<strong>${row.applicationId}</strong>` },
    { label: 'Name', cell: (row) => row.applicationName },
    { label: 'Attributes', cell: (row) => toLines(row.attributes) },
    {
      label: 'Its',
      cell: (row) => html`<a href=${href('strategies', { applicationId: row.applicationId })}>strategies</a>${' '}
        <a href=${href('associations', { applicationId: row.applicationId })}>associations</a>${' '}
        <a href=${href('coverage', { applicationId: row.applicationId })}>coverage</a>`,
    },
  ],
  fields: (row) => [
    ...(row ? [] : [{ name: 'applicationId', label: 'Application', help: 'its id, which stays', required: true }]),
    { name: 'applicationName', label: 'Name' },
    ...(row ? [{ name: 'attributes', label: 'Attributes', type: 'long', help: 'one a line: name=value' }] : []),
  ],
  toForm: (row) => ({
    applicationId: row?.applicationId ?? '',
    applicationName: row?.applicationName ?? '',
    attributes: toLines(row?.attributes),
  }),
  read: (row) => call('GET', of(row)),
  save: (row, values, ifMatch) => {
    const body = { applicationId: row.applicationId, attributes: fromLines(values.attributes) };
    if (values.applicationName) body.applicationName = values.applicationName;
    return call('PUT', of(row), { body, ifMatch });
  },
};
if (!session.isTenant) {
  kind.create = ({ applicationId, applicationName }) => {
    const body = applicationName ? { applicationId, applicationName } : { applicationId };
    return call('POST', '/provisioning/1/applications', { body });
  };
  kind.remove = (row) => call('DELETE', `/provisioning/1/applications/${id(row.applicationId)}`);
  kind.mayRemove = (row) => row.applicationId !== 'default';
}

export default () => html`<${Resource} kind=${kind} />`;
