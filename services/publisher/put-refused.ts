import { createHash } from 'node:crypto';
import type { Settings } from '../../shared/config/settings.ts';
import type { Try } from '../../shared/delivery/acks.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import { backoffMs } from './backoff.ts';
import type { LedgerRow } from './ledger-row.ts';
import type { Evidence, Outgoing, Sink, SinkFailure } from './sink.ts';

/** A refused message. */
export interface Refusal {
  row: LedgerRow;
  partition: number;
  message: Outgoing;
  failure: SinkFailure;
  /** All its refusals, this one included. */
  tries: readonly Try[];
}

/** What dead_letter is told of a message that is not tried again. */
export interface Letter extends Evidence {
  ledger_id: number;
  record_id: number;
  code: string;
  class: string;
  reason: string;
  fingerprint: string;
  tries: readonly Try[];
}

/** A refused message is tried again after this pause, or is a dead letter. */
export type Fate = { delayMs: number } | { letter: Letter };

export interface PutTools {
  sink: Pick<Sink, 'name' | 'evidence'>;
  settings: Settings;
  metrics: Metrics;
  log: Logger;
  random: () => number;
}

/**
 * The one place where a refused message goes: it is tried again after a growing pause, and once its tries are spent it becomes
 * a dead letter, with all that is known of it. A message that a replay released goes back at once. It is never dropped.
 */
export function putRefused({ row, partition, message, failure, tries }: Refusal, { sink, settings, metrics, log, random }: PutTools): Fate {
  const facts = { sink: sink.name, kind: row.kind, record: message.id, batch: row.batchId, code: failure.code, reason: failure.message, attempts: tries.length };
  if (row.op !== 'replay' && tries.length <= settings.maxRetries) {
    const delayMs = backoffMs(tries.length, settings, random());
    metrics.count('relay_retries_total', { sink: sink.name, cause: failure.code });
    log.warn({ ...facts, delayMs }, 'a message was refused; it is tried again');
    return { delayMs };
  }
  metrics.count('relay_exhausted_messages_total', { sink: sink.name });
  metrics.count('relay_dead_letters_total', { sink: sink.name, cause: failure.code });
  log.error(facts, row.op === 'replay' ? 'a replayed message was refused again: back to the dead letters' : 'a message was refused on every try: dead letter');
  const reason = withoutValues(failure.message);
  return {
    letter: {
      ledger_id: row.id, record_id: message.id, ...sink.evidence(message, partition), code: failure.code, class: failure.class, reason,
      fingerprint: fingerprintOf(failure.code, failure.class, reason), tries,
    },
  };
}

const FINGERPRINT_DIGITS = 10;

/** Same cause, same fingerprint: code, class and the reason without its values, so that a group holds what one act may mend. */
export function fingerprintOf(code: string, failureClass: string, reason: string): string {
  const digest = createHash('sha256').update(`${code}\n${failureClass}\n${withoutValues(reason).toLowerCase()}`).digest('hex');
  return `${code}-${digest.slice(0, FINGERPRINT_DIGITS)}`;
}

const MOST_REASON = 500;

/** A reason without what differs from case to case, be it a customer's: quoted text, ids, numbers. */
export function withoutValues(reason: string): string {
  return reason
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '#')
    .replace(/[-+]?\d+(?:[.,:]\d+)*/g, '#')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MOST_REASON);
}
