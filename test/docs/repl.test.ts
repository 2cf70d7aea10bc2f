import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { operatorName } from '../../bin/dlq/ask.ts';
import { nodesWith } from '../../shared/runtime/fleet.ts';
import { runSluice, type Ran } from '../bin/run-sluice.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const page = readFileSync(new URL('../../docs/repl.md', import.meta.url), 'utf8');
const tour = [...page.matchAll(/^sluice( operate)?> (.+)$/gm)].map(([, operate, line = '']) => ({ operate: operate !== undefined, line }));
const SLUICE = fileURLToPath(new URL('../../bin/sluice.ts', import.meta.url));
const EXECUTION = { tradeType: 'BUY', destination: 'NYSE', securityId: '68336002fe95851f0a2aeda9', quantity: 1, limitPrice: 1 };

let system: TestSystem;
let env: Record<string, string>;
let batchId: string;
beforeAll(async () => {
  system = await startSystem({ relays: 1 });
  const { natsUrl, namespace } = system.settings;
  env = { SLUICE_URL: system.url, NATS_URL: natsUrl, NAMESPACE: namespace, POSTGRES_URL: system.databaseUrl, HEARTBEAT: '1', SLUICE_KEY: '' };
  await waitFor(async () => (await fetch(`${system.url}/api/v1/pools`)).status === 200, { timeoutMs: 45_000, what: 'the relay to have looked at the pools' });
  const reply = await fetch(`${system.url}/api/v1/executions/batch`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ executions: [EXECUTION] }) });
  batchId = ((await reply.json()) as { batchId: string }).batchId;
}, 60_000);
afterAll(() => system.stop());

const typed = (lines: readonly string[], ...args: string[]): Promise<Ran> => runSluice(['repl', ...args], { env, input: `${lines.join('\n')}\n` });
const audit = () => query<{ operation: string; operator: string }>(system.databaseUrl, `select to_jsonb(a) ->> 'operation' as operation, to_jsonb(a)::text as operator from audit a where operation like 'settings.%' order by id`);

test('the tour: every line of it runs without a fault, and its changes stand in the audit under the account that typed them', async () => {
  expect(tour.length).toBeGreaterThan(15);
  const fill = ({ line }: { line: string }) => line.replace('BATCH', batchId).replace('NODE', system.edge.context.nodeId);
  const looked = await typed(tour.filter(({ operate }) => !operate).map(fill));
  expect(looked).toMatchObject({ code: 0, err: '' });
  expect(await audit()).toEqual([]);
  const changed = await typed(tour.filter(({ operate }) => operate).map(fill), '--operate');
  expect(changed).toMatchObject({ code: 0, err: '' });
  const rows = await audit();
  expect(rows.map(({ operation }) => operation)).toEqual(['settings.set', 'settings.revert']);
  for (const { operator } of rows) expect(operator).toContain(operatorName());
}, 60_000);

test('tables, JSON, watch, help, a word that is none, and a change in a session that only reads', async () => {
  const { out, err, code } = await typed(['nodes list', 'nodes list --json', 'nodez', 'watch --times 2 --every 0.2 settings get replayRate --json', 'watch nodes list', 'settings set replayRate 7', 'dlq replay 1', 'fleet services']);
  expect(code).toBe(0);
  expect(out).toContain(system.edge.context.nodeId);
  expect(out).toMatch(/"nodes": \[/);
  expect(out.match(/"name": "replayRate"/g)).toHaveLength(2);
  expect(out).toMatch(/gateway/);
  expect(err).toContain('Did you mean nodes?');
  expect(err).toContain('say how often, with --times');
  expect(err).toContain('`settings set` changes something, and this session only reads');
  expect(err).toContain('`dlq replay` changes something');
  expect((await typed(['exit', 'nodez'])).code).toBe(0);
  expect((await typed(['nodez'])).code).toBe(2);
  // Also with --operate no clock changes anything.
  expect((await typed(['watch --times 1 settings set replayRate 7'], '--operate')).err).toContain('only reads');
}, 60_000);

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) console.warn('No python3 on this machine: a session at a terminal is not tried.');

(hasPython ? test : test.skip)('at a terminal a session is a guest: seen by the registry with no service, no target, no connection to PostgreSQL; Tab completes, a key ends a watch, and it says goodbye', async () => {
  const registry = (system.edge.broker as unknown as { registry: { getNodeList(options: object): { id: string; available: boolean; services?: object[] }[] } }).registry;
  const guests = () => registry.getNodeList({ onlyAvailable: true, withServices: true }).filter(({ id }) => id.startsWith('repl-'));
  const { FORCE_COLOR: _, ...inherited } = process.env;
  // A real pseudo-terminal, by Python's standard library.
  const terminal = spawn('python3', ['-c', 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)', process.execPath, SLUICE, 'repl'], { env: { ...inherited, NO_COLOR: '1', TERM: 'xterm', ...env } });
  let out = '';
  terminal.stdout.on('data', (part: Buffer) => (out += part.toString('utf8')));
  terminal.stderr.on('data', (part: Buffer) => (out += part.toString('utf8')));
  const ended = new Promise<number | null>((resolve) => terminal.once('close', resolve));
  try {
    const says = (what: RegExp) => waitFor(() => what.test(out), { timeoutMs: 30_000, what: `the session to say ${what.source}` });
    await says(/read only.*\s+.*sluice> /);
    expect(out).not.toContain(env.NATS_URL ?? '');
    await waitFor(() => guests().length === 1, { timeoutMs: 20_000, what: 'the edge to see the guest' });
    expect(guests()[0]?.services ?? []).toEqual([]);
    expect(nodesWith(system.edge.broker, 'node').filter((id) => id.startsWith('repl-'))).toEqual([]);
    expect(JSON.stringify(await (await fetch(`${system.url}/metrics/targets`)).json())).not.toContain('repl-');
    terminal.stdin.write('setti\t');
    await says(/settings/);
    terminal.stdin.write(' get replayRate --json\r');
    await says(/"name": "replayRate"[\s\S]*sluice> /);
    terminal.stdin.write('watch nodes list\r');
    await says(/\u001b\[3J[\s\S]*edge/);
    const before = out.length;
    terminal.stdin.write('q');
    await waitFor(() => out.slice(before).includes('sluice> '), { timeoutMs: 30_000, what: 'a key to end the watch' });
    terminal.stdin.write('exit\r');
    expect(await ended).toBe(0);
    await waitFor(() => guests().length === 0, { timeoutMs: 20_000, what: 'the guest to be gone' });
  } finally {
    terminal.kill('SIGKILL');
  }
}, 90_000);
