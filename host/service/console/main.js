// The frame: who is signed in, where one can go, and the page.
import { html, render, useEffect, useState } from './html.js';
import { away } from './connection.js';
import { follow, liveState } from './live.js';
import { href, useRoute } from './route.js';
import { session } from './session.js';
import { useStore } from './store.js';
import { Dialog } from './parts/dialog.js';

// Each page is loaded when it is shown first. A tenant has no use for the pages of the platform alone.
const PAGES = [
  ['try', 'Try a message', 'decisions:make'],
  ['applications', 'Applications', 'application-entity:manage'],
  ['entities', 'Entities', 'application-entity:manage'],
  ['senders', 'Senders', 'numbers:manage'],
  ['associations', 'Associations', 'numbers:manage'],
  ['strategies', 'Strategies', 'sending-strategy:manage'],
  ['default-senders', 'Default senders', 'sending-strategy:manage'],
  ['coverage', 'Coverage', 'audit:read'],
  ['policies', 'Policies', 'modules:manage'],
  ['traffic', 'Traffic', 'audit:read'],
  ['what-if', 'What if', 'audit:read'],
  ['audit', 'Audit', 'audit:read'],
  ['keys', 'Keys', 'keys:manage', 'platform'],
];

const mayShow = ([, , scope, platform]) => session.allows(scope) && !(platform && session.isTenant);

function SignIn() {
  const [wrong, setWrong] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const input = event.currentTarget.elements.key;
    setBusy(true);
    const found = await session.signIn(input.value.trim());
    setBusy(false);
    setWrong(found);
    if (found) input.focus();
  };
  return html`<form class="form sign-in" onSubmit=${submit}>
    <div class=${`field ${wrong ? 'wrong' : ''}`}>
      <label for="key">Key</label>
      <input id="key" name="key" type="password" autocomplete="off" required maxlength="400" aria-describedby="key-help key-fault" aria-invalid=${wrong ? 'true' : undefined} autofocus />
      <p class="help" id="key-help">A key of the platform or of an application: <code>cs_…</code>. It is not stored here: the browser keeps a cookie for at most 8 hours.</p>
      <p class="fault" id="key-fault" role="alert">${wrong}</p>
    </div>
    <footer><button class="primary" disabled=${isBusy}>Sign in</button></footer>
  </form>`;
}

function Page({ name }) {
  const [loaded, set] = useState({});
  const page = PAGES.find((one) => one[0] === name && mayShow(one));
  useEffect(() => {
    let isCurrent = true;
    scrollTo(0, 0);
    if (page) {
      import(`./pages/${name}.js`).then(
        (module) => isCurrent && set({ name, Component: module.default }),
        () => isCurrent && set({ name, isMissing: true }),
      );
    }
    document.title = page ? `${page[1]} – Callsign` : 'Callsign';
    return () => (isCurrent = false);
  }, [name]);
  if (!page) return html`<h1>Nothing here</h1><p>There is no such page, or the key that you signed in with has no scope for it.</p>`;
  const { Component } = loaded.name === name ? loaded : {};
  return html`<h1>${page[1]}</h1>
    ${loaded.isMissing && html`<p class="notice bad" role="alert">The page could not be loaded. Load the console anew when the service is back.</p>`}
    ${Component && html`<${Component} />`}`;
}

const LIVE = { live: 'live', away: 'not live', off: 'not live: the key has no scope audit:read' };

function Frame() {
  const current = useStore(session);
  const isAway = useStore(away);
  const live = useStore(liveState);
  const { page, visit } = useRoute();
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [page, visit]);
  if (current.state === 'unknown') return html`<p class="quiet first-paint">Callsign</p>`;
  if (current.state === 'out') return html`<main class="alone"><h1>Callsign</h1><${SignIn} /></main>`;
  return html`<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById('main').focus(); }}>To the page</a>
    <header class="frame">
      <button type="button" class="menu plain" aria-expanded=${isOpen} aria-controls="places" onClick=${() => setOpen(!isOpen)}>Menu</button>
      <strong class="name">Callsign</strong>
      <span class=${`live ${isAway ? 'away' : live}`} role="status" title=${LIVE[live]}>${isAway ? 'the service does not answer' : LIVE[live]}</span>
      <span class="who" title=${`until ${new Date(current.endsAt).toLocaleString()}`}>${current.name}${current.applicationId && html` of ${current.applicationId}`}</span>
      <button type="button" onClick=${() => session.signOut()}>Sign out</button>
    </header>
    <div class="columns">
      <nav id="places" class=${isOpen ? 'open' : ''} aria-label="Pages of the console">
        <ul>
          ${PAGES.filter(mayShow).map(([name, label]) => html`<li><a href=${href(name)} aria-current=${name === page ? 'page' : undefined}>${label}</a></li>`)}
        </ul>
        <p class="quiet"><a href="/docs/">The API</a> · ${current.version}</p>
      </nav>
      <main id="main" tabindex="-1">
        ${isAway && html`<p class="notice bad" role="alert">The service does not answer. The console asks again by itself; what you typed stays here.</p>`}
        <${Page} key=${`${page} ${visit}`} name=${page} />
      </main>
    </div>
    ${current.state === 'ended' &&
    html`<${Dialog} title="The session has ended">
      <div class="body"><p>Sign in again to go on. Nothing that you typed is lost.</p></div>
      <${SignIn} />
    <//>`}`;
}

render(html`<${Frame} />`, document.getElementById('console'));

// Until the service answers: the console may be loaded from what the browser keeps.
for (;;) {
  try {
    await session.load();
    break;
  } catch {
    await new Promise((done) => setTimeout(done, 1_000));
  }
}
const begin = (current) => current.state === 'in' && (stop(), follow());
const stop = session.watch(begin);
begin(session.value);
