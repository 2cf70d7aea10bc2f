import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readRunRecord, type RunningPart } from '../../bin/up/run-file.ts';
import { freePorts } from '../../shared/runtime/servers/free-port.ts';

const SLUICE = fileURLToPath(new URL('../../bin/sluice', import.meta.url));
const READY_MS = 180_000;

/** A Sluice as `npm start` runs it, in a folder of its own: servers, edge, writers, relay, each a process that is started anew when it dies. */
export interface System {
  url: string;
  /** The processes that run now, by name: edge, writer-1, Kafka. */
  parts(): RunningPart[];
  /** Kills a process without warning. */
  kill(name: string): void;
  /** Runs a command of `bin/sluice` against it; resolves with its output once it has ended. */
  run(args: readonly string[]): Running;
  stop(): Promise<void>;
}

/** A command under way. */
export interface Running {
  ended: Promise<{ code: number | null; out: string; err: string }>;
  kill(): void;
}

/** Starts it and waits until it takes records in. @param folder for data and logs */
export async function startSystem(folder: string, writers: number): Promise<System> {
  const [port = 0] = await freePorts(1);
  const env = { ...process.env, SLUICE_DATA: join(folder, 'data'), PORT: String(port), WRITERS: String(writers) };
  const log = openSync(join(folder, 'up.log'), 'a');
  const up = spawn(SLUICE, ['up'], { env, cwd: folder, stdio: ['ignore', log, log] });
  closeSync(log);
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, up, join(folder, 'up.log'));
  const parts = () => readRunRecord(env.SLUICE_DATA)?.parts ?? [];
  return {
    url,
    parts,
    kill(name) {
      const part = parts().find((one) => one.name === name);
      if (part === undefined) throw new Error(`no process ${name} runs; there are ${parts().map((one) => one.name).join(', ')}`);
      process.kill(part.pid, 'SIGKILL');
    },
    run(args) {
      const child = spawn(SLUICE, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
      return { ended: outputOf(child), kill: () => void child.kill('SIGKILL') };
    },
    async stop() {
      if (up.exitCode !== null) return;
      const exited = new Promise((resolve) => up.once('exit', resolve));
      up.kill('SIGTERM');
      await exited;
    },
  };
}

function outputOf(child: ChildProcess): Running['ended'] {
  let [out, err] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

async function untilReady(url: string, up: ChildProcess, log: string): Promise<void> {
  const until = performance.now() + READY_MS;
  for (;;) {
    const ready = await fetch(`${url}/health/ready`).then(({ ok }) => ok, () => false);
    if (ready) return;
    if (up.exitCode !== null || performance.now() > until) throw new Error(`sluice up did not get ready:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
    await sleep(250);
  }
}
