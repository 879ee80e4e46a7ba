// Somebody else changed first what is being edited: who, when, what, and what to do about it.
import { html } from '../html.js';
import { get } from '../api.js';
import { useData } from '../data.js';
import { session } from '../session.js';
import { Difference } from './difference.js';
import { Time } from './notice.js';

// The newest change of an element in the audit log, as far as this key may read it.
async function newest(kind, id, signal) {
  if (!session.allows('audit:read')) return null;
  const { results } = await get('/v1/audit?size=50', signal);
  for (const revision of results) {
    const change = revision.changes.find((one) => one.kind === kind && Object.values(one.element).includes(id));
    if (change) return { revision, change };
  }
  return null;
}

// `read()` gives the element as it is now: `{data, etag}`. `take(data, etag)` goes on from there, `keep(etag)` saves over it.
export function Conflict({ kind, id, read, take, keep, values, setValues, again }) {
  const { data } = useData(async (signal) => ({ now: await read(signal), first: await newest(kind, id, signal) }), [id]);
  const first = data?.first;
  return html`<div class="notice bad conflict" role="alert" tabindex="-1">
    <p>
      <strong>Somebody else changed this first.</strong>${' '}
      ${first && html`${first.revision.who ?? 'Another key'}, <${Time} at=${first.revision.at} />, revision ${first.revision.revision}.`}
      ${' '}Nothing of yours is lost: it is below.
    </p>
    ${first && html`<${Difference} before=${first.change.before} after=${first.change.after} />`}
    ${data && html`<div class="actions">
      <button type="button" onClick=${() => setValues(take(data.now.data, data.now.etag))}>Take theirs</button>
      <button type="button" class="danger" onClick=${() => { keep(data.now.etag); again(); }}>Save mine over theirs</button>
    </div>`}
  </div>`;
}
