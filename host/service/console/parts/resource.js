// A list of elements that can be made, edited and removed. A page says what its elements are, in `kind`:
//
//   name       one of them, in words          auditKind  its kind in the audit log
//   base, filters, columns(row), keyOf(row)   the list
//   fields(row)                               of the form; without a row, of a new one
//   toForm(row), read(row, signal)            what is in the form; the element as it is now, `{data, etag}`
//   create(values), save(row, values, etag), remove(row)
import { html, useState } from '../html.js';
import { useRoute } from '../route.js';
import { useData } from '../data.js';
import { Conflict } from './conflict.js';
import { Confirm, Dialog } from './dialog.js';
import { Form } from './form.js';
import { Problem } from './notice.js';
import { Paged } from './table.js';

function Create({ kind, onDone, onClose, from }) {
  const save = async (values) => {
    await kind.create(values);
    onDone(`The ${kind.name} was made.`);
  };
  return html`<${Dialog} title=${`New ${kind.name}`} onClose=${onClose}>
    <${Form} name=${`${kind.name}.new`} fields=${kind.fields(null)} initial=${kind.toForm(from)} save=${save} onCancel=${onClose} action="Create" />
  <//>`;
}

function Edit({ kind, row, onDone, onClose }) {
  // Read anew, with the tag that `If-Match` needs. Not when others change it: then it is a conflict, and is told.
  const [version, setVersion] = useState(null);
  const [fault, setFault] = useState(null);
  if (!version && !fault) kind.read(row).then(setVersion, setFault);
  const id = kind.keyOf(row);
  // The tag is read when the form is sent, not when it was drawn.
  const [tag] = useState({});
  if (version && !tag.etag) tag.etag = version.etag;
  const save = async (values) => {
    await kind.save(row, values, tag.etag);
    onDone(`The ${kind.name} was saved.`);
  };
  const conflict = (given) =>
    html`<${Conflict} ...${given} kind=${kind.auditKind} id=${id} read=${() => kind.read(row)}
      take=${(data, etag) => { tag.etag = etag; return kind.toForm(data); }}
      keep=${(etag) => (tag.etag = etag)} />`;
  return html`<${Dialog} title=${`Edit ${kind.name} ${kind.titleOf?.(row) ?? id}`} onClose=${onClose}>
    <${Problem} fault=${fault} />
    ${version && html`<${Form} name=${`${kind.name}.${id}`} fields=${kind.fields(version.data)} initial=${kind.toForm(version.data)} save=${save} onCancel=${onClose} conflict=${conflict} />`}
    ${version && kind.more?.(version.data)}
  <//>`;
}

function Remove({ kind, row, onDone, onClose }) {
  const [fault, setFault] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    try {
      await kind.remove(row);
      onDone(`The ${kind.name} was removed.`);
    } catch (found) {
      setFault(found);
      setBusy(false);
    }
  };
  return html`<${Confirm} title=${`Remove this ${kind.name}?`} action="Remove" onDone=${remove} onClose=${onClose} busy=${isBusy} fault=${fault}>
    <p><strong>${kind.titleOf?.(row) ?? kind.keyOf(row)}</strong></p>
    <p>${kind.removal ?? 'This cannot be undone.'}</p>
  <//>`;
}

// The element that a link names with `open`.
function Opened({ kind, id, onDone, onClose }) {
  const { data, fault } = useData((signal) => kind.find(id, signal), [id]);
  if (fault) return html`<${Problem} fault=${fault} />`;
  return data && html`<${Edit} kind=${kind} row=${data} onDone=${onDone} onClose=${onClose} />`;
}

export function Resource({ kind, tools }) {
  const { query } = useRoute();
  const [open, setOpen] = useState(kind.find && query.open ? { what: 'opened', id: query.open } : null);
  const [said, say] = useState('');
  const close = () => setOpen(null);
  const act = async (action, row, reload) => {
    try {
      say(await action.run(row));
      reload();
    } catch (fault) {
      say(fault.message);
    }
  };
  const columns = (reload) => [
    ...kind.columns,
    {
      label: 'Actions',
      cell: (row) => html`<div class="actions">
        ${kind.actions?.map((action) => (!action.when || action.when(row)) && html`<button type="button" class="small" onClick=${() => act(action, row, reload)}>${action.label}</button>`)}
        ${kind.save && (!kind.mayEdit || kind.mayEdit(row)) && html`<button type="button" class="small" onClick=${() => setOpen({ what: 'edit', row, reload })} aria-label=${`Edit ${kind.keyOf(row)}`}>Edit</button>`}
        ${kind.remove && (!kind.mayRemove || kind.mayRemove(row)) && html`<button type="button" class="small danger" onClick=${() => setOpen({ what: 'remove', row, reload })} aria-label=${`Remove ${kind.keyOf(row)}`}>Remove</button>`}
      </div>`,
    },
  ];
  const done = (text) => {
    say(text);
    open?.reload?.();
    close();
  };
  const View = { new: Create, edit: Edit, remove: Remove, opened: Opened }[open?.what];
  return html`${kind.about && html`<p>${kind.about}</p>`}
    <p role="status" class=${said ? 'notice good' : 'hidden'}>${said}</p>
    <${Paged} caption=${kind.caption} base=${kind.base} filters=${kind.filters} columns=${columns} keyOf=${kind.keyOf} fixed=${kind.fixed} refresh=${said}
      tools=${(reload) => html`${tools?.(reload, say)}
        ${kind.create && html`<button type="button" class="primary" onClick=${() => setOpen({ what: 'new', reload })}>New ${kind.name}</button>`}`} />
    ${View && html`<${View} kind=${kind} row=${open.row} id=${open.id} onDone=${done} onClose=${close} />`}`;
}
