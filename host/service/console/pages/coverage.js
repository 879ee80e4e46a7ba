// Who reaches which country over which channel: by senders of its own, by a default sender alone, or not at all and why.
import { html, useState } from '../html.js';
import { get, path } from '../api.js';
import { useData } from '../data.js';
import { href, refine, useRoute } from '../route.js';
import { session } from '../session.js';
import { Problem } from '../parts/notice.js';
import { CHANNELS } from '../parts/words.js';

const ROWS = 25;

const WORDS = {
  COVERED: 'covered by a sender of its own',
  DEFAULT_SENDER: 'by a default sender alone',
  NO_STRATEGY: 'no strategy',
  CHANNEL_NOT_ALLOWED: 'no strategy for the channel',
  COUNTRY_NOT_ALLOWED: 'no strategy for the country',
  NO_ASSOCIATION: 'no sender is associated',
  ALL_SUSPENDED: 'all senders are suspended',
  CHANNEL_NOT_COVERED: 'no sender covers the channel',
  COUNTRY_NOT_COVERED: 'no sender covers the country',
  REGISTRATION_REJECTED: 'the registration was rejected',
  REGISTRATION_EXPIRED: 'the registration has expired',
  REGISTRATION_PENDING: 'the registration is pending',
  TYPE_NOT_TAKEN: 'the country takes no such senders',
  OTHER_MESSAGE_TYPE: 'senders are for other types of messages',
  NOT_LISTED: 'the strategy lists no sender that could',
};

const look = (outcome) =>
  outcome === 'COVERED' ? ['covered', '✓'] : outcome === 'DEFAULT_SENDER' ? ['default', 'D'] : ['gap', '✕'];

function Cell({ row, cell, country, channel }) {
  if (!cell) return html`<td><span class="hidden">not asked for</span></td>`;
  const [kind, sign] = look(cell.outcome);
  const text = `${row.entityId ?? row.applicationId}, ${channel} to ${country}: ${WORDS[cell.outcome] ?? cell.outcome}`;
  const target =
    cell.outcome === 'COVERED'
      ? href('senders', { country, channel, applicationId: session.isTenant ? '' : row.applicationId })
      : cell.strategyId
        ? href('strategies', { applicationId: session.isTenant ? '' : row.applicationId, entityId: row.entityId, open: cell.strategyId })
        : href('strategies', { applicationId: session.isTenant ? '' : row.applicationId, entityId: row.entityId });
  return html`<td><a class=${`cell ${kind}`} href=${target} title=${text} aria-label=${text}>${sign}</a></td>`;
}

export default function Coverage() {
  const { query } = useRoute();
  const channel = query.channel || 'SMS';
  const page = Number(query.page) || 0;
  const address = path('/v1/coverage/grid', {
    applicationId: query.applicationId,
    entityId: query.entityId,
    country: query.country,
    channel,
    page: page || '',
    size: ROWS,
  });
  const { data, fault, isLoading, reload } = useData((signal) => get(address, signal), [address]);
  const [isGapsOnly, setGapsOnly] = useState(false);
  const isGap = (cell) => cell.outcome !== 'COVERED';
  const rows = (data?.results ?? []).filter((row) => !isGapsOnly || row.cells.some(isGap));
  const countries = [...new Set(rows.flatMap((row) => row.cells.filter((cell) => !isGapsOnly || isGap(cell)).map((cell) => cell.country)))].sort();
  const set = (name) => (event) => refine({ [name]: event.currentTarget.value.trim(), page: '' });
  const reasons = new Map();
  for (const cell of rows.flatMap((row) => row.cells)) reasons.set(cell.outcome, (reasons.get(cell.outcome) ?? 0) + 1);
  const paging = data?.paging;
  return html`<p>Under the standard policy, for messages without a type. A cell leads to the senders that cover it, or to the strategy that none can serve.</p>
    <div class="tools">
      <search class="filters">
        <div class="filter"><label for="channel">Channel</label>
          <select id="channel" value=${channel} onChange=${set('channel')}>${CHANNELS.map((one) => html`<option value=${one}>${one}</option>`)}</select></div>
        ${!session.isTenant && html`<div class="filter"><label for="application">Application</label><input id="application" type="search" value=${query.applicationId ?? ''} onChange=${set('applicationId')} /></div>`}
        <div class="filter"><label for="entity">Entity</label><input id="entity" type="search" value=${query.entityId ?? ''} onChange=${set('entityId')} /></div>
        <div class="filter"><label for="country">Country</label><input id="country" type="search" maxlength="2" value=${query.country ?? ''} onChange=${set('country')} /></div>
      </search>
      <label><input type="checkbox" checked=${isGapsOnly} onChange=${(event) => setGapsOnly(event.currentTarget.checked)} /> gaps alone</label>
    </div>
    <${Problem} fault=${fault} retry=${reload} />
    ${!data && isLoading && html`<p class="quiet">Reading…</p>`}
    <ul class="legend" aria-label="Legend">
      ${[...reasons].map(([outcome, count]) => html`<li><span class=${`cell ${look(outcome)[0]}`} aria-hidden="true">${look(outcome)[1]}</span> ${count.toLocaleString()} ${WORDS[outcome] ?? outcome}</li>`)}
      <li>empty: no strategy or sender of theirs names the country</li>
    </ul>
    ${data && html`<div class="grid-scroll" tabindex="0" role="region" aria-label="Coverage">
      <table class="grid">
        <caption class="hidden">Coverage over ${channel}: who by country</caption>
        <thead><tr><th scope="col">For</th>${countries.map((country) => html`<th scope="col">${country}</th>`)}</tr></thead>
        <tbody>
          ${rows.map((row) => {
            const cells = new Map(row.cells.map((cell) => [cell.country, cell]));
            return html`<tr><th scope="row">${row.applicationId}${row.entityId ? ` / ${row.entityId}` : ''}</th>
              ${countries.map((country) => html`<${Cell} row=${row} cell=${cells.get(country)} country=${country} channel=${channel} />`)}</tr>`;
          })}
          ${rows.length === 0 && html`<tr><td class="empty" colspan=${countries.length + 1}>Nothing here.</td></tr>`}
        </tbody>
      </table>
    </div>`}
    ${paging && html`<nav class="pages" aria-label="Pages">
      <span role="status">${paging.totalResults.toLocaleString()} applications and entities, page ${page + 1} of ${Math.max(paging.totalPages, 1)}</span>
      <button type="button" disabled=${page === 0} onClick=${() => refine({ page: page - 1 || '' })}>Previous</button>
      <button type="button" disabled=${page + 1 >= paging.totalPages} onClick=${() => refine({ page: page + 1 })}>Next</button>
    </nav>`}`;
}
