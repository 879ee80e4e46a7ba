// A form: fields, the faults of the service at the field that is wrong, and what was typed kept until it is saved.
import { html, useEffect, useId, useRef, useState } from '../html.js';

// What was typed, kept by this browser tab until it is saved or given up: also when the page is loaded anew.
function draft(name) {
  const key = `callsign.draft.${name}`;
  return {
    read() {
      try {
        return name && JSON.parse(sessionStorage.getItem(key));
      } catch {
        return null;
      }
    },
    keep(values) {
      try {
        if (name) sessionStorage.setItem(key, JSON.stringify(values));
      } catch {
        // Without room it is kept on the page alone.
      }
    },
    drop: () => sessionStorage.removeItem(key),
  };
}

// The field that a property of the API belongs to: `coverage[0].countries` to `coverage`.
export function fieldOf(fields, property) {
  const plain = property.replace(/^(platform|message)\./, '');
  const own = (field) => [field.name, ...(field.properties ?? [])];
  const starts = (name) => plain === name || plain.startsWith(`${name}[`) || plain.startsWith(`${name}.`);
  return fields.find((field) => own(field).some(starts));
}

function Input({ field, value, set, describedBy, invalid, id }) {
  const given = {
    id,
    name: field.name,
    disabled: field.disabled,
    'aria-describedby': describedBy || undefined,
    'aria-invalid': invalid ? 'true' : undefined,
    required: field.required,
  };
  const typed = (event) => set(event.currentTarget.value);
  switch (field.type) {
    case 'select':
      return html`<select ...${given} value=${value ?? ''} onChange=${typed}>
        ${field.options.map(([option, label]) => html`<option value=${option}>${label ?? option}</option>`)}
      </select>`;
    case 'check':
      return html`<input ...${given} type="checkbox" checked=${Boolean(value)} onChange=${(event) => set(event.currentTarget.checked)} />`;
    case 'checks':
      return html`<div class="checks" role="group" aria-labelledby=${`${id}-label`}>
        ${field.options.map(
          ([option, label]) => html`<label>
            <input
              type="checkbox"
              name=${field.name}
              checked=${value.includes(option)}
              onChange=${(event) =>
                set(event.currentTarget.checked ? [...value, option] : value.filter((one) => one !== option))}
            />
            ${label ?? option}
          </label>`,
        )}
      </div>`;
    case 'long':
      return html`<textarea ...${given} rows=${field.rows ?? 4} value=${value ?? ''} spellcheck=${false} onInput=${typed}></textarea>`;
    default:
      return html`<input
        ...${given}
        type=${field.type ?? 'text'}
        min=${field.min}
        max=${field.max}
        value=${value ?? ''}
        autocomplete=${field.autocomplete ?? 'off'}
        spellcheck=${false}
        list=${field.list}
        placeholder=${field.placeholder}
        onInput=${typed}
      />`;
  }
}

function Field({ field, value, set, faults, form }) {
  const id = `${form}-${field.name}`;
  const described = [field.help && `${id}-help`, faults.length > 0 && `${id}-fault`].filter(Boolean).join(' ');
  const label =
    field.type === 'checks'
      ? html`<span class="label" id=${`${id}-label`}>${field.label}</span>`
      : html`<label for=${id}>${field.label}${field.required ? html`<span class="required" title="needed"> *</span>` : ''}</label>`;
  return html`<div class=${`field ${field.type ?? 'text'} ${faults.length ? 'wrong' : ''} ${field.width ?? ''}`}>
    ${label}
    <${Input} field=${field} value=${value} set=${set} id=${id} describedBy=${described} invalid=${faults.length > 0} />
    ${field.help && html`<p class="help" id=${`${id}-help`}>${field.help}</p>`}
    ${faults.length > 0 && html`<p class="fault" id=${`${id}-fault`}>${faults.join(' ')}</p>`}
  </div>`;
}

// `save(values)` sends what was typed, and throws the fault of the service. `name` names the draft.
export function Form({ fields, initial, save, onCancel, action = 'Save', name, conflict, children, onChange }) {
  const kept = useRef(draft(name));
  const [values, setValues] = useState(() => ({ ...initial, ...kept.current.read() }));
  const [fault, setFault] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const element = useRef(null);
  const form = useId();
  const set = (field) => (value) => {
    const next = { ...values, [field.name]: value };
    setValues(next);
    kept.current.keep(next);
    onChange?.(next);
  };
  const shown = fields.filter((field) => !field.when || field.when(values));
  const violations = fault?.violations ?? [];
  const faultsOf = (field) => violations.filter((one) => fieldOf(shown, one.property) === field).map((one) => one.text);
  const others = violations.filter((one) => !fieldOf(shown, one.property));
  // The first field that is wrong has the focus.
  useEffect(() => {
    if (fault) (element.current.querySelector('[aria-invalid=true]') ?? element.current.querySelector('[role=alert]'))?.focus();
  }, [fault]);
  const submit = async (event) => {
    event?.preventDefault();
    setBusy(true);
    try {
      await save(values);
      kept.current.drop();
      setFault(null);
    } catch (found) {
      setFault(found);
    }
    setBusy(false);
  };
  const cancel = () => {
    kept.current.drop();
    onCancel();
  };
  return html`<form ref=${element} class="form" onSubmit=${submit} novalidate>
    ${fault?.status === 412 && conflict
      ? html`<${conflict} values=${values} setValues=${setValues} again=${submit} />`
      : fault &&
        html`<div class="notice bad" role="alert" tabindex="-1">
          <p>${violations.length > others.length ? 'This is not right yet: see the fields below.' : fault.message}</p>
          ${others.length > 0 && html`<ul>${others.map(({ property, text }) => html`<li><code>${property}</code> ${text}</li>`)}</ul>`}
        </div>`}
    <div class="fields">
      ${shown.map((field) => html`<${Field} key=${field.name} form=${form} field=${field} value=${values[field.name]} set=${set(field)} faults=${faultsOf(field)} />`)}
    </div>
    ${children}
    <footer>
      ${onCancel && html`<button type="button" onClick=${cancel}>Cancel</button>`}
      <button class="primary" disabled=${isBusy}>${isBusy ? 'Wait…' : action}</button>
    </footer>
  </form>`;
}
