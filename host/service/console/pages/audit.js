// Who changed what, the newest first, with the difference.
import { html, useState } from '../html.js';
import { get, path } from '../api.js';
import { useData } from '../data.js';
import { Difference } from '../parts/difference.js';
import { Badge, Problem, Time } from '../parts/notice.js';

const PART = 50;
// How many more changes of one revision are shown at a time: an import has as many as it has lines.
const MOST = 50;

const nameOf = (element) => Object.values(element).filter((part) => part !== null && part !== '').join(' / ');

function Change({ change }) {
  const kind = change.removed ? 'bad' : change.before === undefined ? 'good' : '';
  const word = change.removed ? 'removed' : change.before === undefined ? 'put' : 'changed';
  return html`<div class="change">
    <${Badge} kind=${kind}>${word}<//>${' '}${change.kind}${' '}<strong>${nameOf(change.element)}</strong>
    <${Difference} before=${change.before} after=${change.removed ? undefined : change.after} />
  </div>`;
}

function Revision({ revision }) {
  // A list has the first changes of a revision. The others are read when they are asked for.
  const [rest, setRest] = useState({ changes: [], next: revision.next });
  const [shown, show] = useState(MOST);
  const [fault, setFault] = useState(null);
  const changes = [...revision.changes, ...rest.changes];
  const total = revision.total ?? (rest.next === undefined ? changes.length : undefined);
  const count = total?.toLocaleString() ?? `more than ${changes.length.toLocaleString()}`;
  const more = async () => {
    try {
      if (shown >= changes.length) {
        const part = await get(path(`/v1/audit/${revision.revision}`, { after: rest.next }));
        setRest({ changes: [...rest.changes, ...part.changes], next: part.next });
      }
      show(shown + MOST);
      setFault(null);
    } catch (found) {
      setFault(found);
    }
  };
  return html`<li>
    <p><strong>Revision ${revision.revision}</strong>, <${Time} at=${revision.at} />, by ${revision.who ?? 'another key'}
      ${revision.action && html`<br /><code class="quiet">${revision.action}</code>`}</p>
    <details open=${total <= 3}>
      <summary>${count} ${total === 1 ? 'change' : 'changes'}</summary>
      ${changes.slice(0, shown).map((change) => html`<${Change} change=${change} />`)}
      <${Problem} fault=${fault} />
      ${(shown < changes.length || rest.next !== undefined) && html`<p><button type="button" onClick=${more}>Show more of ${count}</button></p>`}
    </details>
  </li>`;
}

export default function Audit() {
  // The first part follows what happens; older parts do not change.
  const { data, fault, reload } = useData((signal) => get(path('/v1/audit', { size: PART }), signal), []);
  const [older, setOlder] = useState([]);
  const [wrong, setWrong] = useState(null);
  const [find, setFind] = useState('');
  const parts = [data, ...older].filter(Boolean);
  const seen = new Set();
  const revisions = parts
    .flatMap((part) => part.results)
    .filter(({ revision }) => !seen.has(revision) && seen.add(revision))
    .filter((revision) => !find || JSON.stringify(revision).toLowerCase().includes(find.toLowerCase()));
  const next = parts.at(-1)?.next;
  const more = async () => {
    try {
      const part = await get(path('/v1/audit', { size: PART, before: next }));
      setOlder((parts) => [...parts, part]);
      setWrong(null);
    } catch (found) {
      setWrong(found);
    }
  };
  return html`<div class="tools"><search class="filters"><div class="filter">
      <label for="find">Find in what is shown</label>
      <input id="find" type="search" value=${find} onInput=${(event) => setFind(event.currentTarget.value)} />
    </div></search></div>
    <${Problem} fault=${fault ?? wrong} retry=${reload} />
    ${data && revisions.length === 0 && html`<p class="quiet">Nothing here.</p>`}
    <ol class="timeline" aria-label="Revisions">${revisions.map((revision) => html`<${Revision} key=${revision.revision} revision=${revision} />`)}</ol>
    ${next && html`<button type="button" onClick=${more}>Show older</button>`}`;
}
