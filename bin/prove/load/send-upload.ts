import { isFinal, type BatchState } from '../../../shared/batches/states.ts';
import { attempt, pause, type Errand } from './errand.ts';
import { itemText } from './items.ts';
import { runsOf } from './journal.ts';
import type { Fate } from './read-answer.ts';

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

interface Known {
  batchId: string;
  /** Bytes that were taken, as last told. */
  offset: number;
}

const PATH = '/api/v1/batches/executions';
const CONTENT_TYPE = { ndjson: 'application/x-ndjson', csv: 'text/csv' };
/** A batch that its client gives up ends by itself. */
const DEADLINE = '60s';
const UPLOAD_MS = 45_000;
const END_MS = 75_000;
const ANSWER_MS = 32_000;
const PAUSE_MS = 300;
const CSV_HEAD = 'securityId,executionStatus,tradeType,destination,quantity,limitPrice\n';

/** Uploads a large batch as the plan says, until it has ended, and journals what its receipts say. */
export async function sendUpload(errand: Errand, plan: UploadPlan): Promise<void> {
  const { chronicle, journal, counts } = errand;
  const fromMs = chronicle.now();
  counts.requests += 1;
  counts.items += plan.items;
  const key = `${errand.load.tag}-${errand.no}`;
  const body = uploadOf(errand, plan);
  const { known, complete, attempts } = await untilTaken(errand, plan, key, body);
  if (known !== undefined && plan.manual && complete) await steer(errand, known.batchId, plan.then);
  // A sender that gives up lets nobody wait for the rest.
  if (known !== undefined && !complete) await command(errand, known.batchId, 'cancel');
  const end = known === undefined ? undefined : await untilEnded(errand, known.batchId);
  const fates = known === undefined || end === undefined ? undefined : await readFates(errand, known.batchId, plan.items);
  if (end?.state === 'COMPLETED') judgeCounts(errand, plan, end);
  if (known !== undefined && complete && end !== undefined && plan.again) await sendAgain(errand, plan, key, body, known.batchId);
  journal.write({
    no: errand.no, shape: 'upload', items: plan.items, badShare: plan.badShare, keyed: true, edge: 0, fromMs: Math.round(fromMs), toMs: Math.round(chronicle.now()), attempts,
    ...(known === undefined ? {} : { batchId: known.batchId, ...(fates === undefined ? { pending: true as const } : {}) }),
    ...runsOf(fates ?? new Array<undefined>(plan.items).fill(undefined)),
  });
}

/** Sends until all was taken, going on each time from where Sluice says. */
async function untilTaken(errand: Errand, plan: UploadPlan, key: string, body: Buffer): Promise<{ known: Known | undefined; complete: boolean; attempts: number }> {
  const until = performance.now() + UPLOAD_MS;
  let known: Known | undefined;
  let attempts = 0;
  while (performance.now() < until && !errand.stopped.aborted) {
    attempts += 1;
    const cut = plan.cutsMs[attempts - 1];
    const outcome = await attempt(errand, { ...uploading(plan, key, body, known?.offset), timeoutMs: ANSWER_MS, ...(cut === undefined ? {} : { vanishMs: cut }) });
    if (!('none' in outcome)) {
      const { batchId, code } = JSON.parse(outcome.text) as { batchId?: string; code?: string };
      if (outcome.status === 202 && batchId !== undefined) {
        if (known !== undefined && known.batchId !== batchId) errand.scoreboard.broken('key', `request ${errand.no}: its upload is batch ${known.batchId}, and batch ${batchId} at attempt ${attempts}`);
        return { known: { batchId, offset: body.length }, complete: true, attempts };
      }
      if (![408, 409, 503].includes(outcome.status)) {
        errand.scoreboard.tried('true');
        errand.scoreboard.broken('true', `request ${errand.no}, upload, attempt ${attempts} from ${known?.offset ?? 0}: ${outcome.status} ${String(code)} ${outcome.text.slice(0, 200)}; under way: ${errand.chronicle.namesDuring(errand.chronicle.now() - 1_000, errand.chronicle.now())}`);
        return { known, complete: false, attempts };
      }
    }
    await pause(errand, PAUSE_MS);
    known = (await whereToGoOn(errand, key, known, body.length)) ?? known;
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

/** The fate of each item as its receipt tells it; undefined where the receipts could not be read. */
async function readFates(errand: Errand, batchId: string, items: number): Promise<(Fate | undefined)[] | undefined> {
  for (let tries = 0; tries < 40 && !errand.stopped.aborted; tries++) {
    const outcome = await attempt(errand, { method: 'GET', path: `/api/v1/batches/${batchId}/items`, timeoutMs: ANSWER_MS });
    if (!('none' in outcome) && outcome.status === 200) {
      const fates = new Array<Fate | undefined>(items).fill(undefined);
      for (const line of outcome.text.split('\n')) {
        if (line === '') continue;
        const receipt = JSON.parse(line) as { index: number; status: string; id?: number; withdrawn?: boolean };
        fates[receipt.index] = receipt.status === 'SUCCESS' ? receipt.id : receipt.withdrawn === true ? 'withdrawn' : 'refused';
      }
      return fates;
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
async function sendAgain(errand: Errand, plan: UploadPlan, key: string, body: Buffer, batchId: string): Promise<void> {
  const outcome = await attempt(errand, { ...uploading(plan, key, body, undefined), timeoutMs: ANSWER_MS });
  if ('none' in outcome || [408, 503].includes(outcome.status)) return;
  errand.scoreboard.tried('key');
  const told = (JSON.parse(outcome.text) as { batchId?: string }).batchId;
  // A batch that was cancelled or failed takes nothing more, and says so.
  if ((told ?? (outcome.status === 409 ? batchId : undefined)) !== batchId || ![202, 409].includes(outcome.status)) errand.scoreboard.broken('key', `request ${errand.no}: its upload is batch ${batchId}; sent again it is answered ${outcome.status} ${outcome.text.slice(0, 200)}`);
}

function uploading({ format, manual }: UploadPlan, key: string, body: Buffer, offset: number | undefined) {
  const query = `?deadline=${DEADLINE}${manual ? '&start=manual' : ''}`;
  const headers = { 'Content-Type': CONTENT_TYPE[format], 'Idempotency-Key': key, ...(offset === undefined ? {} : { 'Upload-Offset': String(offset) }) };
  return { method: 'POST' as const, path: `${PATH}${query}`, headers, body: offset === undefined ? body : body.subarray(offset) };
}

function uploadOf({ load, no }: Errand, { items, badShare, format }: UploadPlan): Buffer {
  const texts = Array.from({ length: items }, (_, index) => itemText(load, no, index, badShare));
  if (format === 'ndjson') return Buffer.from(`${texts.join('\n')}\n`);
  return Buffer.from(CSV_HEAD + texts.map((text) => `${text.slice(1, -1).replace(/"\w+":/g, '')}\n`).join(''));
}
