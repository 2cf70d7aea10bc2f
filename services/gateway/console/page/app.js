import { render } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError, ask, useSession } from './api.js';
import { html } from './html.js';
import { Login } from './login.js';
import { startLive, stopLive } from './live.js';
import { Failed, Loading } from './parts.js';
import { Shell } from './shell.js';

/** Who is logged in decides what is shown: the console, or the way in. */
function App() {
  const [session, setSession] = useState({ state: 'unknown' });
  const look = useCallback(async () => {
    try {
      const found = await ask('/console/session');
      const known = !found.keysNeeded || found.client !== null;
      setSession((was) => (known ? { state: 'in', ...found } : { state: 'out', over: was.state === 'in' }));
      useSession(found.token, () => void look());
    } catch (error) {
      // A console that was open stays so while the server is away.
      setSession((was) => (was.state === 'in' ? was : error instanceof ApiError && error.status === 401 ? { state: 'out', over: false } : { state: 'failed', error }));
    }
  }, []);
  useEffect(() => void look(), []);
  const inside = session.state === 'in' && session.roles.includes('read');
  useEffect(() => {
    if (!inside) return undefined;
    startLive(() => void look());
    return stopLive;
  }, [inside]);
  const logOut = async () => {
    await ask('/console/session', { method: 'DELETE' });
    await look();
  };
  switch (session.state) {
    case 'unknown':
      return html`<main class="login"><${Loading} lines=${3} what="Looking who you are" /></main>`;
    case 'failed':
      return html`<main class="login"><${Failed} error=${session.error} again=${look} /></main>`;
    case 'out':
      return html`<${Login} loggedIn=${look} over=${session.over} />`;
    default:
      return html`<${Shell} session=${session} logOut=${session.keysNeeded ? logOut : undefined} />`;
  }
}

render(html`<${App} />`, document.getElementById('console'));
