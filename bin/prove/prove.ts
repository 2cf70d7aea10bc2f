import { randomInt } from 'node:crypto';
import pc from 'picocolors';
import type { Settings } from '../../shared/config/settings.ts';
import { every } from '../../shared/runtime/every.ts';
import { EXIT, type ExitCode } from '../cli-error.ts';
import { watchStopSignals } from '../up/stop-signals.ts';
import { Chronicle } from './chronicle.ts';
import { checkAll } from './check/final.ts';
import { MemoryWatch } from './check/memory.ts';
import { untilQuiet } from './check/quiet.ts';
import { topicReader } from './check/read-new.ts';
import { TopicWatch } from './check/topic.ts';
import type { Fault } from './faults/fault.ts';
import { openJournal } from './load/journal.ts';
import { startLoad, type Load } from './load/load.ts';
import { createProgress, type Progress } from './progress.ts';
import { Scoreboard } from './promises.ts';
import { reportMarkdown, reportText, type FaultRow, type RunReport } from './report.ts';
import { runRound } from './run-rounds.ts';
import { rounds } from './schedule.ts';
import { startSystem, type FleetShape, type System } from './system/system.ts';

/** What a run is told. */
export interface ProveOptions {
  minutes: number;
  seed: number;
  faults: readonly Fault[];
  pairs: boolean;
  fleet: FleetShape;
  /** Requests a second of all clients together, at most. */
  perSecond: number;
  recoveryLimitMs: number;
  format: 'text' | 'json' | 'markdown';
  /** Keeps the folder though every promise held. */
  keep: boolean;
  /** The command that does the same again. */
  command: string;
}

const SENDERS = 12;
const QUIET_MS = 120_000;
const MEMORY_MS = 2_000;

/**
 * Starts a system of its own, drives clients against it, injects faults, and compares everything that was answered with what is
 * there. Prints the table; the exit code tells. Nothing is left behind, except the folder where a promise was broken.
 */
export async function prove(options: ProveOptions, settings: Settings): Promise<ExitCode> {
  const stop = watchStopSignals();
  stop.onAgain(() => process.exit(EXIT.interrupted)); // the guard stops the rest
  const stopped = stop.asked;
  const load: { current?: Load } = {};
  const progress = createProgress(process.stderr, options.minutes, () => load.current?.counts);
  let system: System | undefined;
  let keep = true;
  try {
    system = await startSystem({ settings, shape: options.fleet, stopped, tell: (text) => progress.stage(text) });
    const report = await runOn(system, options, settings, progress, load);
    keep = options.keep || !report.held;
    if (keep) report.folder = system.folder.path;
    progress.stop();
    process.stdout.write(options.format === 'json' ? `${JSON.stringify(report, null, 2)}\n` : options.format === 'markdown' ? reportMarkdown(report) : reportText(report, pc));
    return report.held ? EXIT.ok : report.troubles.length > 0 ? EXIT.system : EXIT.failed;
  } catch (error) {
    if (!stopped.aborted) throw error;
    keep = false;
    return EXIT.interrupted;
  } finally {
    progress.stop();
    if (stopped.aborted) process.stderr.write(`Stopping (${String(stopped.reason)}) ...\n`);
    await load.current?.stop();
    await system?.stop(keep);
    if (keep && system && stopped.aborted) process.stderr.write(`Logs and journal: ${system.folder.path}\n`);
  }
}

