import type { Settings } from '../../shared/config/settings.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { backoffMs } from './backoff.ts';
import type { Refusal } from './marks.ts';
import type { Sink } from './sink.ts';

/**
 * The one place where a refused message goes: it is tried again after a growing pause, and once its tries are spent it is
 * reported as an error each time. It is never dropped.
 * @param attempts refusals so far, this one included
 */
export function putRefused({ candidate: { row }, id, failure }: Refusal, attempts: number, tools: { sink: Pick<Sink, 'name'>; settings: Settings; log: Logger; random: () => number }): { delayMs: number } {
  const { sink, settings, log, random } = tools;
  const delayMs = backoffMs(attempts, settings, random());
  const facts = { sink: sink.name, kind: row.kind, record: id, batch: row.batchId, code: failure.code, reason: failure.message, attempts, delayMs };
  if (attempts > settings.maxRetries) log.error(facts, 'a message is refused again and again; it stays in the ledger');
  else log.warn(facts, 'a message was refused; it is tried again');
  return { delayMs };
}
