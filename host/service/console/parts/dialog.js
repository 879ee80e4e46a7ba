// A dialog over the page. The browser keeps the focus inside, and gives it back.
import { html, useId, useLayoutEffect, useRef } from '../html.js';

export function Dialog({ title, onClose, children, wide }) {
  const element = useRef(null);
  const label = useId();
  useLayoutEffect(() => {
    const shown = element.current;
    shown.showModal();
    // Closing it gives the focus back to what had it before.
    return () => shown.close();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose?.();
  };
  return html`<dialog ref=${element} class=${wide ? 'wide' : ''} aria-labelledby=${label} onCancel=${cancel}>
    <header>
      <h2 id=${label}>${title}</h2>
      ${onClose && html`<button type="button" class="plain" aria-label="Close" onClick=${onClose}>✕</button>`}
    </header>
    ${children}
  </dialog>`;
}

// Asks before something is done that cannot be undone.
export function Confirm({ title, children, action, onDone, onClose, busy, fault }) {
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <div class="body">${children}</div>
    ${fault && html`<p class="notice bad" role="alert">${fault.message}</p>`}
    <footer>
      <button type="button" onClick=${onClose}>Cancel</button>
      <button type="button" class="danger" disabled=${busy} onClick=${onDone}>${action}</button>
    </footer>
  <//>`;
}