async function runOn(system: System, options: ProveOptions, settings: Settings, progress: Progress, held: { current?: Load }): Promise<RunReport> {
  const { target, edges, note } = system;
  const { seed } = options;
  const chronicle = new Chronicle();
  const scoreboard = new Scoreboard((name, text) => {
    note(`BROKEN ${name}: ${text}`);
    progress.line(pc.red(`${name}: ${text}`));
  });
  const loadSeed = { seed, tag: randomInt(36 ** 4).toString(36).toUpperCase().padStart(4, '0') };
  const journal = openJournal(system.folder.logs);
  const load = startLoad({ load: loadSeed, edges, chronicle, scoreboard, journal, stopped: target.stopped }, { senders: SENDERS, perSecond: options.perSecond });
  held.current = load;
  const watch = new TopicWatch({ load: loadSeed, changes: load.changes, scoreboard, chronicle });
  const reader = topicReader(target.kafka.brokers, settings.ordersTopic);
  const orderReader = topicReader(target.kafka.brokers, settings.orderEventsTopic);
  const memory = new MemoryWatch();
  const sampling = every(MEMORY_MS, () => memory.look(target.nodes(), chronicle.now()), (error) => note(`memory could not be sampled: ${String(error)}`));
  sampling.start();
  const faults = new Map(options.faults.map(({ name, says }): [string, FaultRow] => [name, { name, says, alone: 0, paired: 0, recoveriesMs: [] }]));
  const troubles: string[] = [];
  let topicSince: string | undefined;
  const tools = {
    target, load, edges: edges.length, seed, chronicle, scoreboard, faults, note, recoveryLimitMs: options.recoveryLimitMs,
    stage: (text: string) => progress.stage(text),
    async readTopic() {
      await untilQuiet(target, QUIET_MS);
      await reader.readNew((message) => watch.note(message));
      topicSince &&= new Date().toISOString();
    },
    forgetOffsets() {
      reader.forget();
      topicSince = new Date().toISOString();
    },
    checkLaw: (since: string) => checkLaw(edges[0] as string, since, scoreboard, note),
  };
  const possible: Fault[] = [];
  for (const fault of options.faults) {
    const why = await fault.impossible?.(target);
    if (why === undefined) possible.push(fault);
    else (faults.get(fault.name) as FaultRow).impossible = why;
  }
  const endsMs = chronicle.now() + options.minutes * 60_000;
  try {
    if (possible.length === 0) await target.sleep(options.minutes * 60_000);
    else
      for (const round of rounds(possible, seed, options.pairs)) {
        if (chronicle.now() + round.calmMs + round.apartMs + round.lastsMs > endsMs) break;
        await runRound(round, tools);
      }
  } catch (error) {
    if (target.stopped.aborted) throw error;
    troubles.push(error instanceof Error ? error.message : String(error));
    note(`trouble: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  progress.stage('clients end');
  await load.stop();
  await sampling.stop();
  await journal.close();
  let rows = 0;
  try {
    rows = await checkAll({ system, load, loadSeed, journal, chronicle, scoreboard, watch, reader, orderReader, memory, quietLimitMs: QUIET_MS, topicSince, stage: tools.stage });
  } catch (error) {
    if (target.stopped.aborted) throw error;
    troubles.push(error instanceof Error ? error.message : String(error));
  }
  const { counts } = load;
  return {
    held: scoreboard.allHeld && troubles.length === 0, seed, minutes: options.minutes, fleet: options.fleet, requests: counts.requests, items: counts.items, rows, messages: watch.messages, repeats: watch.repeats,
    unanswered: counts.unanswered, statuses: Object.fromEntries(counts.statuses), promises: scoreboard.rows(), faults: [...faults.values()], troubles, command: options.command,
  };
}

/** The law holds at any moment, also while clients go on: a look at what was taken in since. Where the edge can't look now, nothing was tried. */
async function checkLaw(edge: string, since: string, scoreboard: Scoreboard, note: (text: string) => void): Promise<void> {
  try {
    const response = await fetch(`${edge}/api/v1/verify?since=${encodeURIComponent(since)}`, { signal: AbortSignal.timeout(30_000) });
    if (!response.ok) return note(`verify under load answered ${response.status}`);
    const { holds, breaches } = (await response.json()) as { holds: boolean; breaches: unknown[] };
    scoreboard.tried('law');
    if (!holds) scoreboard.broken('law', `while clients went on: ${JSON.stringify(breaches.slice(0, 3))}`);
  } catch (error) {
    note(`verify under load could not be asked: ${String(error)}`);
  }
}
