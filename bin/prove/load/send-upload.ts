import { isFinal, type BatchState } from '../../../shared/batches/states.ts';
import { attempt, pause, type Errand } from './errand.ts';
import { itemText } from './items.ts';
import { runsOf } from './journal.ts';
import type { Fate } from './reading.ts';

/** What a client does with an upload, and how it behaves. */
export interface UploadPlan {
  items: number;
  badShare: number;
  format: 'ndjson' | 'csv';
  /** Each time it goes away so many ms after it began; then it goes on where it was told to. */
  cutsMs: readonly number[];
  /** Staged first, and started by a command of its own. */
  manual: boolean;
  /** What the client does once a staged batch runs. */
  then?: 'pause' | 'cancel';
  /** Sends all of it again under the same key once it is over. */
  again: boolean;
}

/** What is uploaded, under which key. */
export interface Upload {
  /** Name of the kind's collection: `executions`. */
  collection: string;
  key: string;
  body: Buffer;
}

/** What a client came to know of its upload. */
export interface UploadKnowledge {
  batchId: string | undefined;
  /** All was taken. */
  complete: boolean;
  attempts: number;
  /** Of each item, as its receipt tells; undefined where they could not be read, or the batch was not seen to end. */
  receipts: (Receipt | undefined)[] | undefined;
}

/** An item's receipt. `code`: why it failed. */
export interface Receipt {
  fate: Fate;
  code: string | undefined;
}

interface Known {
  batchId: string;
  /** Bytes that were taken, as last told. */
  offset: number;
}

const CONTENT_TYPE = { ndjson: 'application/x-ndjson', csv: 'text/csv' };
/** A batch that its client gives up ends by itself. */
const DEADLINE = '60s';
const UPLOAD_MS = 45_000;
const END_MS = 75_000;
const ANSWER_MS = 32_000;
const PAUSE_MS = 300;
const CSV_HEAD = 'securityId,executionStatus,tradeType,destination,quantity,limitPrice\n';

/** Uploads a large batch of executions as the plan says, until it has ended, and journals what its receipts say. */
export async function sendUpload(errand: Errand, plan: UploadPlan): Promise<void> {
  const { chronicle, journal } = errand;
  const fromMs = chronicle.now();
  const { batchId, attempts, receipts } = await upload(errand, plan, { collection: 'executions', key: `${errand.load.tag}-${errand.no}`, body: uploadOf(errand, plan) });
  journal.write({
    no: errand.no, shape: 'upload', items: plan.items, badShare: plan.badShare, keyed: true, edge: 0, fromMs: Math.round(fromMs), toMs: Math.round(chronicle.now()), attempts,
    ...(batchId === undefined ? {} : { batchId, ...(receipts === undefined ? { pending: true as const } : {}) }),
    ...runsOf(receipts?.map((receipt) => receipt?.fate) ?? new Array<undefined>(plan.items).fill(undefined)),
  });
}

/** Uploads a large batch of any kind as the plan says, and steers it, until it has ended. */
export async function upload(errand: Errand, plan: UploadPlan, what: Upload): Promise<UploadKnowledge> {
  errand.counts.requests += 1;
  errand.counts.items += plan.items;
  const { known, complete, attempts } = await untilTaken(errand, plan, what);
  if (known !== undefined && plan.manual && complete) await steer(errand, known.batchId, plan.then);
  // A sender that gives up lets nobody wait for the rest.
  if (known !== undefined && !complete) await command(errand, known.batchId, 'cancel');
  const end = known === undefined ? undefined : await untilEnded(errand, known.batchId);
  const receipts = known === undefined || end === undefined ? undefined : await readReceipts(errand, known.batchId, plan.items);
  if (end?.state === 'COMPLETED') judgeCounts(errand, plan, end);
  if (known !== undefined && complete && end !== undefined && plan.again) await sendAgain(errand, plan, what, known.batchId);
  return { batchId: known?.batchId, complete, attempts, receipts };
}

