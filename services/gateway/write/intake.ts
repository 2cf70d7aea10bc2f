import { randomFillSync } from 'node:crypto';
import type { ServiceBroker } from 'moleculer';
import { v7 as uuidv7 } from 'uuid';
import type { BatchOutcome, TakeBatch, TakeChange, ChangeAnswer } from '../../../shared/contracts/actions.ts';
import { FLEET_ERRORS, fleetErrorType } from '../../../shared/errors/fleet-errors.ts';
import type { Column } from '../../../shared/records/columns.ts';
import type { RecordKind, RecordRow } from '../../../shared/records/record-kind.ts';
import type { Checked } from '../../../shared/records/validate-item.ts';
import type { Wire } from '../../../shared/records/wire.ts';
import type { GateKeeper } from '../../../shared/runtime/intake-gate.ts';
import type { Call } from '../http/call.ts';
import type { UnknownQuery } from '../http/parameters.ts';
import type { RecordReader } from '../list/record-reader.ts';
import type { JoinedValues } from '../orders/joined-values.ts';
import type { Preferences } from './prefer.ts';

/** A kind as the gateway serves it. */
export interface ServedKind {
  record: RecordKind;
  columns: readonly Column[];
  wire: Wire;
  reader: RecordReader;
  /** Check of a change's body; only kinds that can be changed have one. */
  checkChange: ((body: unknown) => Checked) | undefined;
  /** What its records show of other tables; undefined where they show nothing of any. */
  joined: JoinedValues | undefined;
}

/** What the writing calls need of the rest of Sluice. */
export interface Intake {
  take(params: TakeBatch): Promise<BatchOutcome>;
  change(params: TakeChange): Promise<ChangeAnswer>;
  /** Asked before a body is read. */
  gate: GateKeeper;
  limits: { maxBodyBytes: number; maxBatchItems: number; unknownQuery: UnknownQuery };
  /** Records as they are stored now, as JSON text by id. */
  stored(kind: ServedKind, ids: readonly number[]): Promise<Map<number, string>>;
}

/** The id of a new batch: UUID version 7, so that the ledger's partitions follow time. */
export function newBatchId(): string {
  if (randomAt + UUID_RANDOM_BYTES > random.length) {
    randomFillSync(random);
    randomAt = 0;
  }
  randomAt += UUID_RANDOM_BYTES;
  return uuidv7({ random: random.subarray(randomAt - UUID_RANDOM_BYTES, randomAt) });
}

/** Random bytes in stock: asking the kernel for each id took 6 % of an edge's time with single records. */
const random = new Uint8Array(4_096);
const UUID_RANDOM_BYTES = 16;
let randomAt = random.length;

/** Time beyond the deadline in which a batch is settled and the answer made. */
const SETTLE_MS = 6_000;

/**
 * Calls of the batcher, each with a time limit beyond the deadline that it keeps itself. A batcher that was called and
 * never answered leaves the outcome unknown: that is told as pending, never as failed.
 */
export function intakeCalls(broker: ServiceBroker): Pick<Intake, 'take' | 'change'> {
  return {
    async take(params) {
      try {
        return await broker.call<BatchOutcome, TakeBatch>('batcher.take', params, { timeout: params.deadlineMs + SETTLE_MS });
      } catch (error) {
        if (!unanswered(error)) throw error;
        return { batchId: params.batchId, state: 'pending', replayed: false, requested: params.items.length, receivedAt: '', ids: [], rejects: [], withdrawn: [], metrics: { validateMs: 0, queueMs: 0, writeMs: 0, totalMs: 0, slices: 0 } };
      }
    },
    async change(params) {
      try {
        return await broker.call<ChangeAnswer, TakeChange>('batcher.change', params, { timeout: params.deadlineMs + SETTLE_MS });
      } catch (error) {
        if (!unanswered(error)) throw error;
        return { batchId: params.batchId, replayed: false, outcome: { outcome: 'unknown' } };
      }
    },
  };
}

/** Whether a call may have been carried out although no answer came. */
function unanswered(error: unknown): boolean {
  const type = fleetErrorType(error);
  return type === 'REQUEST_TIMEOUT' || type === 'REQUEST_REJECTED' || type === FLEET_ERRORS.outcomeUnknown;
}

/** Time left for a call in ms: its deadline, or less if the client prefers not to wait so long. */
export function timeLeft(call: Call, preferences: Preferences): number {
  const now = performance.now();
  const left = call.deadlineAt - now;
  const preferred = preferences.waitMs === undefined ? left : call.startedAt + preferences.waitMs - now;
  return Math.max(1, Math.min(left, preferred));
}

/** A checked item as the record that was stored of it. */
export function recordOfItem(kind: ServedKind, item: RecordRow, id: number, receivedAt: string): string {
  return kind.wire.rest(asStored(kind, item, id, receivedAt), null);
}

/** A checked item with what it got when it was stored. */
export function asStored(kind: ServedKind, item: RecordRow, id: number, receivedAt: string): RecordRow {
  item.id = id;
  if (kind.record.receivedAt !== undefined) item[kind.record.receivedAt] = receivedAt;
  return item;
}
