// Modules, and which policy decides for whom: swapped, tried beside, given to a share, promoted and taken back.
import { html, useEffect, useState } from '../html.js';
import { call, get, id, path } from '../api.js';
import { useData } from '../data.js';
import { useEvents } from '../live.js';
import { session } from '../session.js';
import { Confirm, Dialog } from '../parts/dialog.js';
import { Form } from '../parts/form.js';
import { Badge, Problem, Time } from '../parts/notice.js';
import { Table } from '../parts/table.js';
import { jsonOf } from '../parts/words.js';

const own = session.value.applicationId;
// How often differences are read while a shadow or a canary runs.
const LOOK = 2_000;
const MOST_EVENTS = 50;
// Of so many bindings each is read by itself.
const FEW = 20;

const forText = ({ applicationId, entityId }) => (entityId ? `${applicationId} / ${entityId}` : applicationId ?? 'the platform');
const at = (step, target) => path(`/v1/binding${step}`, target);

const STEPS = {
  swap: ['Swap', 'decides for everybody at once', (target, body, ifMatch) => call('PUT', at('', target), { body, ifMatch })],
  shadow: ['Shadow', 'decides beside; its answers are compared and thrown away', (target, body, ifMatch) => call('POST', at('/shadow', target), { body, ifMatch })],
  canary: ['Canary', 'decides for a share of the recipients', (target, body, ifMatch) => call('POST', at('/canary', target), { body, ifMatch })],
};

function bindingFields(step, modules) {
  const options = [['standard', 'the standard policy'], ...modules.map((one) => [one.digest, `${one.name} ${one.version} (${one.digest.slice(0, 8)})`])];
  return [
    ...(step === 'new'
      ? [
          { name: 'applicationId', label: 'Application', disabled: Boolean(own), help: own ? '' : 'empty: the whole platform' },
          { name: 'entityId', label: 'Entity', help: 'empty: all of the application' },
        ]
      : []),
    { name: 'module', properties: ['versions'], label: 'Policy', type: 'select', options },
    ...(step === 'canary' ? [{ name: 'perMille', label: 'Share of the recipients, in thousandths', type: 'number', min: 1, max: 1000 }] : []),
    { name: 'onFailure', label: 'If it fails', type: 'select', options: [['REFUSE', 'refuse the message'], ['STANDARD', 'the standard policy decides']] },
    { name: 'settings', label: 'Settings', type: 'long', help: 'JSON; empty: none' },
  ];
}

function requestOf(step, values) {
  const body = { module: values.module, onFailure: values.onFailure };
  if (step === 'canary') body.perMille = Number(values.perMille);
  const settings = jsonOf('settings', values.settings);
  if (settings !== undefined) body.settings = settings;
  return body;
}

const Policy = ({ title, policy, children }) => html`<div>
  <h3>${title}</h3>
  <dl class="facts">
    <dt>policy</dt><dd><strong>${policy.policy}</strong></dd>
    <dt>module</dt><dd><code>${policy.module.slice(0, 16)}</code></dd>
    <dt>if it fails</dt><dd>${policy.onFailure === 'STANDARD' ? 'the standard policy decides' : 'the message is refused'}</dd>
    ${policy.settings && html`<dt>settings</dt><dd><code>${JSON.stringify(policy.settings)}</code></dd>`}
    ${children}
  </dl>
</div>`;

// The differences of a shadow, as they come in.
function Comparison({ target }) {
  const { data, fault, reload } = useData((signal) => get(at('/comparison', target), signal), [forText(target)]);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), LOOK);
    return () => clearInterval(timer);
  }, []);
  if (fault) return html`<p class="quiet">${fault.message}</p>`;
  if (!data) return null;
  const part = data.compared ? ((100 * data.different) / data.compared).toFixed(2) : '0';
  return html`<div>
    <p role="status"><strong>${data.compared.toLocaleString()}</strong> compared, <strong>${data.different.toLocaleString()}</strong> different (${part} %)${data.dropped ? `, ${data.dropped.toLocaleString()} left out for lack of time` : ''}</p>
    ${data.samples.length > 0 && html`<${Table} caption="Differences" rows=${data.samples} columns=${[
      { label: 'For', cell: forText },
      { label: 'To', cell: (row) => row.to },
      { label: 'Serving', cell: (row) => row.serving },
      { label: 'Candidate', cell: (row) => row.candidate },
    ]} />`}
  </div>`;
}

