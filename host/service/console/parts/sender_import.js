// A table of senders: what it would change is shown before anything is changed.
import { html, useState } from '../html.js';
import { call, path } from '../api.js';
import { Dialog } from './dialog.js';
import { Problem } from './notice.js';
import { Table } from './table.js';

const MODES = [
  ['upsert', 'new senders and changes'],
  ['insert', 'new senders alone'],
];

export function Import({ onClose, onDone }) {
  const [text, setText] = useState('');
  const [mode, setMode] = useState('upsert');
  const [preview, setPreview] = useState(null);
  const [fault, setFault] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const change = (set) => (value) => {
    set(value);
    // What was shown is of another table.
    setPreview(null);
    setFault(null);
  };
  const send = async (dryRun) => {
    setBusy(true);
    setFault(null);
    try {
      const address = path('/v1/senders/import', { mode, dryRun: dryRun ? 'true' : '' });
      const { data } = await call('POST', address, { body: text, type: 'text/csv' });
      if (dryRun) setPreview(data);
      else onDone(`${data.created} senders were made, ${data.replaced} were there.`);
    } catch (found) {
      setFault(found);
    }
    setBusy(false);
  };
  const columns = [
    { label: 'Line', class: 'number', cell: (row) => row.line },
    { label: 'Sender', cell: (row) => html`<code>${row.senderId}</code>` },
    { label: 'Change', cell: (row) => (row.fields.length ? `changes ${row.fields.join(', ')}` : 'is new') },
  ];
  return html`<${Dialog} title="Import senders" onClose=${onClose} wide>
    <div class="form">
      <div class="fields">
        <div class="field all">
          <label for="import-file">A CSV file</label>
          <input id="import-file" type="file" accept=".csv,text/csv" onChange=${async (event) => { const [file] = event.currentTarget.files; if (file) change(setText)(await file.text()); }} />
        </div>
        <div class="field long">
          <label for="import-text">or its text</label>
          <textarea id="import-text" rows="8" spellcheck=${false} value=${text} onInput=${(event) => change(setText)(event.currentTarget.value)} aria-describedby="import-help"></textarea>
          <p class="help" id="import-help">Columns: <code>senderId,sender,senderType,coverage,status,weight,messageTypes,attribute.NAME</code>; a coverage is written <code>SMS:US|CA;MMS:*</code>.</p>
        </div>
        <div class="field">
          <label for="import-mode">What it may do</label>
          <select id="import-mode" value=${mode} onChange=${(event) => change(setMode)(event.currentTarget.value)}>
            ${MODES.map(([value, label]) => html`<option value=${value}>${label}</option>`)}
          </select>
        </div>
      </div>
    </div>
    <${Problem} fault=${fault} />
    ${preview && html`<section aria-label="Preview">
      <p class="notice" role="status">${preview.created.toLocaleString()} would be new, ${preview.replaced.toLocaleString()} are there already
        ${Object.entries(preview.changed ?? {}).map(([field, count]) => html`; ${field} changes of ${count.toLocaleString()}`)}.
        Nothing has changed yet.</p>
      <${Table} caption="What would change" columns=${columns} rows=${preview.preview ?? []} empty="No sender would change." />
      ${preview.preview?.length === 1000 && html`<p class="quiet">These are the first 1,000.</p>`}
    </section>`}
    <footer>
      <button type="button" onClick=${onClose}>Cancel</button>
      <button type="button" disabled=${isBusy || !text} onClick=${() => send(true)}>Preview</button>
      <button type="button" class="primary" disabled=${isBusy || !preview} onClick=${() => send(false)}>Import</button>
    </footer>
  <//>`;
}
