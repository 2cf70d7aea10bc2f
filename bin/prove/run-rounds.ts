import type { Chronicle, Span } from './chronicle.ts';
import { untilRecovered } from './check/recovery.ts';
import type { Fault } from './faults/fault.ts';
import type { Load } from './load/load.ts';
import type { Scoreboard } from './promises.ts';
import { randomOf } from './random.ts';
import type { FaultRow } from './report.ts';
import type { Round } from './schedule.ts';
import type { Target } from './target.ts';

/** What carrying out rounds needs. */
export interface RoundTools {
  target: Target;
  load: Load;
  edges: number;
  seed: number;
  chronicle: Chronicle;
  scoreboard: Scoreboard;
  /** By the fault's name. */
  faults: Map<string, FaultRow>;
  recoveryLimitMs: number;
  /** Told what is under way. */
  stage: (text: string) => void;
  note: (text: string) => void;
  /** Brings the load to rest, waits for quiet, and reads the topic: before it is forgotten, and after. */
  readTopic: () => Promise<void>;
  forgetOffsets(): void;
  /** Looks at the law while clients go on. */
  checkLaw(since: string): Promise<void>;
}

/** Beyond it the system isn't waited for any longer. */
const GIVE_UP_MS = 120_000;
/** Large requests that the edges have in hand when a node is asked to stop. */
const BURST = 12;

/**
 * Carries out one round: calm, the faults, their end, recovery.
 * @throws Error when a fault could not be injected or ended, or the system did not come back at all
 */
export async function runRound(round: Round, tools: RoundTools): Promise<void> {
  const { target, chronicle, scoreboard, stage } = tools;
  const name = round.faults.map((fault) => fault.name).join(' + ');
  stage('calm');
  await target.sleep(round.calmMs);
  const forgets = round.faults.some((fault) => fault.forgetsTopic === true);
  if (forgets) await readInPeace(tools);
  const since = await instant(target);
  const fromMs = chronicle.now();
  const spans = await underFaults(round, tools, name);
  stage(`recovery from ${name}`);
  const recovery = await untilRecovered(target, tools.load, tools.edges, GIVE_UP_MS, (lacking) => tools.note(`not recovered yet: ${lacking}`));
  for (const span of spans) span.endMs = chronicle.now();
  for (const fault of round.faults) record(tools.faults, fault, round.faults.length > 1, recovery.ms ?? GIVE_UP_MS);
  tools.note(`recovered from ${name}: ${recovery.ms === undefined ? 'no' : `${Math.round(recovery.ms)} ms`}`);
  scoreboard.tried('recovered');
  if (recovery.ms === undefined) {
    scoreboard.broken('recovered', `round ${round.no}, ${name}: not within ${GIVE_UP_MS / 1_000} s; ${recovery.lacking}`);
    throw new Error(`the system did not come back after ${name}`);
  }
  if (recovery.ms > tools.recoveryLimitMs) scoreboard.broken('recovered', `round ${round.no}, ${name}: after ${(recovery.ms / 1_000).toFixed(1)} s`);
  if (forgets) {
    tools.forgetOffsets();
    await readInPeace(tools);
    chronicle.forgotten.push({ fromMs, endMs: chronicle.now() });
  }
  await tools.checkLaw(since);
}

/** Injects the faults one after the other, lets them last, and ends them all, whatever happens. */
async function underFaults(round: Round, { target, load, chronicle, seed, stage, note }: RoundTools, name: string): Promise<Span[]> {
  const spans: Span[] = [];
  const underWay: { fault: Fault; injected: { end(): Promise<void> } }[] = [];
  try {
    for (const [i, fault] of round.faults.entries()) {
      if (i > 0) await target.sleep(round.apartMs);
      stage(name);
      spans.push(chronicle.begin(fault.name, fault.answersAll === true ? await workInHand(load, chronicle) : undefined));
      note(`round ${round.no}: ${fault.name} is injected`);
      underWay.push({ fault, injected: await fault.inject(target, randomOf(seed, 'fault', round.no, i)) });
    }
    await target.sleep(round.lastsMs);
  } finally {
    for (const { fault, injected } of underWay.reverse()) {
      await injected.end();
      note(`round ${round.no}: ${fault.name} has ended`);
    }
  }
  return spans;
}

/**
 * Gives the edges work, and asks each of them on a new connection whether it lives: what was sent before that question went the same
 * way, and is there when the answer comes. Resolves with the time of the question.
 */
async function workInHand(load: Load, chronicle: Chronicle): Promise<number> {
  load.burst(BURST);
  const askedMs = chronicle.now();
  await load.ping();
  return askedMs;
}

async function readInPeace({ load, readTopic, stage }: RoundTools): Promise<void> {
  stage('the topic is read');
  await load.rest();
  await readTopic();
  load.resume();
}

async function instant(target: Target): Promise<string> {
  const [row] = await target.postgres.sql<{ at: string }>(`select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at`);
  return row?.at ?? '1970-01-01T00:00:00Z';
}

function record(faults: Map<string, FaultRow>, fault: Fault, paired: boolean, ms: number): void {
  const row = faults.get(fault.name);
  if (row === undefined) return;
  if (paired) row.paired += 1;
  else row.alone += 1;
  row.recoveriesMs.push(ms);
}
