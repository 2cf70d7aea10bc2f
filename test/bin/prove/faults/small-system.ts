import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { ALL_FAULTS } from '../../../../bin/prove/faults/all.ts';
import { startSystem, type System } from '../../../../bin/prove/system/system.ts';
import type { Target } from '../../../../bin/prove/target.ts';
import { logFileOf } from '../../../../bin/up/node-process.ts';
import { readSettings } from '../../../../shared/config/load.ts';
import { execution } from '../../../helpers/executions.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

const STARTS_MS = 180_000;
/** Short times: what can't be stored shows soon, and what died is missed soon. Statements outlive PostgreSQL's wait of 1 s before it looks for a deadlock. */
const ENV = { REQUEST_DEADLINE: '2500', KAFKA_PARTITIONS: '4', STATEMENT_TIMEOUT: '2000', KAFKA_REQUEST_TIMEOUT: '2000', SHARD_LEASE: '2000', HEARTBEAT: '1' };

/** A small system under proof, shared by the tests of a file. */
export interface SmallSystem {
  readonly target: Target;
  /** Address of the edge, by way of the clients' link. */
  readonly url: string;
  /** All that a node of this name has written into its log. */
  logOf: (name: string) => Promise<string>;
  /** Brings a fault about. It is ended after the test, if it was not before. */
  inject: (name: string) => Promise<() => Promise<void>>;
  /** Sends a record, with these members; the status of the answer, or 0 where there was none. */
  store: (members?: Record<string, unknown>) => Promise<number>;
  /** Waits until records are stored again. */
  untilStores: () => Promise<void>;
}

/** To be called at the top of a test file: adds its hooks. */
export function smallSystem(): SmallSystem {
  let system: System | undefined;
  const ends: (() => Promise<void>)[] = [];
  const running = (): System => {
    if (system === undefined) throw new Error('the system did not start');
    return system;
  };
  beforeAll(async () => {
    Object.assign(process.env, ENV); // which the nodes inherit
    system = await startSystem({ settings: readSettings(ENV).settings, shape: { edge: 1, writer: 1, relay: 1 }, stopped: new AbortController().signal, tell: () => undefined });
  }, STARTS_MS);
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  }, STARTS_MS);
  afterAll(async () => {
    await system?.stop(false);
  }, STARTS_MS);
  const store = (members?: Record<string, unknown>) =>
    fetch(`${running().edges[0]}/api/v1/executions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(execution(members)), signal: AbortSignal.timeout(8_000) }).then(
      async (response) => (await response.arrayBuffer(), response.status),
      () => 0,
    );
  return {
    get target() {
      return running().target;
    },
    get url() {
      return running().edges[0] as string;
    },
    logOf: (name) => readFile(logFileOf(running().folder.logs, name), 'utf8'),
    async inject(name) {
      const fault = ALL_FAULTS.find((one) => one.name === name);
      if (fault === undefined) throw new Error(`${name} is no fault`);
      const injected = await fault.inject(running().target, () => 0.5);
      let ended: Promise<void> | undefined;
      const end = () => (ended ??= injected.end());
      ends.push(end);
      return end;
    },
    store,
    async untilStores() {
      await waitFor(async () => (await store()) === 201, { timeoutMs: 60_000, what: 'a record to be stored' });
    },
  };
}

/** SQLSTATE that a statement fails with; empty where it doesn't. */
export async function sqlState(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => '',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}

/** How the system sees a process: `T` is stopped. Empty where there is none. */
export function processState(pid: number | undefined): Promise<string> {
  return new Promise((resolve) => execFile('ps', ['-o', 'state=', '-p', String(pid ?? 0)], (_, out) => resolve(out.trim().slice(0, 1))));
}
