import { attempt, pause, type Errand } from './errand.ts';
import { changedPrice, orderContent, orderText } from './order-items.ts';
import type { Known, OrderChange, OrderLife } from './order-stories.ts';

const PATIENCE_MS = 32_000;
const MOST_ATTEMPTS = 4;
const LONGEST_RETRY_MS = 2_000;

/** Changes an order on the version that its client knows. @param contested it is submitted at the same time, so that a 409 is no surprise */
export async function changeOrder(errand: Errand, life: OrderLife, on: number, contested: boolean): Promise<Known> {
  const { load, no } = errand;
  const change: OrderChange = { on, fate: 'unknown' };
  life.changes.push(change);
  const body = Buffer.from(orderText({ ...orderContent(load, no, life.index), limitPrice: changedPrice(no, on) }, on));
  errand.scoreboard.tried('changed');
  // Without a key it is asked for once: a second try could meet the first.
  const outcome = await attempt(errand, { method: 'PUT', path: `/api/v1/order/${life.id}`, body, timeoutMs: PATIENCE_MS });
  if ('none' in outcome || outcome.status === 202) return 'unknown';
  const { status, text } = outcome;
  if (status === 503 || status === 408) return (change.fate = 'refused');
  if (status === 409 && contested) return (change.fate = 'refused');
  const told = status === 200 ? (JSON.parse(text) as { id?: unknown; version?: unknown }) : undefined;
  // It may be on its way to the trade service by the time that it is read.
  if (told?.id === life.id && typeof told.version === 'number' && told.version > on && (contested || told.version === on + 1)) return (change.fate = 'made');
  errand.scoreboard.broken('changed', `request ${no}, order ${life.id} on version ${on}: ${status} ${text.slice(0, 160)}; under way: ${now(errand)}`);
  return 'unknown';
}

/** Deletes an order on the version that its client knows, asking until it has an answer. */
export async function deleteOrder(errand: Errand, life: OrderLife, on: number, contested: boolean): Promise<void> {
  const deletion: OrderChange = (life.deletion = { on, fate: 'unknown' });
  let unanswered = 0;
  for (let attempts = 1; attempts <= MOST_ATTEMPTS; attempts++) {
    const outcome = await attempt(errand, { method: 'DELETE', path: `/api/v1/order/${life.id}?version=${on}`, timeoutMs: PATIENCE_MS });
    if ('none' in outcome || outcome.status === 202) {
      unanswered += 1;
      if (errand.stopped.aborted) return;
      await pause(errand, 50);
      continue;
    }
    const { status, headers, text } = outcome;
    if (status === 204 || (status === 404 && unanswered > 0)) return void (deletion.fate = 'made');
    if (status === 409 && contested) {
      if (unanswered === 0) deletion.fate = 'refused';
      return;
    }
    if (status !== 503 && status !== 408) {
      errand.scoreboard.tried('deleted');
      // What is still on its way has deleted it meanwhile, or will.
      if (unanswered === 0) errand.scoreboard.broken('deleted', `request ${errand.no}, order ${life.id} on version ${on}: ${status} ${text.slice(0, 160)}; under way: ${now(errand)}`);
      return;
    }
    await pause(errand, Math.min(LONGEST_RETRY_MS, Number(headers['retry-after'] ?? 1) * 1_000));
  }
  if (unanswered === 0) deletion.fate = 'refused';
}

function now({ chronicle }: Errand): string {
  return chronicle.namesDuring(chronicle.now() - 1_000, chronicle.now());
}
