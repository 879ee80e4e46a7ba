// A list in pages from the server, with its filters in the address.
import { html, useEffect, useId, useRef, useState } from '../html.js';
import { get, path } from '../api.js';
import { useData } from '../data.js';
import { refine, useRoute } from '../route.js';
import { Problem } from './notice.js';

const SIZE = 50;
// How long nothing is typed before the list is asked for.
const PAUSE = 250;

function Filter({ filter, value }) {
  const [typed, setTyped] = useState(value ?? '');
  const timer = useRef(0);
  const id = useId();
  useEffect(() => setTyped(value ?? ''), [value]);
  const set = (next, pause) => {
    setTyped(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => refine({ [filter.name]: next, page: '' }), pause);
  };
  return html`<div class="filter">
    <label for=${id}>${filter.label}</label>
    ${filter.options
      ? html`<select id=${id} value=${typed} onChange=${(event) => set(event.currentTarget.value, 0)}>
          <option value="">all</option>
          ${filter.options.map(([option, label]) => html`<option value=${option}>${label ?? option}</option>`)}
        </select>`
      : html`<input id=${id} type="search" value=${typed} autocomplete="off" spellcheck=${false} onInput=${(event) => set(event.currentTarget.value, PAUSE)} />`}
  </div>`;
}

export function Table({ caption, columns, rows, keyOf, empty }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}>
    <table>
      <caption class="hidden">${caption}</caption>
      <thead>
        <tr>${columns.map((column) => html`<th scope="col" class=${column.class}>${column.label}</th>`)}</tr>
      </thead>
      <tbody>
        ${rows.map((row, index) => html`<tr key=${keyOf ? keyOf(row) : index}>
          ${columns.map((column) => html`<td class=${column.class} data-label=${column.label}>${column.cell(row)}</td>`)}
        </tr>`)}
        ${rows.length === 0 && html`<tr><td class="empty" colspan=${columns.length}>${empty ?? 'Nothing here.'}</td></tr>`}
      </tbody>
    </table>
  </div>`;
}

// `base` is the path of the list; `filters` are its parameters, and `fixed` those that nobody chooses.
export function Paged({ caption, base, filters = [], fixed, columns, keyOf, empty, tools, size = SIZE, refresh }) {
  const { query } = useRoute();
  const page = Number(query.page) || 0;
  const wanted = Object.fromEntries(filters.map((filter) => [filter.name, query[filter.name]]));
  const address = path(base, { ...fixed, ...wanted, page: page || '', size });
  const { data, fault, isLoading, reload } = useData((signal) => get(address, signal), [address, refresh]);
  const paging = data?.paging;
  const rows = data?.results ?? [];
  const turn = (to) => () => refine({ page: to || '' });
  return html`<section class="list">
    <div class="tools">
      <search class="filters">
        ${filters.map((filter) => html`<${Filter} key=${filter.name} filter=${filter} value=${query[filter.name]} />`)}
      </search>
      ${tools && html`<div class="actions">${tools(reload)}</div>`}
    </div>
    <${Problem} fault=${fault} retry=${reload} />
    ${!data && isLoading && html`<p class="quiet">Reading…</p>`}
    ${data && html`<${Table} caption=${caption} columns=${columns(reload)} rows=${rows} keyOf=${keyOf} empty=${empty} />`}
    ${paging &&
    html`<nav class="pages" aria-label="Pages">
      <span role="status">${paging.totalResults.toLocaleString()} in all, page ${paging.page + 1} of ${Math.max(paging.totalPages, 1).toLocaleString()}</span>
      <button type="button" disabled=${page === 0} onClick=${turn(page - 1)}>Previous</button>
      <button type="button" disabled=${page + 1 >= paging.totalPages} onClick=${turn(page + 1)}>Next</button>
    </nav>`}
  </section>`;
}
