import type { Stages } from './flow-of.ts';

export const LEVELS = ['idle', 'flowing', 'slow', 'stuck'] as const;
/** How a stage does: nothing to do, records pass, it holds up what comes before it, or nothing passes. */
export type Level = (typeof LEVELS)[number];
export type StageName = keyof Stages;

/** Why a stage is slow or stuck, for a person. */
export interface Finding {
  stage: StageName;
  level: 'slow' | 'stuck';
  says: string;
}

/** A flush of a full chunk takes some dozen ms on an ordinary machine. */
const SLOW_FLUSH_MS = 250;
/** Ages from which what waits counts as held up, s. */
const SLOW_QUEUE_S = 1;
/** With a writer; a flush waits two seconds for a lock before it is tried again. */
const STUCK_CHUNK_S = 2;
const SLOW_LEDGER_S = 5;
const STUCK_LEDGER_S = 60;

/**
 * Where it is slow. What lies behind comes first: a writer that is missing fills the queue before it, and it is the writer that is to be
 * looked at.
 * @param last what was found before: a flush that was stuck is so until something is written
 */
export function findSlow(stages: Stages, last: readonly Finding[] = []): { levels: Record<StageName, Level>; findings: Finding[] } {
  const { intake, queue, flush, ledger, relay, kafka } = stages;
  const found: Finding[] = [];
  const tell = (stage: StageName, level: Finding['level'], says: string) => found.push({ stage, level, says });

  for (const name of new Set(kafka.breakers.filter(({ state }) => state !== 'closed').map((breaker) => breaker.name))) {
    if (name === 'admission') {
      const pools = kafka.breakers.filter((breaker) => breaker.name === name && breaker.state !== 'closed').map(({ node }) => node);
      tell('intake', 'stuck', `Writing requests are kept out until pools of connections are free again: ${pools.join(', ')}.`);
      continue;
    }
    const what = name === 'kafka' ? 'Kafka does not answer: its breaker is open, and what is written waits in the ledger.' : `${name} does not answer: its breaker is open.`;
    if (name !== 'trade-service') tell('kafka', 'stuck', what);
    else tell('intake', 'slow', 'The trade service does not answer: its breaker is open, and orders cannot be submitted.');
  }
  if (relay.nodes === 0) tell('relay', 'stuck', 'No relay runs: what is written waits in the ledger until one does.');
  else if ((relay.retriesPerS ?? 0) > 0 && kafka.breaker === 'closed') tell('relay', 'slow', `Deliveries are put off to be tried again: ${figure(relay.retriesPerS)} a second.`);
  if (flush.nodes === 0) tell('flush', 'stuck', 'No writer runs: nothing can be written until one does.');
  else if (flush.oldestS >= STUCK_CHUNK_S) tell('flush', 'stuck', `PostgreSQL does not get on: a chunk has been with its writer for ${figure(flush.oldestS)} s.`);
  else if (flush.slots > 0 && flush.freeSlots === 0 && queue.waiting > 0) tell('flush', 'slow', `All ${flush.slots} flush slots are taken${flush.flushMs === null ? '' : ` (${figure(flush.flushMs)} ms a flush)`} while ${figure(queue.waiting)} items wait.`);
  else if (flush.rowsPerS === 0 && queue.underway > 0 && last.some(({ stage, level }) => stage === 'flush' && level === 'stuck')) tell('flush', 'stuck', 'PostgreSQL does not get on: still nothing is written.');
  else if (flush.slots > 0 && flush.freeSlots === 0 && flush.rowsPerS === 0) tell('flush', 'slow', `PostgreSQL does not get on: all ${flush.slots} flush slots are taken, and nothing was written in the last second.`);
  else if ((flush.flushMs ?? 0) >= SLOW_FLUSH_MS) tell('flush', 'slow', `PostgreSQL is slow: a flush takes ${figure(flush.flushMs)} ms.`);
  else if ((flush.retriesPerS ?? 0) > 0) tell('flush', 'slow', `Flushes are tried again: ${figure(flush.retriesPerS)} a second.`);
  if (ledger.oldestS >= SLOW_LEDGER_S && ledger.waiting > 0) {
    const moves = (relay.messagesPerS ?? 0) > 0;
    tell('ledger', ledger.oldestS >= STUCK_LEDGER_S && !moves ? 'stuck' : 'slow', `${figure(ledger.waiting)} records are written and not delivered yet, the oldest for ${figure(ledger.oldestS)} s${moves ? `; ${figure(relay.messagesPerS)} a second go out` : ''}.`);
  }
  if (ledger.deadLetters > 0) tell('ledger', 'slow', `${figure(ledger.deadLetters)} messages were refused for good and wait for a person.`);
  if (queue.oldestS >= SLOW_QUEUE_S && queue.waiting > 0) tell('queue', 'slow', `${figure(queue.waiting)} items wait for a writer, the oldest for ${figure(queue.oldestS)} s.`);
  if ((intake.refusedPerS ?? 0) > 0) tell('intake', 'slow', `${figure(intake.refusedPerS)} requests a second are refused for load.`);

  if (intake.lateBatches > 0) tell('intake', 'slow', `${intake.lateBatches === 1 ? 'A large batch goes' : `${figure(intake.lateBatches)} large batches go`} on beyond the latest finish that was promised.`);

  const moving: Record<StageName, boolean> = {
    intake: intake.inWork + intake.uploads > 0 || (intake.batchesPerS ?? 0) > 0, queue: queue.waiting > 0 || (flush.rowsPerS ?? 0) > 0, flush: flush.active > 0 || (flush.rowsPerS ?? 0) > 0,
    ledger: ledger.waiting > 0 || (flush.rowsPerS ?? 0) > 0, relay: (relay.messagesPerS ?? 0) > 0, kafka: (relay.messagesPerS ?? 0) > 0,
  };
  const levelOf = (stage: StageName): Level => LEVELS.findLast((level) => found.some((one) => one.stage === stage && one.level === level)) ?? (moving[stage] ? 'flowing' : 'idle');
  return {
    levels: { intake: levelOf('intake'), queue: levelOf('queue'), flush: levelOf('flush'), ledger: levelOf('ledger'), relay: levelOf('relay'), kafka: levelOf('kafka') },
    // Stable: within a level what lies behind stays first.
    findings: found.sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level)),
  };
}

function figure(value: number | null): string {
  return (value ?? 0).toLocaleString('en', { maximumFractionDigits: (value ?? 0) < 10 ? 1 : 0 });
}
