/** The guard's own process; see guard.ts. Its stdin carries one order a line and closes when the launcher is gone. */
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardOrder } from './guard.ts';
import { isRunning } from './servers/process-identity.ts';

type Guarded = Extract<GuardOrder, { add: unknown }>['add'];

const guarded = new Map<number, Guarded>();
const folders = new Set<string>();

// Whoever means the launcher's process group or terminal does not mean the guard.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stdout.on('error', () => undefined); // the launcher is gone already: its orders are still to be read
process.stdout.write('watching\n');

// The last line may be cut off by the launcher's death; then it says nothing.
for await (const line of createInterface({ input: process.stdin })) obey(line);
await stopEverything();
for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 5 });

function obey(line: string): void {
  const order = parse(line);
  if (!order) return;
  if ('add' in order) guarded.set(order.add.pid, order.add);
  else if ('forget' in order) guarded.delete(order.forget);
  else folders.add(order.removeFolder);
}

function parse(line: string): GuardOrder | null {
  try {
    return JSON.parse(line) as GuardOrder;
  } catch {
    return null;
  }
}

async function stopEverything(): Promise<void> {
  const stages = [...new Set([...guarded.values()].map(({ stage }) => stage))].sort((a, b) => b - a);
  for (const stage of stages) {
    await Promise.all([...guarded.values()].filter((one) => one.stage === stage).map(stopOne));
  }
}

async function stopOne(one: Guarded): Promise<void> {
  send(one, one.signal);
  if (await hasEnded(one, one.graceMs)) return;
  send(one, 'SIGKILL');
  await hasEnded(one, one.graceMs);
}

function send(one: Guarded, signal: NodeJS.Signals): void {
  if (!isRunning(one)) return;
  try {
    process.kill(one.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function hasEnded(one: Guarded, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (isRunning(one)) {
    if (performance.now() > until) return false;
    await sleep(50);
  }
  return true;
}
