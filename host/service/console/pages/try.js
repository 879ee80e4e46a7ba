// From which sender a message would go out, and why. Nothing is pinned or created: it is a dry run.
import { html, useEffect, useState } from '../html.js';
import { call } from '../api.js';
import { href, refine, useRoute } from '../route.js';
import { session } from '../session.js';
import { Form } from '../parts/form.js';
import { Outcome, Picture } from '../parts/explanation.js';
import { Problem } from '../parts/notice.js';
import { CHANNELS, fromLines, jsonOf, toList } from '../parts/words.js';

const NAMES = ['applicationId', 'entityId', 'channels', 'to', 'from', 'messageType', 'sentAt', 'attributes'];
// What a message is decided on instead, beside the first.
const INSTEAD = ['module', 'settings', 'strategies'];

const fields = [
  ...(session.isTenant ? [] : [{ name: 'applicationId', label: 'Application', placeholder: 'default' }]),
  { name: 'entityId', label: 'Entity' },
  {
    name: 'channels',
    properties: ['channel'],
    label: 'Channel',
    help: `${CHANNELS.join(', ')}; several in the order of preference`,
    required: true,
  },
  { name: 'to', label: 'To', type: 'tel', help: 'an international number, such as +1 415 555 0123', required: true },
  { name: 'from', label: 'From', help: 'a sender that the message insists on' },
  { name: 'messageType', label: 'Message type', placeholder: 'TRANSACTIONAL' },
  { name: 'sentAt', label: 'Sent at', placeholder: '2026-01-31T18:00:00Z', help: 'now, if empty' },
  { name: 'attributes', label: 'Attributes', type: 'long', rows: 2, help: 'for policies: one a line, name=value' },
];

const fieldsInstead = [
  ...fields,
  { name: 'module', label: 'Policy', help: 'standard, or name@version of a module; empty: the one that serves' },
  { name: 'settings', label: 'Settings', type: 'long', rows: 2, help: 'JSON; empty: those that serve' },
  { name: 'strategies', label: 'Strategies', type: 'long', rows: 4, help: 'a JSON list, as POST /v1/strategies takes them; one with the id of another takes its place' },
];

function messageOf(values) {
  const channels = toList(values.channels);
  const message = { to: values.to ?? '' };
  if (channels.length > 1) message.channels = channels;
  else message.channel = channels[0] ?? '';
  for (const name of ['applicationId', 'entityId', 'from', 'messageType', 'sentAt']) {
    if (values[name]?.trim()) message[name] = values[name].trim();
  }
  if (values.attributes?.trim()) message.attributes = fromLines(values.attributes);
  return message;
}

async function ask(values) {
  const message = messageOf(values);
  const instead = {};
  if (values.module?.trim()) instead.module = values.module.trim();
  const settings = jsonOf('settings', values.settings);
  const strategies = jsonOf('strategies', values.strategies);
  if (settings !== undefined) instead.settings = settings;
  if (strategies !== undefined) instead.strategies = [strategies].flat();
  const isInstead = Object.keys(instead).length > 0;
  const { data } = isInstead
    ? await call('POST', '/v1/decisions/what-if', { body: { message, ...instead } })
    : await call('POST', '/v1/decisions', { body: { ...message, dryRun: true, explain: true } });
  return data;
}

function Answer({ answer }) {
  const { explanation, ...decision } = answer;
  return html`<${Outcome} decision=${decision} />
    ${decision.fallbacks?.length > 0 &&
    html`<h2>Fallbacks</h2>
      <ul>${decision.fallbacks.map((one) => html`<li>${one.channel}: ${one.sender ?? one.refusal?.code}</li>`)}</ul>`}
    <h2>Step by step</h2>
    <${Picture} explanation=${explanation} decision=${decision} />
    ${explanation.otherChannels?.map((other) => html`<details><summary>${other.message.channel}, the other channel</summary><${Picture} explanation=${other} decision=${other.decision} /></details>`)}`;
}

// One message and its answer. `prefix` is what its parameters in the address begin with.
function Message({ prefix, title, action, onAnswer }) {
  const { query } = useRoute();
  const names = prefix ? [...NAMES, ...INSTEAD] : NAMES;
  const given = Object.fromEntries(names.map((name) => [name, query[prefix + name] ?? '']));
  const [answer, setAnswer] = useState(null);
  const [fault, setFault] = useState(null);
  const take = (found) => {
    setAnswer(found);
    setFault(null);
    onAnswer?.(found);
  };
  // A link that reproduces a decision makes it at once.
  useEffect(() => {
    if (given.to) ask(given).then(take, setFault);
  }, []);
  const save = async (values) => {
    const found = await ask(values);
    refine(Object.fromEntries(names.map((name) => [prefix + name, values[name] ?? ''])));
    take(found);
  };
  return html`<section class="message" aria-label=${title}>
    <${Form} fields=${prefix ? fieldsInstead : fields} initial=${{ ...given, channels: given.channels || 'SMS' }} save=${save} action=${action} />
    <${Problem} fault=${fault} />
    <div aria-live="polite">${answer && html`<${Answer} answer=${answer} />`}</div>
  </section>`;
}

function Share() {
  const [said, say] = useState('');
  useRoute();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      say('Copied.');
    } catch {
      say('Copy the address of this page: it is the link.');
    }
  };
  return html`<button type="button" onClick=${copy}>Copy link</button> <span role="status" class="quiet">${said}</span>`;
}

function Compared({ first, second }) {
  const shown = (answer) => answer.sender ?? answer.refusal?.code;
  const isSame = first.senderId === second.senderId && first.refusal?.code === second.refusal?.code;
  return html`<p class=${`notice ${isSame ? '' : 'differs'}`} role="status">
    ${isSame ? `Both: ${shown(first)}.` : `First: ${shown(first)} (${first.step ?? 'refused'}). What if: ${shown(second)} (${second.step ?? 'refused'}).`}
  </p>`;
}

export default function Try() {
  const { query } = useRoute();
  const [answers, setAnswers] = useState({});
  const isBeside = query.beside === 'yes';
  const beside = () => {
    const copy = Object.fromEntries(NAMES.map((name) => [`if-${name}`, query[name] ?? '']));
    refine(isBeside ? Object.fromEntries([['beside', ''], ...[...NAMES, ...INSTEAD].map((name) => [`if-${name}`, ''])]) : { ...copy, beside: 'yes' });
    setAnswers((all) => ({ first: all.first }));
  };
  const keep = (name) => (answer) => setAnswers((all) => ({ ...all, [name]: answer }));
  return html`<p>A dry run: nobody is pinned, nothing is created. <a href=${href('traffic')}>Refused messages</a> lead here too. Beside, another message is tried, or the same one on another policy or other strategies; <a href=${href('what-if')}>What if</a> compares those on recorded traffic.</p>
    <p class="actions"><${Share} /> <button type="button" aria-pressed=${isBeside} onClick=${beside}>${isBeside ? 'Without what if' : 'What if…'}</button></p>
    ${answers.first && answers.second && html`<${Compared} first=${answers.first} second=${answers.second} />`}
    <div class=${isBeside ? 'beside' : ''}>
      <${Message} prefix="" title="Message" action="Decide" onAnswer=${keep('first')} />
      ${isBeside && html`<${Message} prefix="if-" title="What if" action="Decide what if" onAnswer=${keep('second')} />`}
    </div>`;
}
