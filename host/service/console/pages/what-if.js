// What recorded traffic would come to under another policy, other settings or other strategies.
import { html, useEffect, useState } from '../html.js';
import { call, get, id } from '../api.js';
import { useData } from '../data.js';
import { href, useRoute } from '../route.js';
import { session } from '../session.js';
import { Form } from '../parts/form.js';
import { Badge, Problem, Time } from '../parts/notice.js';
import { jsonOf } from '../parts/words.js';

const EVERY = 1_000;
const HOUR = 3_600_000;

const fieldsOf = (modules) => [
  ...(session.isTenant ? [] : [{ name: 'applicationId', label: 'Application', help: 'empty: all' }]),
  { name: 'entityId', label: 'Entity', help: 'empty: all' },
  { name: 'since', label: 'Hours back', type: 'number', min: 1 },
  {
    name: 'module',
    label: 'Policy',
    type: 'select',
    options: [['', 'the one that decided'], ['standard', 'the standard policy'], ...modules.map((one) => [one.digest, `${one.name} ${one.version}`])],
  },
  { name: 'settings', label: 'Settings', type: 'long', rows: 3, help: 'JSON; empty: those that were' },
  { name: 'strategies', label: 'Strategies', type: 'long', rows: 6, help: 'a JSON list, as POST /v1/strategies takes them; one with the id of another takes its place' },
];

function Job({ job, remove }) {
  const isOver = job.state === 'DONE' || job.state === 'FAILED';
  return html`<li>
    <strong><${Time} at=${job.madeAt} /></strong>${' '}
    <${Badge} kind=${job.state === 'DONE' ? 'good' : job.state === 'FAILED' ? 'bad' : ''}>${job.state.toLowerCase()}<//>${' '}
    ${job.records.toLocaleString()} decisions compared${job.changed === undefined ? '' : html`, <strong>${job.changed.toLocaleString()} change</strong>`}
    ${job.isComplete === false && ' (not all were read: the time was over)'}
    ${job.reason && html`<br />${job.reason}`}
    ${!isOver && html`<br /><progress aria-label="How much of the log was read" max=${job.allBytes || 1} value=${job.readBytes}></progress>`}
    <div class="actions">
      ${job.state === 'DONE' && html`<a class="button" target="_blank" rel="noopener" href=${`/v1/what-if/${id(job.whatIfId)}/report.html`}>Report</a>`}
      <button type="button" class="small danger" onClick=${() => remove(job)}>${isOver ? 'Remove' : 'Stop'}</button>
    </div>
  </li>`;
}

export default function WhatIf() {
  const { query } = useRoute();
  const load = async (signal) => {
    const mayManage = session.allows('modules:manage');
    const mayRead = query.strategy && session.allows('sending-strategy:manage');
    const [modules, strategy] = await Promise.all([
      mayManage ? get('/v1/modules?size=1000', signal) : { results: [] },
      mayRead ? get(`/v1/strategies/${id(query.strategy)}`, signal) : null,
    ]);
    return { modules: modules.results, strategy };
  };
  const start = useData(load, []);
  const jobs = useData((signal) => get('/v1/what-if', signal), []);
  const [fault, setFault] = useState(null);
  const isRunning = jobs.data?.results.some((job) => job.state === 'WAITING' || job.state === 'RUNNING');
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(jobs.reload, EVERY);
    return () => clearInterval(timer);
  }, [isRunning]);
  const begin = async (values) => {
    const body = { since: new Date(Date.now() - Number(values.since || 24) * HOUR).toISOString() };
    for (const name of ['applicationId', 'entityId', 'module']) if (values[name]) body[name] = values[name].trim();
    const settings = jsonOf('settings', values.settings);
    const strategies = jsonOf('strategies', values.strategies);
    if (settings !== undefined) body.settings = settings;
    if (strategies !== undefined) body.strategies = [strategies].flat();
    await call('POST', '/v1/what-if', { body });
    await jobs.reload();
  };
  const remove = async (job) => {
    try {
      await call('DELETE', `/v1/what-if/${id(job.whatIfId)}`);
      setFault(null);
      jobs.reload();
    } catch (found) {
      setFault(found);
    }
  };
  const strategies = start.data?.strategy ? JSON.stringify([start.data.strategy], null, 2) : '';
  return html`<p>Decides messages of <a href=${href('traffic')}>recorded traffic</a> again, on something else. Nothing is changed and nobody is pinned.</p>
    <${Problem} fault=${start.fault ?? fault ?? jobs.fault} />
    ${start.data && html`<${Form} fields=${fieldsOf(start.data.modules)} initial=${{ applicationId: '', entityId: '', since: '24', module: '', settings: '', strategies }} save=${begin} action="Compare" />`}
    <h2>Comparisons</h2>
    ${jobs.data?.results.length === 0 && html`<p class="quiet">None.</p>`}
    <ol class="timeline" aria-label="Comparisons">${[...(jobs.data?.results ?? [])].reverse().map((job) => html`<${Job} key=${job.whatIfId} job=${job} remove=${remove} />`)}</ol>`;
}
