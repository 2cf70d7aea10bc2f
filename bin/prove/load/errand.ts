import type http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chronicle } from '../chronicle.ts';
import type { Random } from '../faults/fault.ts';
import type { Scoreboard } from '../promises.ts';
import { ask, type Answered, type Question, type Unanswered } from './ask.ts';
import type { Changeable, Changes } from './changes.ts';
import type { LoadSeed } from './items.ts';
import type { Journal } from './journal.ts';
import type { OrderStory } from './order-stories.ts';
import type { Revaluations } from './revaluations.ts';

/** What all clients of a load share. */
export interface LoadTools {
  load: LoadSeed;
  /** Addresses of the edges. */
  edges: readonly string[];
  agent: http.Agent;
  chronicle: Chronicle;
  scoreboard: Scoreboard;
  journal: Journal;
  changes: Changes;
  /** Every batch of revaluations, as its client knows it. */
  revaluations: Revaluations[];
  /** What every client of orders did, and was told. */
  orders: OrderStory[];
  counts: Counts;
  /** Aborts when clients have to give up at once. */
  stopped: AbortSignal;
}

export interface Counts {
  requests: number;
  items: number;
  /** Attempts without an answer, whoever was the cause. */
  unanswered: number;
  /** Answers by status. */
  statuses: Map<number, number>;
}

/** One request of a client, from its first try to its last. */
export interface Errand extends LoadTools {
  no: number;
  random: Random;
  /** Records that this client knows well enough to change them. */
  changeable: Changeable[];
}

/** Asks one of the edges, or this one, once; counts the answer, and whether it had to be given. */
export async function attempt(errand: Errand, question: Omit<Question, 'stopped'>, edge = Math.floor(errand.random() * errand.edges.length)): Promise<(Answered | Unanswered) & { edge: number }> {
  const { chronicle, scoreboard, counts, stopped } = errand;
  const fromMs = chronicle.now();
  const outcome = stopped.aborted ? { none: 'the run was stopped', gaveUp: true, sentWhole: false } : await ask(errand.edges[edge] as string, { ...question, stopped }, errand.agent);
  const toMs = chronicle.now();
  if ('none' in outcome) counts.unanswered += 1;
  else counts.statuses.set(outcome.status, (counts.statuses.get(outcome.status) ?? 0) + 1);
  const spans = chronicle.during(fromMs, toMs);
  const owed = spans.length > 0 && spans.every((span) => span.owedBeforeMs !== undefined && fromMs < span.owedBeforeMs);
  if (owed && !('none' in outcome && outcome.gaveUp)) {
    scoreboard.tried('answered');
    if ('none' in outcome && outcome.sentWhole) scoreboard.broken('answered', `request ${errand.no} (${question.method} ${question.path}), sent ${Math.round((spans[0]?.fromMs ?? 0) - fromMs)} ms before ${chronicle.namesDuring(fromMs, toMs)}: no answer (${outcome.none})`);
  }
  return { ...outcome, edge };
}

/** A pause of a client; ends early when the run is stopped. */
export async function pause(errand: Pick<Errand, 'stopped'>, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: errand.stopped }).catch(() => undefined);
}