/** Sends until all was taken, going on each time from where Sluice says. */
async function untilTaken(errand: Errand, plan: UploadPlan, what: Upload): Promise<{ known: Known | undefined; complete: boolean; attempts: number }> {
  const until = performance.now() + UPLOAD_MS;
  let known: Known | undefined;
  let attempts = 0;
  while (performance.now() < until && !errand.stopped.aborted) {
    attempts += 1;
    const cut = plan.cutsMs[attempts - 1];
    const outcome = await attempt(errand, { ...uploading(plan, what, known?.offset), timeoutMs: ANSWER_MS, ...(cut === undefined ? {} : { vanishMs: cut }) });
    if (!('none' in outcome)) {
      const { batchId, code } = JSON.parse(outcome.text) as { batchId?: string; code?: string };
      if (outcome.status === 202 && batchId !== undefined) {
        if (known !== undefined && known.batchId !== batchId) errand.scoreboard.broken('key', `request ${errand.no}: its upload is batch ${known.batchId}, and batch ${batchId} at attempt ${attempts}`);
        return { known: { batchId, offset: what.body.length }, complete: true, attempts };
      }
      if (![408, 409, 503].includes(outcome.status)) {
        errand.scoreboard.tried('true');
        errand.scoreboard.broken('true', `request ${errand.no}, upload, attempt ${attempts} from ${known?.offset ?? 0}: ${outcome.status} ${String(code)} ${outcome.text.slice(0, 200)}; under way: ${errand.chronicle.namesDuring(errand.chronicle.now() - 1_000, errand.chronicle.now())}`);
        return { known, complete: false, attempts };
      }
    }
    await pause(errand, PAUSE_MS);
    known = (await whereToGoOn(errand, what.key, known, what.body.length)) ?? known;
  }
  return { known, complete: false, attempts };
}

/** What Sluice has of the upload. What it told to be taken stays taken. */
async function whereToGoOn(errand: Errand, key: string, before: Known | undefined, bytes: number): Promise<Known | undefined> {
  const batchId = before?.batchId ?? (await batchOf(errand, key));
  if (batchId === undefined) return undefined;
  const outcome = await attempt(errand, { method: 'GET', path: `/api/v1/batches/${batchId}`, timeoutMs: 5_000 });
  if ('none' in outcome || outcome.status !== 200) return { batchId, offset: before?.offset ?? 0 };
  const offset = Number(outcome.headers['upload-offset'] ?? 0);
  errand.scoreboard.tried('kept');
  if (offset < (before?.offset ?? 0) || offset > bytes) errand.scoreboard.broken('kept', `request ${errand.no}, batch ${batchId}: ${before?.offset ?? 0} of ${bytes} bytes were told to be taken, then ${offset}`);
  return { batchId, offset };
}

async function batchOf(errand: Errand, key: string): Promise<string | undefined> {
  const outcome = await attempt(errand, { method: 'GET', path: `/api/v1/batches?limit=1&key=${key}`, timeoutMs: 5_000 });
  if ('none' in outcome || outcome.status !== 200) return undefined;
  return (JSON.parse(outcome.text) as { content: { batchId: string }[] }).content[0]?.batchId;
}

async function steer(errand: Errand, batchId: string, then: UploadPlan['then']): Promise<void> {
  await command(errand, batchId, 'start');
  if (then === undefined) return;
  await pause(errand, errand.random() * PAUSE_MS);
  await command(errand, batchId, then);
  if (then === 'cancel') return;
  await pause(errand, errand.random() * PAUSE_MS * 5);
  await command(errand, batchId, 'resume');
}

/** Says it until it is answered: carried out, or not possible any more. */
async function command(errand: Errand, batchId: string, name: string): Promise<void> {
  const until = performance.now() + END_MS;
  while (performance.now() < until && !errand.stopped.aborted) {
    const outcome = await attempt(errand, { method: 'POST', path: `/api/v1/batches/${batchId}/${name}`, body: Buffer.from('{}'), timeoutMs: ANSWER_MS });
    if (!('none' in outcome) && (outcome.status === 200 || outcome.status === 409)) return;
    await pause(errand, PAUSE_MS);
  }
}

