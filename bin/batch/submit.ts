import { randomUUID } from 'node:crypto';
import pc from 'picocolors';
import { isFinal, type BatchState } from '../../shared/batches/states.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { asking, readStatus, type Asking, type Status } from './asking.ts';
import { display, type Display } from './display.ts';
import { leaving } from './leaving.ts';
import { exitCodeOf, statusText } from './texts.ts';
import { upload } from './upload.ts';
import { uploadSource, type Encoding, type Format, type UploadSource } from './upload-source.ts';
import { watchBatch } from './watch.ts';

export interface SubmitOptions {
  url: URL;
  kind: string;
  format?: Format;
  encoding?: Encoding;
  priority?: string;
  parallelism?: string;
  checkpointInterval?: string;
  checkpointing: boolean;
  errorPolicy?: string;
  deadline?: string;
  retryAttempts?: string;
  tags?: string;
  startManual?: boolean;
  idempotencyKey?: string;
  reference?: string;
  detach?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** A submit under way. */
interface Submit {
  file: string;
  o: SubmitOptions;
  key: string;
  on: Asking;
  shown: Display;
  batchId: string | undefined;
}

/** Uploads a file or standard input as one batch, shows what becomes of it, and sets the exit code. */
export async function submit(file: string, o: SubmitOptions): Promise<void> {
  const source = await uploadSource(file, process.stdin, o);
  const shown = display(process.stderr, o.quiet === true || o.detach === true, () => performance.now());
  const leave = leaving();
  const on = asking(o.url, leave.signal, (line) => shown.note(pc.yellow(line)));
  const s: Submit = { file, o, on, shown, key: o.idempotencyKey ?? `submit-${randomUUID()}`, batchId: undefined };
  try {
    const batchId = await uploadShown(s, source);
    const last = await carriedOut(s, batchId);
    shown.stop();
    process.stdout.write(o.json === true ? `${JSON.stringify(last, null, 2)}\n` : o.detach === true ? '' : statusText(last, pc));
    if (o.json !== true && last.state === 'READY') process.stderr.write(`It waits for its start: sluice batch start ${batchId}${urlArgument(o.url)}\n`);
    if (o.json !== true && o.detach !== true && last.rejected > 0) process.stderr.write(`Which ones failed, and why: sluice batch errors ${batchId}${urlArgument(o.url)}\n`);
    process.exitCode = exitCodeOf(last);
  } finally {
    shown.stop();
    leave.off();
    on.http.close();
  }
}

async function uploadShown(s: Submit, source: UploadSource): Promise<string> {
  const { o, on, shown } = s;
  const over = new AbortController();
  let watching: Promise<unknown> = Promise.resolve();
  const onBatch = (id: string) => {
    if (s.batchId !== undefined) return;
    s.batchId = id;
    if (o.detach === true && o.json !== true) process.stdout.write(`${id}\n`);
    else shown.note(`Batch ${id}`);
    // Its news are only shown: the upload itself tells what is wrong.
    if (o.detach !== true && o.quiet !== true) watching = watchBatch({ ...on, signal: over.signal, onRetry: () => undefined }, id, shown).catch(() => undefined);
  };
  try {
    return await upload({ on, source, kind: o.kind, key: s.key, query: queryOf(o), reference: o.reference, onBatch });
  } catch (error) {
    throw on.signal.aborted ? new CliError(`Broken off; what was taken stands.${waysOn(s)}`, EXIT.interrupted, error) : told(error, s);
  } finally {
    over.abort();
    await watching;
  }
}

/** Stays until the batch has ended, unless it waits for somebody, or was asked not to. */
async function carriedOut({ o, on, shown }: Submit, batchId: string): Promise<Status> {
  const { status } = await readStatus(on, batchId);
  if (o.detach === true || isFinal(status.state as BatchState) || (status.state === 'READY' && o.startManual === true)) return status;
  const last = await watchBatch(on, batchId, shown);
  if (last === undefined) throw detached(batchId, o.url);
  return last;
}

/** The batch goes on without us. */
export function detached(batchId: string, url: URL): CliError {
  return new CliError(`Detached; the batch goes on by itself.${ways(batchId, url)}`, EXIT.interrupted);
}

function told(error: unknown, s: Submit): unknown {
  if (!(error instanceof CliError) || error.exitCode !== EXIT.system || s.batchId === undefined) return error;
  return new CliError(`${error.message}. What was taken stands.${waysOn(s)}`, EXIT.system, error);
}

/** How to go on with an upload that came to no end: what was taken is not written again. */
function waysOn({ file, key, batchId, o }: Submit): string {
  const goOn = `\n  to go on${file === '-' ? ', with all of the input again' : ''}:  sluice batch submit ${file} --kind ${o.kind} --idempotency-key ${key}${formArguments(o)}${urlArgument(o.url)}`;
  return batchId === undefined ? goOn : `${goOn}${ways(batchId, o.url)}`;
}

function ways(batchId: string, url: URL): string {
  return `\n  to look at it:  sluice batch watch ${batchId}${urlArgument(url)}\n  to end it:  sluice batch cancel ${batchId}${urlArgument(url)}`;
}

function formArguments({ format, encoding }: SubmitOptions): string {
  return `${format === undefined ? '' : ` --format ${format}`}${encoding === undefined ? '' : ` --encoding ${encoding}`}`;
}

/** Options for a command line that is shown: the address, unless the command finds it by itself. */
export function urlArgument(url: URL): string {
  return url.href === 'http://127.0.0.1:8080/' || process.env.SLUICE_URL !== undefined ? '' : ` --url ${url.href}`;
}

function queryOf(o: SubmitOptions): URLSearchParams {
  const given: Record<string, string | undefined> = {
    priority: o.priority, parallelism: o.parallelism, checkpointInterval: o.checkpointInterval, errorPolicy: o.errorPolicy, deadline: o.deadline,
    maxRetryAttempts: o.retryAttempts, tags: o.tags, start: o.startManual === true ? 'manual' : undefined, enableCheckpointing: o.checkpointing ? undefined : 'false',
  };
  return new URLSearchParams(Object.entries(given).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])));
}
