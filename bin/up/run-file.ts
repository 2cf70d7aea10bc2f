import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../shared/runtime/servers/process-identity.ts';

/** A running process of a system, by the name its lines on the terminal have: `edge`, `writer-2`, `Kafka`. */
export interface RunningPart extends ProcessIdentity {
  name: string;
}

/** What a system that `sluice up` runs writes down of itself. Holds PostgreSQL's password, so only its user may read it. */
export interface RunRecord {
  /** The process of `sluice up`. */
  launcher: ProcessIdentity;
  guard: ProcessIdentity | null;
  /** Where the REST interface answers. */
  url: string;
  /** As settings, for nodes that join by hand. `kafkaBrokers` is empty when there is no Kafka. */
  addresses: { postgresUrl: string; natsUrl: string; kafkaBrokers: string };
  parts: RunningPart[];
}

const FILE = 'run.json';

/** Replaces the record in one step. Synchronous, so that no order of two changes can be lost. */
export function writeRunRecord(folder: string, record: RunRecord): void {
  const path = join(folder, FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The record of the system that runs, or last ran, in this folder; null if there is none. It says nothing of who still lives. */
export function readRunRecord(folder: string): RunRecord | null {
  let text: string;
  try {
    text = readFileSync(join(folder, FILE), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  return JSON.parse(text) as RunRecord;
}

/** A system that has stopped in order leaves no record. */
export function removeRunRecord(folder: string): void {
  rmSync(join(folder, FILE), { force: true });
}