// What a node has in use, in words.
function Served({ serving }) {
  if (!serving) return html`nothing of its own: the binding above it decides`;
  const beside = [serving.canary && `canary ${serving.canary}`, serving.shadow && `shadow ${serving.shadow}`].filter(Boolean).join(', ');
  return html`<strong>${serving.policy}</strong>${beside && `, ${beside}`}${' '}
    ${!serving.isAsStored && html`<${Badge} kind="warn">not as stored yet<//>`} ${serving.reason && html`<br /><span class="quiet">${serving.reason}</span>`}`;
}

// What really serves on every node, read anew while it is open.
function Nodes({ target, isOpen }) {
  const [open, setOpen] = useState(isOpen);
  const { data, fault, reload } = useData(async (signal) => open && (await get(at('/nodes', target), signal)).results, [open]);
  useEffect(() => {
    const timer = setInterval(() => open && document.visibilityState === 'visible' && reload(), LOOK);
    return () => clearInterval(timer);
  }, [open]);
  const columns = [
    { label: 'Node', cell: (node) => html`${node.name ?? node.nodeId.slice(0, 8)} ${node.isHere && html`<${Badge}>this one<//>`}` },
    { label: 'Serves', cell: (node) => html`<${Served} serving=${node.serving} />` },
    { label: 'Revision', class: 'number', cell: (node) => node.revision },
    { label: 'Heard of', cell: (node) => html`<${Time} at=${node.seenAt} /> ${node.isAway && html`<${Badge} kind="bad">away<//>`}` },
  ];
  return html`<details open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>On every node</summary>
    <${Problem} fault=${fault} />
    ${data && html`<${Table} caption=${`Nodes of ${forText(target)}`} columns=${columns} rows=${data} keyOf=${(node) => node.nodeId} />`}
  </details>`;
}

function Binding({ binding, modules, reload, isAlone }) {
  const target = binding.for;
  const [open, setOpen] = useState(null);
  const [fault, setFault] = useState(null);
  // The tag of the binding as it was when the form was opened, so that two people do not undo each other.
  const begin = async (step) => {
    try {
      const { etag } = await call('GET', at('', target));
      setOpen({ step, etag });
      setFault(null);
    } catch (found) {
      setFault(found);
    }
  };
  const act = async (word) => {
    try {
      await call('POST', at(`/${word}`, target));
      setFault(null);
      reload();
    } catch (found) {
      setFault(found);
    }
  };
  const unbind = async () => {
    try {
      await call('DELETE', at('', target));
      setOpen(null);
      reload();
    } catch (found) {
      setFault(found);
    }
  };
  const save = async (values) => {
    await STEPS[open.step][2](target, requestOf(open.step, values), open.etag);
    setOpen(null);
    reload();
  };
  const candidate = binding.canary ?? binding.shadow;
  const may = !own || target.applicationId;
  return html`<article class="card" aria-label=${`Binding of ${forText(target)}`}>
    <h2>${forText(target)}</h2>
    <${Problem} fault=${open ? null : fault} />
    <${Policy} title="Serves" policy=${binding.active} />
    ${binding.canary && html`<${Policy} title="Canary" policy=${binding.canary}><dt>share</dt><dd>${binding.canary.perMille / 10} %</dd><//>`}
    ${binding.shadow && html`<${Policy} title="Shadow" policy=${binding.shadow} />`}
    ${binding.shadow && html`<${Comparison} target=${target} />`}
    <${Nodes} target=${target} isOpen=${isAlone} />
    ${may && html`<div class="actions">
      ${Object.entries(STEPS).map(([step, [label]]) => html`<button type="button" onClick=${() => begin(step)}>${label}…</button>`)}
      ${candidate && html`<button type="button" class="primary" onClick=${() => act('promote')}>Promote</button><button type="button" onClick=${() => act('withdraw')}>Withdraw</button>`}
      ${binding.history?.length > 0 && html`<button type="button" onClick=${() => act('rollback')}>Roll back</button>`}
      ${target.applicationId && html`<button type="button" class="danger" onClick=${() => setOpen({ step: 'unbind' })}>Unbind</button>`}
    </div>`}
    ${binding.history?.length > 0 && html`<h3>History</h3><ol class="timeline">
      <li><strong>${binding.active.policy}</strong> serves</li>
      ${binding.history.map((past) => html`<li>${past.policy} <span class="quiet">until <${Time} at=${past.until} /></span></li>`)}
    </ol>`}
    ${open && STEPS[open.step] && html`<${Dialog} title=${`${STEPS[open.step][0]} for ${forText(target)}`} onClose=${() => setOpen(null)}>
      <p>The policy ${STEPS[open.step][1]}.</p>
      <${Form} fields=${bindingFields(open.step, modules)} initial=${{ module: binding.active.module, perMille: '25', onFailure: binding.active.onFailure, settings: '' }} save=${save} onCancel=${() => setOpen(null)} action=${STEPS[open.step][0]} />
    <//>`}
    ${open?.step === 'unbind' && html`<${Confirm} title="Unbind?" action="Unbind" onDone=${unbind} onClose=${() => setOpen(null)} fault=${fault}><p>The binding above it decides then.</p><//>`}
  </article>`;
}

function Modules({ modules, reload }) {
  const [fault, setFault] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [inspected, setInspected] = useState(null);
  const [said, say] = useState('');
  const attempt = async (work) => {
    setBusy(true);
    try {
      say((await work()) ?? '');
      setFault(null);
      reload();
    } catch (found) {
      setFault(found);
    }
    setBusy(false);
  };
  const upload = (event) => {
    const [file] = event.currentTarget.files;
    event.currentTarget.value = '';
    if (file) {
      attempt(async () => {
        const { data } = await call('POST', '/v1/modules', { body: await file.arrayBuffer(), type: 'application/wasm' });
        return `${data.name} ${data.version} is there.`;
      });
    }
  };
  const columns = [
    { label: 'Policy', cell: (row) => html`<strong>${row.name}</strong> ${row.version}` },
    { label: 'Digest', cell: (row) => html`<code title=${row.digest}>${row.digest.slice(0, 16)}</code>` },
    { label: 'Contract', cell: (row) => row.interface },
    { label: 'Signature', cell: (row) => (row.signatures ?? []).map((one) => html`<span title=${one.fault ?? one.comment}><${Badge} kind=${one.valid ? 'good' : 'bad'}>${one.keyName ?? one.keyId}<//></span> `) },
    { label: 'Size', class: 'number', cell: (row) => `${Math.ceil(row.size / 1024)} KiB` },
    { label: 'Of', cell: (row) => html`${row.applicationId ?? 'the platform'} ${row.shared && html`<${Badge}>shared<//>`}` },
    { label: 'Added', cell: (row) => html`<${Time} at=${row.addedAt} />` },
    {
      label: 'Actions',
      cell: (row) => html`<div class="actions">
        <button type="button" class="small" onClick=${() => attempt(async () => setInspected(await get(path(`/v1/modules/${id(row.digest)}`, { applicationId: own ? '' : row.applicationId }))))}>Inspect</button>
        ${!own && !row.applicationId && html`<button type="button" class="small" onClick=${() => attempt(async () => { await call('POST', `/v1/modules/${id(row.digest)}/${row.shared ? 'unshare' : 'share'}`); })}>${row.shared ? 'Unshare' : 'Share'}</button>`}
        <button type="button" class="small danger" aria-label=${`Remove ${row.name} ${row.version}`} onClick=${() => attempt(async () => { await call('DELETE', path(`/v1/modules/${id(row.digest)}`, { applicationId: own ? '' : row.applicationId })); return `${row.name} ${row.version} was removed.`; })}>Remove</button>
      </div>`,
    },
  ];
  return html`<section class="list"><h2>Modules</h2>
    <p class="field"><label for="upload">Upload a module (.wasm)</label><input id="upload" type="file" accept=".wasm,application/wasm" disabled=${isBusy} onChange=${upload} /></p>
    <p role="status" class=${said || isBusy ? 'notice' : 'hidden'}>${isBusy ? 'Wait: a module is compiled before it is taken.' : said}</p>
    <${Problem} fault=${fault} />
    <${Table} caption="Modules" columns=${columns} rows=${modules} keyOf=${(row) => row.digest + row.applicationId} empty="None: the standard policy comes with the service." />
    ${inspected && html`<${Dialog} title=${`${inspected.name} ${inspected.version}`} onClose=${() => setInspected(null)}>
      <dl class="facts"><dt>digest</dt><dd><code>${inspected.digest}</code></dd><dt>contract</dt><dd>${inspected.interface}</dd>
        <dt>exports</dt><dd>${inspected.exports.join(', ')}</dd>
        ${inspected.imports.map((one) => html`<dt>reads</dt><dd>${one.name}: ${one.functions.join(', ')}</dd>`)}</dl>
    <//>`}
  </section>`;
}

// What happens to policies, as it happens.
function Happenings() {
  const [events, setEvents] = useState([]);
  useEvents((event) => {
    if (event.event === 'revision' || event.event === 'began') return;
    setEvents((all) => [{ ...event, key: Math.random() }, ...all].slice(0, MOST_EVENTS));
  });
  if (events.length === 0) return null;
  return html`<section><h2>What happens</h2><ol class="timeline" aria-live="polite">
    ${events.map((one) => html`<li key=${one.key}><strong>${one.event}</strong> ${one.for ? forText(one.for) : ''} <${Time} at=${one.at} /><br /><span class="quiet">${[one.from, one.to, one.policy, one.reason].filter(Boolean).join(' → ')}</span></li>`)}
  </ol></section>`;
}

const serving = async () => (await fetch('/readyz', { cache: 'no-store' })).json();

export default function Policies() {
  const load = async (signal) => {
    const [modules, bindings, node] = await Promise.all([get('/v1/modules?size=1000', signal), get('/v1/bindings?size=1000', signal), serving()]);
    // A list of bindings leaves their history out; that of each is read when there are few.
    const few = bindings.results.length <= FEW;
    const results = few ? await Promise.all(bindings.results.map((one) => get(at('', one.for), signal))) : bindings.results;
    return { modules: modules.results, bindings: results, node };
  };
  const { data, fault, reload } = useData(load, []);
  const [isNew, setNew] = useState(false);
  const save = async (values) => {
    const target = { applicationId: values.applicationId.trim(), entityId: values.entityId.trim() };
    await call('PUT', at('', target), { body: requestOf('new', values) });
    setNew(false);
    reload();
  };
  return html`<${Problem} fault=${fault} retry=${reload} />
    ${data && html`<p>This node serves revision ${data.node.revision}.
      ${data.node.starting ? html` <${Badge} kind="warn">${data.node.starting} bindings are starting<//>` : html` <${Badge} kind="good">every binding is in use<//>`}</p>
    <div class="tools"><h2>Bindings</h2><button type="button" class="primary" onClick=${() => setNew(true)}>New binding</button></div>
    <div class="cards">${data.bindings.map((binding) => html`<${Binding} key=${forText(binding.for)} binding=${binding} modules=${data.modules} reload=${reload} isAlone=${data.bindings.length <= FEW} />`)}</div>
    <${Modules} modules=${data.modules} reload=${reload} />
    ${isNew && html`<${Dialog} title="New binding" onClose=${() => setNew(false)}>
      <${Form} name="binding.new" fields=${bindingFields('new', data.modules)} initial=${{ applicationId: own ?? '', entityId: '', module: 'standard', onFailure: 'REFUSE', settings: '' }} save=${save} onCancel=${() => setNew(false)} action="Bind" />
    <//>`}`}
    <${Happenings} />`;
}
