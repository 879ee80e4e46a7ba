// What went wrong, where nothing can be shown.
import { html } from '../html.js';

export function Problem({ fault, retry }) {
  if (!fault) return null;
  return html`<div class="notice bad" role="alert">
    <p>${fault.message}</p>
    ${fault.violations?.length > 0 &&
    html`<ul>
      ${fault.violations.map(({ property, text }) => html`<li>${property && html`<code>${property}</code>${' '}`}${text}</li>`)}
    </ul>`}
    ${retry && html`<button type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

export const Badge = ({ kind, children }) => html`<span class=${`badge ${kind ?? ''}`}>${children}</span>`;

// A time as people of this place write it, with the exact one in its title.
export function Time({ at }) {
  if (!at) return null;
  return html`<time datetime=${at} title=${at}>${new Date(at).toLocaleString()}</time>`;
}
