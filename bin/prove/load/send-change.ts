import type { Answered } from './ask.ts';
import { noteChange, type Change } from './changes.ts';
import { attempt, pause, type Errand } from './errand.ts';

const MOST_ATTEMPTS = 10;
const BUSY_PAUSE_MS = 200;
const LONGEST_RETRY_MS = 2_000;

/** What one answer to a PUT says. */
type Said = 'made' | 'conflict' | 'not-done' | 'busy' | 'pending' | 'nonsense';

/**
 * Changes a record that this client knows; false where it knows none. Under a key it asks until it has an answer. The record stays
 * with the client only while its version is certain.
 */
export async function sendChange(errand: Errand, plan: { keyed: boolean; patienceMs: readonly number[] }): Promise<boolean> {
  const record = errand.changeable.shift();
  if (record === undefined) return false;
  const { chronicle, scoreboard, no } = errand;
  errand.counts.requests += 1;
  scoreboard.tried('changed');
  const change: Change = { no, on: record.version, fate: 'unknown', fromMs: chronicle.now(), toMs: 0 };
  noteChange(errand.changes, record.id, change); // before it is sent: a reader of Kafka may see it first
  const body = Buffer.from(`{"quantityFilled":${no},"averagePrice":${no}.25,"version":${record.version}}`);
  const where = () => `request ${no}, record ${record.id} on version ${record.version}; under way: ${chronicle.namesDuring(change.fromMs, chronicle.now())}`;
  let unanswered = 0;
  const end = (fate: Change['fate']) => {
    change.fate = fate;
    change.toMs = chronicle.now();
  };
  for (let attempts = 1; ; attempts++) {
    const timeoutMs = plan.patienceMs[Math.min(attempts, plan.patienceMs.length) - 1] as number;
    const outcome = await attempt(errand, { method: 'PUT', path: `/api/v1/execution/${record.id}`, ...(plan.keyed ? { headers: { 'Idempotency-Key': `${errand.load.tag}-${no}` } } : {}), body, timeoutMs });
    const last = !plan.keyed || attempts === MOST_ATTEMPTS || errand.stopped.aborted;
    const said = 'none' in outcome ? undefined : read(outcome, record.id, record.version + 1, no);
    if (said === 'made') {
      end('made');
      errand.changeable.push({ id: record.id, version: record.version + 1 });
      return true;
    }
    if (said === 'conflict' || said === 'nonsense') {
      // Nobody else changes this record, and its version is certain: the same key may not find its own change in the way.
      end('unknown');
      const text = 'none' in outcome ? '' : `${outcome.status} ${outcome.text.slice(0, 160)}`;
      if (said === 'nonsense' || plan.keyed || unanswered === 0) scoreboard.broken('changed', `${where()}: ${text}`);
      return true;
    }
    if (said === 'not-done' && last) {
      end(unanswered > 0 ? 'unknown' : 'refused');
      if (unanswered === 0) errand.changeable.push(record);
      return true;
    }
    if (said === undefined) unanswered += 1;
    if (last || said === 'pending') {
      end('unknown');
      return true;
    }
    await pause(errand, said === 'busy' ? BUSY_PAUSE_MS : said === 'not-done' ? Math.min(LONGEST_RETRY_MS, retryAfterMs(outcome as Answered)) : 20);
  }
}

function read({ status, text }: Answered, id: number, version: number, no: number): Said {
  let body: { id?: unknown; version?: unknown; quantityFilled?: unknown; code?: unknown };
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    return 'nonsense';
  }
  // A repeat answers with the record as it is, and nobody else changes it.
  if (status === 200) return body.id === id && body.version === version && body.quantityFilled === no ? 'made' : 'nonsense';
  if (status === 202) return 'pending';
  if (status === 503 || status === 408) return 'not-done';
  if (status === 409) return body.code === 'request-in-progress' ? 'busy' : 'conflict';
  return 'nonsense';
}

function retryAfterMs({ headers }: Answered): number {
  return Number(headers['retry-after'] ?? 1) * 1_000;
}
