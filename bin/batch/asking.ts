import { CliError, EXIT } from '../cli-error.ts';
import { operatorName, type Asker } from '../dlq/ask.ts';
import { HttpClient } from '../send/http-client.ts';
import { problemOf } from '../send/retry-policy.ts';
import type { Persistence } from '../send/send-batch.ts';
import type { BatchPage } from '../../services/gateway/batches/list-batches.ts';
import type { LargeStatus } from '../../services/gateway/batches/large-status.ts';
import type { BatchStatus } from '../../services/gateway/list/batch-status.ts';
import { persist } from '../send/send-batch.ts';

/** A batch as GET tells of it; of a small one without what only large ones have. */
export type Status = BatchStatus & Partial<Omit<LargeStatus, keyof BatchStatus>> & { errorCode?: string; errorMessage?: string };

/** How the commands that stay talk to Sluice: with patience, and until they are left. */
export interface Asking extends Persistence {
  url: URL;
  http: HttpClient;
}

export const BATCHES = '/api/v1/batches';
const TIMEOUT_MS = 30_000;
/** Tries after the first without any progress: at most ten seconds apart, so about three minutes. */
const RETRIES = 20;

/** @param note told of each try that failed, in one line */
export function asking(url: URL, signal: AbortSignal, note: (line: string) => void): Asking {
  return {
    url, http: new HttpClient(url, 8), keyed: true, retries: RETRIES, random: Math.random, signal, answered: false,
    onRetry: (why, afterMs) => note(`${why}; again in ${(afterMs / 1_000).toFixed(1)} s`),
  };
}

/** Who asks once. */
export function asker({ url }: { url: URL }): Asker {
  return { url, operator: operatorName() };
}

/** How a batch stands, and how many bytes of its upload were taken. @throws CliError when Sluice stays away, or has no such batch */
export async function readStatus(on: Asking, batchId: string): Promise<{ status: Status; offset: number; complete: boolean }> {
  const { body, headers } = await got(on, `${BATCHES}/${batchId}`);
  return { status: body as Status, offset: Number(headers['upload-offset'] ?? 0), complete: headers['upload-complete'] === '?1' };
}

/** The large batch that was opened under an Idempotency-Key. */
export async function batchOfKey(on: Asking, key: string): Promise<string | undefined> {
  const { body } = await got(on, `${BATCHES}?limit=1&key=${encodeURIComponent(key)}`);
  return (body as BatchPage).content[0]?.batchId;
}

async function got(on: Asking, path: string): Promise<{ body: unknown; headers: Record<string, string | string[] | undefined> }> {
  let reply;
  try {
    reply = await persist({ method: 'GET', path, timeoutMs: TIMEOUT_MS }, on);
  } catch (error) {
    if (on.answered || !(error instanceof CliError) || on.signal.aborted) throw error;
    throw new CliError(`No Sluice answers at ${on.url.href} (${error.message}). \`npm start\` starts one; --url names another.`, EXIT.system, error);
  }
  if (reply.status !== 200) throw new CliError(`${reply.status} ${problemOf(reply)}`, EXIT.usage);
  try {
    return { body: JSON.parse(reply.body), headers: reply.headers };
  } catch (error) {
    throw new CliError(`The answer can't be read: ${(error as Error).message}. Is ${on.url.href} the address of a Sluice?`, EXIT.system, error);
  }
}
