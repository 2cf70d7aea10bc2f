import { between } from '../random.ts';
import type { Errand } from './errand.ts';
import { NO_EXECUTION } from './revaluations.ts';
import { sendItems } from './send-items.ts';
import { upload, type UploadPlan } from './send-upload.ts';

const NO_EXECUTION_SHARE = 0.05;

/**
 * Sends executions, then a large batch that revalues those that were stored, and some that do not exist: work whose every
 * item asks a service before it is written.
 */
export async function sendRevaluations(errand: Errand, executions: number, plan: Omit<UploadPlan, 'items' | 'badShare' | 'format'>): Promise<void> {
  const { chronicle, random, load, no } = errand;
  const fates = await sendItems(errand, 'to revalue', { items: executions, badShare: 0, prefer: 'return=minimal', patienceMs: [32_000] });
  const stored = fates.filter((fate): fate is number => typeof fate === 'number');
  if (stored.length === 0) return;
  const executionIds = stored.flatMap((id) => (random() < NO_EXECUTION_SHARE ? [NO_EXECUTION[between(random, 0, 1)] as number, id] : [id]));
  const fromMs = chronicle.now();
  const body = Buffer.from(executionIds.map((executionId) => `{"executionId":${executionId}}\n`).join(''));
  const { batchId, receipts } = await upload(errand, { ...plan, items: executionIds.length, badShare: 0, format: 'ndjson' }, { collection: 'revaluations', key: `${load.tag}-${no}-revalue`, body });
  errand.revaluations.push({ no, batchId, executionIds, receipts, fromMs, toMs: chronicle.now() });
}
