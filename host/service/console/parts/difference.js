// What is different between two values: field by field.
import { html } from '../html.js';

const shown = (value) => (value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value));

export function Difference({ before, after }) {
  const isObject = (value) => value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value));
  if (!isObject(before) || !isObject(after)) return html`<p><del>${shown(before)}</del> <ins>${shown(after)}</ins></p>`;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const changed = names.filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]));
  if (changed.length === 0) return null;
  return html`<dl class="difference">
    ${changed.map((name) => html`<div>
      <dt>${name}</dt>
      <dd>
        ${before?.[name] !== undefined && html`<del>${shown(before[name])}</del>`}${' '}
        ${after?.[name] !== undefined && html`<ins>${shown(after[name])}</ins>`}
      </dd>
    </div>`)}
  </dl>`;
}
