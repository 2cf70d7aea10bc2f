import pg from 'pg';
import { newKey, type Role } from '../../shared/access/api-keys.ts';
import { CREATE_API_KEY } from '../../shared/db/queries/api-keys.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

let system: TestSystem;
let keys: Record<'ada' | 'auditor', string>;
const OWN = { 'Sec-Fetch-Site': 'same-origin' };

beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

/** Keys from now on; before, nobody needs one. */
async function makeKeys(): Promise<void> {
  const client = new pg.Client({ connectionString: system.databaseUrl });
  await client.connect();
  const make = async (name: string, roles: Role[]) => {
    const { text, id, hash } = newKey();
    await client.query(CREATE_API_KEY.text, [id, name, hash, roles, null, null, null, null, 'test']);
    return text;
  };
  keys = { ada: await make('ada', ['operate']), auditor: await make('auditor', ['read']) };
  await client.end();
  await waitFor(async () => (await call('GET', '/api/v1/nodes')).status === 401, { timeoutMs: 20_000, what: 'the edge to hear of the keys' });
}

async function call(method: string, path: string, headers: Record<string, string> = {}, body?: unknown) {
  const response = await fetch(system.url + path, { method, headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as Record<string, unknown> };
}

async function logIn(key: string): Promise<{ cookie: string; token: string; setCookie: string }> {
  const answer = await call('POST', '/console/session', OWN, { key });
  expect(answer.status).toBe(200);
  const setCookie = answer.headers.get('set-cookie') ?? '';
  return { cookie: setCookie.split(';')[0] ?? '', token: answer.json().token as string, setCookie };
}

test('F56 without keys nobody logs in, and a page of another origin can have a browser change nothing', async () => {
  expect((await call('GET', '/console/session', OWN)).json()).toEqual({ keysNeeded: false, client: null, roles: ['submit', 'read', 'operate'], token: null });
  const change = (headers: Record<string, string>) => call('PUT', '/api/v1/settings/replayRate', headers, { value: 7, dryRun: true });
  expect((await change({})).status).toBe(200);
  expect((await change({ 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200);
  expect((await change({ 'Sec-Fetch-Site': 'cross-site' })).json()).toMatchObject({ status: 403, code: 'foreign-page' });
  expect((await change({ Origin: 'https://evil.example' })).json()).toMatchObject({ status: 403, code: 'foreign-page' });
  expect((await call('GET', '/api/v1/nodes', { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(200);
});

test('the page and its files come with a policy under which only scripts of this server run', async () => {
  for (const path of ['/console', '/console/app.js', '/console/base.css', '/console/session']) {
    const { status, headers } = await call('GET', path);
    expect([path, status]).toEqual([path, 200]);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  }
  const page = (await call('GET', '/console')).text;
  expect([...page.matchAll(/<script(?![^>]* src=)/g)]).toEqual([]);
});

test('libraries are served under their version for ever, other files of them and other versions not at all', async () => {
  const [path = ''] = /\/console\/vendor\/preact\/[^']+/.exec((await call('GET', '/console/html.js')).text) ?? [];
  const found = await call('GET', path);
  expect(found.status).toBe(200);
  expect(found.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  for (const wrong of [path.replace(/\d+\.\d+\.\d+/, '1.0.0'), path.replace('preact.js', 'package.json'), path.replace('/preact/', '/moleculer/'), '/console/handlers.ts', '/console/..%2Fhandlers.ts', '/console/vendor/preact/__proto__/toString']) {
    expect([wrong, (await call('GET', wrong)).status]).toEqual([wrong, 404]);
  }
});

test('what the browser has already is not sent again', async () => {
  const { headers } = await call('GET', '/console/app.js');
  expect((await call('GET', '/console/app.js', { 'If-None-Match': headers.get('etag') ?? '' })).status).toBe(304);
});

test('who logs in with a key reads under its cookie, which no script sees; the key and the cookie are kept nowhere in clear', async () => {
  await makeKeys();
  const { cookie, setCookie } = await logIn(keys.ada);
  expect(setCookie).toMatch(/^sluice-session=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=43\d{3}; HttpOnly; SameSite=Strict$/);
  expect((await call('GET', '/api/v1/nodes', { Cookie: cookie, ...OWN })).status).toBe(200);
  expect((await call('GET', '/console/session', { Cookie: cookie, ...OWN })).json()).toMatchObject({ client: 'ada', roles: ['operate', 'read'] });
  const rows = await query(system.databaseUrl, `select encode(hash, 'escape') || key_id as kept from console_session`);
  expect(JSON.stringify(rows)).not.toContain(cookie.split('=')[1]);
  expect((await call('POST', '/console/session', { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://sluice.example' }, { key: keys.ada })).headers.get('set-cookie')).toMatch(/^__Host-sluice-session=.*; Secure$/);
});

test('a wrong key opens nothing, and another page cannot log anybody in', async () => {
  expect((await call('POST', '/console/session', OWN, { key: newKey().text })).status).toBe(401);
  expect((await call('POST', '/console/session', OWN, { key: 'open sesame' })).status).toBe(401);
  expect((await call('POST', '/console/session', OWN, {})).status).toBe(400);
  expect((await call('POST', '/console/session', { 'Sec-Fetch-Site': 'cross-site' }, { key: keys.ada })).status).toBe(403);
});

test('a change under a session needs the page\'s token and its origin; another page\'s request counts as sent without the cookie', async () => {
  const { cookie, token } = await logIn(keys.ada);
  const change = (headers: Record<string, string>) => call('PUT', '/api/v1/settings/replayRate', { Cookie: cookie, ...headers }, { value: 7, dryRun: true });
  expect((await change({ ...OWN, 'Sluice-Token': token })).status).toBe(200);
  expect((await change({ Origin: system.url, 'Sluice-Token': token })).status).toBe(200);
  expect((await change(OWN)).json()).toMatchObject({ status: 403, code: 'not-from-the-console' });
  expect((await change({ ...OWN, 'Sluice-Token': `${token}x` })).status).toBe(403);
  expect((await change({ 'Sluice-Token': token })).status).toBe(403);
  expect((await change({ 'Sec-Fetch-Site': 'cross-site', 'Sluice-Token': token })).status).toBe(401);
  expect((await call('GET', '/api/v1/nodes', { Cookie: cookie, 'Sec-Fetch-Site': 'cross-site' })).status).toBe(401);
});

test('a session may what its key may, no more, and the audit names its client', async () => {
  const auditor = await logIn(keys.auditor);
  expect((await call('PUT', '/api/v1/settings/replayRate', { Cookie: auditor.cookie, ...OWN, 'Sluice-Token': auditor.token }, { value: 7 })).status).toBe(403);
  const ada = await logIn(keys.ada);
  expect((await call('PUT', '/api/v1/settings/replayRate', { Cookie: ada.cookie, ...OWN, 'Sluice-Token': ada.token, 'Sluice-Operator': 'console' }, { value: 7 })).status).toBe(200);
  expect(await query(system.databaseUrl, 'select who from audit order by id desc limit 1')).toEqual([{ who: 'ada/console' }]);
});

test('logging out, the end of its time, and revoking its key each end a session', async () => {
  const status = async ({ cookie }: { cookie: string }) => (await call('GET', '/api/v1/nodes', { Cookie: cookie, ...OWN })).status;
  const [left, over, revoked] = [await logIn(keys.ada), await logIn(keys.ada), await logIn(keys.auditor)];
  expect([await status(left), await status(over), await status(revoked)]).toEqual([200, 200, 200]);

  const out = await call('DELETE', '/console/session', { Cookie: left.cookie, ...OWN, 'Sluice-Token': left.token });
  expect(out.headers.get('set-cookie')).toMatch(/^sluice-session=; Path=\/; Max-Age=0/);
  expect(await status(left)).toBe(401);
  expect(await query(system.databaseUrl, `select who, operation from audit where operation like 'console.%' order by id desc limit 3`)).toEqual([{ who: 'ada', operation: 'console.logout' }, { who: 'auditor', operation: 'console.login' }, { who: 'ada', operation: 'console.login' }]);

  await query(system.databaseUrl, `update console_session set expires_at = now() - interval '1 second'`);
  await waitFor(async () => (await status(over)) === 401, { timeoutMs: 20_000, what: 'the session to be over' });
  const again = await logIn(keys.auditor);
  expect(await query(system.databaseUrl, 'select count(*)::int as n from console_session')).toEqual([{ n: 1 }]);
  await query(system.databaseUrl, `update api_key set revoked_at = now() where client = 'auditor'`);
  await waitFor(async () => (await status(again)) === 401, { timeoutMs: 20_000, what: 'the session to end with its key' });
});

test('the live state is told to who may read, and to nobody else', async () => {
  const { cookie } = await logIn(keys.ada);
  expect((await call('GET', '/api/v1/live')).status).toBe(401);
  const stop = new AbortController();
  const response = await fetch(`${system.url}/api/v1/live`, { headers: { Cookie: cookie, ...OWN }, signal: stop.signal });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  let text = '';
  for await (const piece of response.body ?? []) {
    text += Buffer.from(piece).toString();
    if (text.split('event: snapshot').length > 2) break;
  }
  stop.abort();
  const snapshot = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '{}') as { nodes: object[]; stages: { flush: object }; findings: { stage: string }[] };
  expect(snapshot.nodes.length).toBe(2);
  expect(snapshot.stages.flush).toMatchObject({ nodes: 1, active: 0 });
  expect(snapshot.findings).toEqual([expect.objectContaining({ stage: 'relay', says: 'No relay runs: what is written waits in the ledger until one does.' })]);
});

test('F47 a node that stops does not wait for those who listen to the live state: their streams end', async () => {
  const { cookie } = await logIn(keys.ada);
  const response = await fetch(`${system.url}/api/v1/live`, { headers: { Cookie: cookie, ...OWN } });
  const reader = response.body?.getReader();
  await reader?.read();
  const over = (async () => {
    while ((await reader?.read())?.done === false);
  })();
  await system.edge.stop();
  await over;
});
