import { useEffect, useState } from 'preact/hooks';
import { Dialogs } from './dialog.js';
import { count, span } from './format.js';
import { useStore } from './hooks.js';
import { html } from './html.js';
import { Help } from './help.js';
import { onKeys } from './keys.js';
import { live } from './live.js';
import { Empty } from './parts.js';
import { href, place, VIEWS } from './router.js';
import { theme, turnTheme } from './theme.js';
import { Toasts } from './toast.js';
import { PAGES } from './pages.js';

const THEME_SIGNS = { system: '◐', light: '☀', dark: '☾' };

/** The frame around every view: menu, state of the connection, who is logged in. */
export function Shell({ session, logOut }) {
  const { view, parts } = useStore(place);
  const [help, setHelp] = useState(false);
  const chosen = useStore(theme);
  const { status, snapshot } = useStore(live);
  useEffect(() => onKeys({ help: () => setHelp((shown) => !shown) }), []);
  useEffect(() => {
    scrollTo(0, 0);
    // Who goes by keyboard or ear begins at what has changed.
    document.getElementById('view')?.focus({ preventScroll: true });
  }, [view, parts.join('/')]);
  const Page = PAGES[view];
  const mayRead = session.roles.includes('read');
  return html`<a class="skip" href="#view" onClick=${(event) => { event.preventDefault(); document.getElementById('view').focus(); }}>To the content</a>
  <div class="frame">
    <div class="side">
      <a class="brand" href=${href('flow')}><img src="/console/icon.svg" width="24" height="24" alt="" /><span>Sluice</span></a>
      <nav aria-label="Views"><ul>${VIEWS.map(({ name, title }, i) => html`<li key=${name}><a href=${href(name)} aria-current=${name === view ? 'page' : undefined}><span>${title}</span><kbd aria-hidden="true">${i + 1}</kbd><${Mark} view=${name} snapshot=${snapshot} /></a></li>`)}</ul></nav>
      <div class="foot">
        <${Connection} status=${status} snapshot=${snapshot} />
        <div class="tools">
          <button type="button" class="plain" onClick=${turnTheme} title="Theme (t)"><span aria-hidden="true">${THEME_SIGNS[chosen]}</span> <span class="word">${chosen}</span><span class="sr"> theme; change it</span></button>
          <button type="button" class="plain" onClick=${() => setHelp(true)} title="Keys (?)"><span aria-hidden="true">?</span><span class="sr">Keys</span></button>
        </div>
        ${session.client !== null && html`<div class="who"><span title=${session.roles.join(', ')}>${session.client}</span>${logOut && html`<button type="button" class="plain" onClick=${logOut}>Log out</button>`}</div>`}
      </div>
    </div>
    <main id="view" tabindex="-1" class=${status === 'lost' ? 'old' : ''}>
      <${Lost} />
      ${mayRead ? html`<${Page} parts=${parts} mayOperate=${session.roles.includes('operate')} />` : html`<${Empty} sign="⚿" title="This key may not look around here">The console needs a key with the role read; this one has ${session.roles.join(', ')}.<//>`}
    </main>
  </div>
  <${Dialogs} /><${Toasts} />${help && html`<${Help} close=${() => setHelp(false)} />`}`;
}

/** A figure beside a view's name, where there is something to look at. */
function Mark({ view, snapshot }) {
  if (snapshot === null) return null;
  const { stages, batches, silent, findings } = snapshot;
  const stuck = findings.some(({ level }) => level === 'stuck');
  const [value, tone] = {
    flow: [findings.length > 0 ? '!' : 0, stuck ? 'bad' : 'warn'], batches: [batches?.length ?? 0, 'busy'], letters: [stages.ledger.deadLetters, 'bad'], nodes: [silent.length, 'bad'],
  }[view] ?? [0, ''];
  return value === 0 ? null : html`<span class=${`mark ${tone}`}>${value === '!' ? html`!<span class="sr"> something is ${stuck ? 'stuck' : 'slow'}</span>` : count(value)}</span>`;
}

function Connection({ status, snapshot }) {
  const says = { connecting: 'connecting', live: 'live', lost: 'disconnected' }[status];
  return html`<div class=${`connection ${status}`} role="status"><span class="dot" aria-hidden="true"></span><span>${says}</span>${snapshot && html`<span class="quiet word">${snapshot.nodes.length} nodes</span>`}</div>`;
}

/** Figures that are old say so, and how old they are. */
function Lost() {
  const { status, heardAt } = useStore(live);
  const [, setTick] = useState(0);
  useEffect(() => {
    if (status !== 'lost') return undefined;
    const timer = setInterval(() => setTick((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, [status]);
  if (status !== 'lost') return null;
  return html`<div class="lost" role="alert"><b>Disconnected.</b> ${heardAt === 0 ? 'Nothing was heard yet' : `What is shown is ${span((performance.now() - heardAt) / 1_000)} old`}; trying again…</div>`;
}
