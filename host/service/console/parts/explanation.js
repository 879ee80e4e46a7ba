// An explanation as a picture of the steps: what each one found, who fell out there and why.
import { html } from '../html.js';
import { href } from '../route.js';
import { Badge } from './notice.js';

const STEPS = {
  CANDIDATES: ['4', 'Candidates', 'associated, active, covering the destination'],
  POLICY_FILTER: ['4', 'Filter of the policy', 'what the policy rules out'],
  HEALTHY: ['4', 'Healthy', 'unhealthy senders are passed over'],
  TYPE_PRIORITY: ['6', 'Type priority', 'the best type that any candidate has'],
  POLICY_PREFERENCE: ['7', 'Preference of the policy', 'what the policy likes best'],
  GEOLOCATED: ['7', 'Geolocated', 'near to the recipient'],
};

// At which step a verdict takes a sender out; all others are the last step's, or no candidates at all.
const OUT_AT = {
  EXCLUDED_BY_POLICY: 'POLICY_FILTER',
  UNHEALTHY: 'HEALTHY',
  LOWER_PRIORITY: 'TYPE_PRIORITY',
  LESS_PREFERRED: 'POLICY_PREFERENCE',
  FARTHER: 'GEOLOCATED',
  SPREAD_ELSEWHERE: 'SPREAD',
  PINNED_ELSEWHERE: 'SPREAD',
  NOT_CHOSEN: 'SPREAD',
};

// How many senders of one reason are shown.
const MOST = 100;

function Step({ number, title, about, state, children }) {
  return html`<li class=${`step ${state ?? ''}`}>
    <span class="number" aria-hidden="true">${number}</span>
    <div>
      <h3>${title}${about && html`<span class="quiet"> ${about}</span>`}</h3>
      ${children}
    </div>
  </li>`;
}

// Senders by why they fell out.
function Fallen({ senders }) {
  const reasons = new Map();
  for (const sender of senders) {
    if (!reasons.has(sender.reason)) reasons.set(sender.reason, []);
    reasons.get(sender.reason).push(sender);
  }
  const ordered = [...reasons].sort((a, b) => b[1].length - a[1].length);
  return ordered.map(
    ([reason, fallen]) => html`<details class="fallen">
      <summary>${fallen.length.toLocaleString()} out: ${reason}</summary>
      <ul class="senders">
        ${fallen.slice(0, MOST).map((one) => html`<li><${SenderName} sender=${one} /></li>`)}
        ${fallen.length > MOST && html`<li>and ${(fallen.length - MOST).toLocaleString()} more</li>`}
      </ul>
    </details>`,
  );
}

const SenderName = ({ sender }) => html`<a href=${href('senders', { text: sender.senderId })}>${sender.sender}</a>${' '}
  <span class="quiet">${sender.senderType?.toLowerCase().replaceAll('_', ' ')}${sender.weight ? `, weight ${sender.weight}` : ''}</span>`;

function Left({ count, all }) {
  return html`<p class="left">
    <span class="bar" aria-hidden="true"><span style=${{ width: `${all ? Math.max((100 * count) / all, count ? 1 : 0) : 0}%` }}></span></span>
    <strong>${count.toLocaleString()}</strong> left
  </p>`;
}

function Strategies({ strategies }) {
  if (strategies.length === 0) return html`<p>None: neither the entity nor the application has one.</p>`;
  return html`<ul class="strategies">
    ${strategies.map((one) => html`<li class=${one.verdict === 'CHOSEN' ? 'chosen' : 'lost'}>
      <a href=${href('strategies', { open: one.strategyId })}><code>${one.strategyId}</code></a>${' '}
      <${Badge}>${one.level.toLowerCase()}<//>${' '}
      ${one.channel ?? 'every channel'}, ${one.destinationCountryCodes?.join(' ') ?? 'every country'}:${' '}
      <strong>${one.reason}</strong>
    </li>`)}
  </ul>`;
}

export function Outcome({ decision }) {
  if (decision.refusal) {
    return html`<p class="outcome refused"><strong>Refused: ${decision.refusal.code}</strong><br />${decision.refusal.message}</p>`;
  }
  return html`<p class="outcome decided">
    <strong class="sender">${decision.sender}</strong>${' '}
    <${Badge}>${decision.step}<//>${' '}
    <${Badge}>${decision.senderType?.toLowerCase().replaceAll('_', ' ')}<//>
    ${decision.channel && html`${' '}<${Badge}>${decision.channel}<//>`}
    <br /><span class="quiet">${decision.senderId}${decision.policy && `, by ${decision.policy}`}</span>
  </p>`;
}

export function Picture({ explanation, decision }) {
  const { message, destination, strategies, stages = [], senders = [], pin } = explanation;
  const all = senders.length;
  const at = (step) => senders.filter((sender) => OUT_AT[sender.verdict] === step);
  const reached = new Set(stages.map((stage) => stage.step));
  // Whoever fell out at a step that the policy did not name is shown where the candidates are.
  const outside = senders.filter((sender) => sender.verdict !== 'CHOSEN' && !(OUT_AT[sender.verdict] === 'SPREAD' || reached.has(OUT_AT[sender.verdict])));
  const isBeforePin = (stage) => STEPS[stage.step]?.[0] === '4';
  const narrowing = (stage) => {
    const [number, title, about] = STEPS[stage.step] ?? ['·', stage.step, ''];
    return html`<${Step} number=${number} title=${title} about=${about} state=${stage.left.length ? '' : 'stop'}>
      <${Left} count=${stage.left.length} all=${all} />
      <${Fallen} senders=${stage.step === 'CANDIDATES' ? outside : at(stage.step)} />
    <//>`;
  };
  return html`<ol class="picture">
    <${Step} number="1" title="Destination" state=${destination ? '' : 'stop'}>
      <p>${destination ? html`<strong>${destination.number}</strong>, ${destination.country}${destination.areaCode ? `, area code ${destination.areaCode}` : ''}` : 'This is no destination.'}</p>
    <//>
    ${message.from && html`<${Step} number="2" title="Sender of the message"><p>The message asks for ${message.from}: every strategy is passed over.</p><//>`}
    ${strategies && html`<${Step} number="3" title="Strategy" state=${strategies.some((one) => one.verdict === 'CHOSEN') ? '' : 'stop'}><${Strategies} strategies=${strategies} /><//>`}
    ${stages.filter((stage) => isBeforePin(stage)).map(narrowing)}
    ${pin !== undefined && html`<${Step} number="5" title="Pin" about="the sender that the recipient had before">
      <p>${pin ? html`pinned to <code>${pin.senderId}</code>` : 'none'}</p>
    <//>`}
    ${stages.filter((stage) => !isBeforePin(stage)).map(narrowing)}
    ${senders.length > 0 && !decision.refusal && html`<${Step} number="8" title=${decision.step === 'STICKY' ? 'Pin' : 'Spread'} about=${decision.step === 'STICKY' ? 'the pinned sender stays' : 'one of those left, by recipient and weight'}>
      <${Fallen} senders=${at('SPREAD')} />
    <//>`}
    <${Step} number=${decision.refusal ? '✕' : '✓'} title="Decision" state=${decision.refusal ? 'stop' : 'done'}><${Outcome} decision=${decision} /><//>
  </ol>
  ${explanation.cut && html`<p class="quiet">${explanation.cut}</p>`}`;
}
