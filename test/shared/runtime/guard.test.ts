import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGuard } from '../../../shared/runtime/guard.ts';
import type { Guard } from '../../../shared/runtime/guard.ts';
import { identify } from '../../../shared/runtime/servers/process-identity.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** What the launcher of the fixture says about itself. */
interface Launched {
  guard: number;
  obedient: number;
  stubborn: number;
  released: number;
}

const FIXTURE = join(import.meta.dirname, 'fixtures', 'guarded-launcher.ts');
const started: number[] = [];
let folder: string;

const gone = (pid: number, what: string): Promise<unknown> => waitFor(() => identify(pid) === null, { timeoutMs: 20_000, what: `${what} to end` });
const launch = async (): Promise<{ launcher: ChildProcess; launched: Launched }> => {
  const launcher = fork(FIXTURE, [folder], { execArgv: [] });
  const launched = await new Promise<Launched>((resolve) => launcher.once('message', (message) => resolve(message as Launched)));
  started.push(...(Object.values(launched) as number[]), launcher.pid as number);
  return { launcher, launched };
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-guard-'));
});
afterEach(async () => {
  for (const pid of started.splice(0)) if (identify(pid)) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

test('after kill -9 of the launcher everything registered is stopped, the stubborn by force, and its folder removed', async () => {
  const { launcher, launched } = await launch();
  launcher.kill('SIGKILL');
  await gone(launched.obedient, 'the process that obeys');
  await gone(launched.stubborn, 'the process that ignores SIGTERM');
  await gone(launched.guard, 'the guard');
  await expect(access(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(identify(launched.released)).not.toBeNull();
});

test('a guard that was killed is replaced by one that knows everything', async () => {
  const { launcher, launched } = await launch();
  const replaced = new Promise<{ newGuard: number }>((resolve) => launcher.once('message', (message) => resolve(message as { newGuard: number })));
  process.kill(launched.guard, 'SIGKILL');
  const { newGuard } = await replaced;
  started.push(newGuard);
  launcher.kill('SIGKILL');
  await gone(launched.obedient, 'the process that obeys');
  await gone(launched.stubborn, 'the process that ignores SIGTERM');
  await gone(newGuard, 'the new guard');
});

test('signals to the guard itself do not end it', async () => {
  const { launcher, launched } = await launch();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(launched.guard, signal);
  launcher.kill('SIGKILL');
  await gone(launched.obedient, 'the process that obeys');
});

describe('closed in order', () => {
  let guard: Guard;
  const sleeper = (): number => {
    const { pid } = spawn('sleep', ['600'], { stdio: 'ignore' });
    started.push(pid as number);
    return pid as number;
  };
  beforeEach(() => {
    guard = startGuard();
  });
  afterEach(() => guard.close());

  test('it stops what is registered, leaves what is not, and can be closed twice', async () => {
    const [registered, released] = [sleeper(), sleeper()];
    guard.register(registered);
    guard.register(released);
    guard.unregister(released);
    const { pid } = guard;
    await Promise.all([guard.close(), guard.close()]);
    expect(identify(registered)).toBeNull();
    expect(identify(released)).not.toBeNull();
    expect(identify(pid)).toBeNull();
  });
});