interface End {
  state: BatchState;
  written: number;
  rejected: number;
  withdrawn: number;
}

async function untilEnded(errand: Errand, batchId: string): Promise<End | undefined> {
  const until = performance.now() + END_MS;
  while (performance.now() < until && !errand.stopped.aborted) {
    const outcome = await attempt(errand, { method: 'GET', path: `/api/v1/batches/${batchId}`, timeoutMs: 5_000 });
    if (!('none' in outcome) && outcome.status === 200) {
      const status = JSON.parse(outcome.text) as End;
      if (isFinal(status.state)) return status;
    }
    await pause(errand, PAUSE_MS);
  }
  return undefined;
}

/** The receipt of each item; undefined where they could not be read. */
async function readReceipts(errand: Errand, batchId: string, items: number): Promise<(Receipt | undefined)[] | undefined> {
  for (let tries = 0; tries < 40 && !errand.stopped.aborted; tries++) {
    const outcome = await attempt(errand, { method: 'GET', path: `/api/v1/batches/${batchId}/items`, timeoutMs: ANSWER_MS });
    if (!('none' in outcome) && outcome.status === 200) {
      const receipts = new Array<Receipt | undefined>(items).fill(undefined);
      for (const line of outcome.text.split('\n')) {
        if (line === '') continue;
        const { index, status, id, withdrawn, errors } = JSON.parse(line) as { index: number; status: string; id?: number; withdrawn?: boolean; errors?: { code?: string }[] };
        const fate = status === 'SUCCESS' ? id : withdrawn === true ? 'withdrawn' : 'refused';
        if (fate !== undefined) receipts[index] = { fate, code: errors?.[0]?.code };
      }
      return receipts;
    }
    await pause(errand, PAUSE_MS);
  }
  return undefined;
}

function judgeCounts({ scoreboard, no }: Errand, { items }: UploadPlan, { written, rejected, withdrawn }: End): void {
  scoreboard.tried('true');
  if (written + rejected !== items || withdrawn !== 0) scoreboard.broken('true', `request ${no}, upload: COMPLETED with ${written} written, ${rejected} refused, ${withdrawn} withdrawn of ${items} items`);
}

/** All of it again under its key: the same batch answers, and nothing is written twice (the rows tell that). */
async function sendAgain(errand: Errand, plan: UploadPlan, what: Upload, batchId: string): Promise<void> {
  const outcome = await attempt(errand, { ...uploading(plan, what, undefined), timeoutMs: ANSWER_MS });
  if ('none' in outcome || [408, 503].includes(outcome.status)) return;
  errand.scoreboard.tried('key');
  const told = (JSON.parse(outcome.text) as { batchId?: string }).batchId;
  // A batch that was cancelled or failed takes nothing more, and says so.
  if ((told ?? (outcome.status === 409 ? batchId : undefined)) !== batchId || ![202, 409].includes(outcome.status)) errand.scoreboard.broken('key', `request ${errand.no}: its upload is batch ${batchId}; sent again it is answered ${outcome.status} ${outcome.text.slice(0, 200)}`);
}

function uploading({ format, manual }: UploadPlan, { collection, key, body }: Upload, offset: number | undefined) {
  const query = `?deadline=${DEADLINE}${manual ? '&start=manual' : ''}`;
  const headers = { 'Content-Type': CONTENT_TYPE[format], 'Idempotency-Key': key, ...(offset === undefined ? {} : { 'Upload-Offset': String(offset) }) };
  return { method: 'POST' as const, path: `/api/v1/batches/${collection}${query}`, headers, body: offset === undefined ? body : body.subarray(offset) };
}

function uploadOf({ load, no }: Errand, { items, badShare, format }: UploadPlan): Buffer {
  const texts = Array.from({ length: items }, (_, index) => itemText(load, no, index, badShare));
  if (format === 'ndjson') return Buffer.from(`${texts.join('\n')}\n`);
  return Buffer.from(CSV_HEAD + texts.map((text) => `${text.slice(1, -1).replace(/"\w+":/g, '')}\n`).join(''));
}
