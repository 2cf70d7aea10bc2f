import { setTimeout as sleep } from 'node:timers/promises';
import type { SqlEntityManager } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import type { Chunk, SliceOutcome } from '../../shared/contracts/slices.ts';
import { flushParameters } from '../../shared/db/queries/flush.ts';
import { LOOKUP_SLICES, lookupParameters, lookupResult } from '../../shared/db/queries/lookup-slices.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import { FLEET_ERRORS, fleetError } from '../../shared/errors/fleet-errors.ts';
import { causeLabel, classifyFailure } from '../../shared/errors/sqlstate.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import type { KindFlush } from './flush-target.ts';
import { flushRows } from './flush-rows.ts';
import { isolateFailure, type IsolationReport } from './isolate-failure.ts';
import { backoff } from './retry.ts';

/** What a flush needs; no broker in sight. */
export interface FlushTools {
  pool: Pool;
  /** A fresh EntityManager for a unit of work of several statements. */
  fork(): SqlEntityManager;
  node: string;
  /** Lease of a batch that must stay open while its slices are tried one by one. */
  leaseMs: number;
  log: Logger;
  /** Of the requests whose slices are written, for the log. */
  requestIds?: readonly string[];
  attempts: number;
  retryDelayMs: number;
  statementTimeoutMs: number;
  random: () => number;
  /** Each row by a statement of its own: BULK_FLUSH is off. */
  rowByRow?: boolean;
  /** Monotonic milliseconds. */
  now: () => number;
  onFlush(ms: number, rows: number): void;
  onRetry(cause: string): void;
  /** All tries of a chunk are used up. */
  onExhausted(): void;
  onIsolation(report: IsolationReport): void;
  /** Ids were given out twice: a fault of Sluice, never of the client. */
  onIdConflict(slices: number): void;
}

const LONGEST_PAUSE_MS = 1_000;
const MOST_NAMED = 20;
/** Beyond the server's own statement_timeout, for a server or network that says nothing at all. */
const CLIENT_GRACE_MS = 1_500;

/**
 * Writes one chunk: a flush, tried again with backoff and jitter while the failure is nobody's data and time is left.
 * The same chunk may be written any number of times, here or on another node: the ledger tells what is there already.
 * @returns an outcome per slice, in order
 * @throws a fleet error: `notWritten`, `outcomeUnknown` or `tooLate` when time or tries are used up
 */
export async function writeChunk(tools: FlushTools, target: KindFlush, chunk: Chunk, deadlineMs: number): Promise<SliceOutcome[]> {
  const end = tools.now() + deadlineMs;
  let uncertain = false;
  for (let attempt = 1; ; attempt++) {
    if (tools.now() >= end) throw giveUp(uncertain, FLEET_ERRORS.tooLate, 'the time given was over');
    try {
      return await flushOnce(tools, target, chunk);
    } catch (error) {
      const failure = classifyFailure(error, target.record, target.primaryKeyConstraint);
      // With other ids the slices would be cut otherwise; that is safe only if this cut surely never wrote and never will.
      if (failure === 'id-conflict' && uncertain) throw fleetError(FLEET_ERRORS.outcomeUnknown, 'ids are in use, perhaps by an earlier try of this chunk');
      if (failure === 'id-conflict' && chunk.slices.length === 1) {
        reportIdConflict(tools, target, 1);
        return [{ outcome: 'conflict', rejects: [] }];
      }
      if (failure === 'data' || failure === 'id-conflict') {
        try {
          return await isolate(tools, target, chunk);
        } catch (inner) {
          uncertain = true; // some of its slices may be committed by now
          tools.log.warn({ err: inner, attempt, requestIds: named(tools) }, 'isolating a refused row failed; the chunk is tried again');
        }
      } else {
        uncertain ||= failure === 'unknown';
      }
      const pause = backoff(attempt, tools.retryDelayMs, LONGEST_PAUSE_MS, tools.random);
      if (attempt >= tools.attempts || tools.now() + pause >= end) {
        tools.log.error({ err: error, attempt, failure, requestIds: named(tools) }, 'a flush failed for the last time');
        tools.onExhausted();
        throw giveUp(uncertain, FLEET_ERRORS.notWritten, 'PostgreSQL did not take the chunk');
      }
      tools.onRetry(causeLabel(error));
      tools.log.warn({ err: error, attempt, pauseMs: Math.round(pause), failure, requestIds: named(tools) }, 'a flush failed and is tried again');
      await sleep(pause);
    }
  }
}

