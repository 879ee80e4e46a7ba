import { html, useState } from '../html.js';
import { call, id } from '../api.js';
import { Confirm, Dialog } from '../parts/dialog.js';
import { Form } from '../parts/form.js';
import { Badge, Time } from '../parts/notice.js';
import { Paged } from '../parts/table.js';
import { SCOPES } from '../parts/words.js';

const DAY = 86_400_000;
const OVERLAPS = [['0', 'at once'], ['3600', 'in an hour'], ['86400', 'in a day']];

const fields = [
  { name: 'name', label: 'Name', required: true, help: 'for people' },
  { name: 'applicationId', label: 'Application', help: 'whose key it is; empty: the platform' },
  { name: 'expiresAt', properties: ['expiresAt'], label: 'Days until it expires', type: 'number', min: 1, help: 'empty: never' },
  { name: 'scopes', label: 'Scopes', type: 'checks', options: SCOPES.map((scope) => [scope, scope]) },
];

async function create(values) {
  const body = { name: values.name, scopes: values.scopes };
  if (values.applicationId) body.applicationId = values.applicationId;
  if (values.expiresAt) body.expiresAt = new Date(Date.now() + Number(values.expiresAt) * DAY).toISOString();
  return (await call('POST', '/v1/keys', { body })).data;
}

function Secret({ made, onClose }) {
  return html`<${Dialog} title=${`The key ${made.name}`}>
    <p>This is shown once and not stored. Copy it now.</p>
    <code class="secret" data-secret>${made.key}</code>
    <footer><button type="button" class="primary" onClick=${onClose}>I have copied it</button></footer>
  <//>`;
}

export default function Keys() {
  const [open, setOpen] = useState(null);
  const [fault, setFault] = useState(null);
  const close = () => {
    setOpen(null);
    setFault(null);
  };
  const revoke = async () => {
    try {
      await call('DELETE', `/v1/keys/${id(open.row.keyId)}`);
      open.reload();
      close();
    } catch (found) {
      setFault(found);
    }
  };
  const made = (reload) => (key) => {
    reload();
    setOpen({ what: 'secret', made: key });
  };
  const columns = (reload) => [
    { label: 'Key', cell: (row) => html`<strong>${row.name}</strong><br /><code class="quiet">${row.keyId}</code>` },
    { label: 'Of', cell: (row) => html`<${Badge}>${row.applicationId ?? 'the platform'}<//>` },
    { label: 'Scopes', cell: (row) => row.scopes.join(', ') },
    { label: 'Made', cell: (row) => html`<${Time} at=${row.createdAt} />` },
    { label: 'Expires', cell: (row) => (row.expiresAt ? html`<${Time} at=${row.expiresAt} />` : 'never') },
    {
      label: 'Actions',
      cell: (row) => html`<div class="actions">
        <button type="button" class="small" aria-label=${`Rotate ${row.name}`} onClick=${() => setOpen({ what: 'rotate', row, reload })}>Rotate</button>
        <button type="button" class="small danger" aria-label=${`Revoke ${row.name}`} onClick=${() => setOpen({ what: 'revoke', row, reload })}>Revoke</button>
      </div>`,
    },
  ];
  return html`<${Paged} caption="Keys" base="/v1/keys" columns=${columns} keyOf=${(row) => row.keyId}
      tools=${(reload) => html`<button type="button" class="primary" onClick=${() => setOpen({ what: 'new', reload })}>New key</button>`} />
    ${open?.what === 'new' && html`<${Dialog} title="New key" onClose=${close}>
      <${Form} name="key.new" fields=${fields} initial=${{ name: '', applicationId: '', expiresAt: '', scopes: ['decisions:make'] }} action="Create" onCancel=${close} save=${async (values) => made(open.reload)(await create(values))} />
    <//>`}
    ${open?.what === 'rotate' && html`<${Dialog} title=${`Rotate ${open.row.name}`} onClose=${close}>
      <${Form} fields=${[{ name: 'overlap', properties: ['overlapSeconds'], label: 'The old secret ends', type: 'select', options: OVERLAPS }]} initial=${{ overlap: '3600' }} action="Rotate" onCancel=${close}
        save=${async ({ overlap }) => made(open.reload)((await call('POST', `/v1/keys/${id(open.row.keyId)}/rotate`, { body: { overlapSeconds: Number(overlap) } })).data)} />
    <//>`}
    ${open?.what === 'revoke' && html`<${Confirm} title=${`Revoke ${open.row.name}?`} action="Revoke" onDone=${revoke} onClose=${close} fault=${fault}>
      <p>Whoever uses it is refused from now on, and its sessions of this console end.</p>
    <//>`}
    ${open?.what === 'secret' && html`<${Secret} made=${open.made} onClose=${close} />`}`;
}