/** Requests that a log line names; there may be hundreds in a chunk. */
function named({ requestIds = [] }: FlushTools): readonly string[] {
  return requestIds.slice(0, MOST_NAMED);
}

function reportIdConflict(tools: FlushTools, target: KindFlush, slices: number): void {
  tools.onIdConflict(slices);
  tools.log.error({ kind: target.kind, slices }, 'ids were given out twice; this is a fault of Sluice, other ids are taken');
}

function giveUp(uncertain: boolean, otherwise: typeof FLEET_ERRORS.notWritten | typeof FLEET_ERRORS.tooLate, message: string): Error {
  return fleetError(uncertain ? FLEET_ERRORS.outcomeUnknown : otherwise, message);
}

/**
 * One flush, and a look into the ledger for the slices that it did not insert. A sole slice that seems fenced is tried
 * once more: its batch's row may have been made by an isolation of the same chunk elsewhere, after the flush's snapshot
 * was taken, and then the flush neither made nor saw it.
 */
async function flushOnce(tools: FlushTools, target: KindFlush, chunk: Chunk): Promise<SliceOutcome[]> {
  const outcomes = await flushAndLookUp(tools, target, chunk);
  if (!outcomes.some((o, no) => o.outcome === 'fenced' && chunk.slices[no]?.sole === true)) return outcomes;
  const again = await flushAndLookUp(tools, target, chunk);
  return outcomes.map((outcome, no) => (outcome.outcome === 'fenced' ? (again[no] ?? outcome) : outcome));
}

async function flushAndLookUp(tools: FlushTools, target: KindFlush, chunk: Chunk): Promise<SliceOutcome[]> {
  const timeoutMs = tools.statementTimeoutMs + CLIENT_GRACE_MS;
  const started = tools.now();
  const rows = await (tools.rowByRow === true
    ? flushRows(tools.pool, target, chunk, tools.node, timeoutMs)
    : runStatement(tools.pool, target.flush, flushParameters(target, chunk.slices, chunk, tools.node), timeoutMs));
  const firstIds = (rows[0]?.[0] as (string | number)[] | null) ?? [];
  const missing = chunk.slices.filter((_, no) => Number(firstIds[no]) === 0);
  tools.onFlush(tools.now() - started, chunk.sliceOf.length);
  if (missing.length === 0) return chunk.slices.map((s) => ({ outcome: 'written', rejects: s.rejects }));
  const found = lookupResult(await runStatement(tools.pool, LOOKUP_SLICES, lookupParameters(missing, target.sinks[0] ?? ''), timeoutMs));
  return chunk.slices.map((slice) => {
    const at = missing.indexOf(slice);
    if (at === -1) return { outcome: 'written', rejects: slice.rejects };
    const rejects = found.get(at);
    return rejects === undefined ? { outcome: 'fenced', rejects: [] } : { outcome: 'repeat', rejects };
  });
}

async function isolate(tools: FlushTools, target: KindFlush, chunk: Chunk): Promise<SliceOutcome[]> {
  const writeOne = async (part: Chunk): Promise<SliceOutcome> => {
    const [outcome] = await flushOnce(tools, target, part);
    if (outcome === undefined) throw new Error('a flush of one slice answered for none');
    return outcome;
  };
  const { outcomes, report } = await isolateFailure(tools.fork(), target, chunk, tools.node, tools.leaseMs, writeOne);
  tools.onIsolation(report);
  if (report.idConflicts > 0) reportIdConflict(tools, target, report.idConflicts);
  return outcomes;
}
