import type { Roster } from './roster.ts';
import { describeExit } from './node-process.ts';
import { seconds, type Say } from './say.ts';
import { supervise } from './supervise.ts';
import type { Happening, Running, Supervised } from './supervise.ts';

/** The order in which parts are stopped, the highest first: whoever needs another goes before it. */
export const STAGES = { edge: 6, writer: 5, relay: 4, Kafka: 3, NATS: 2, PostgreSQL: 1 } as const;
export type Stage = keyof typeof STAGES;

/** How to start one part. `onSpawn` has to be told of its process as soon as there is one. */
export interface PartSpec {
  name: string;
  stage: Stage;
  stopSignal: NodeJS.Signals;
  /** Longest time in ms that the guard gives it to stop. */
  graceMs: number;
  start(signal: AbortSignal, onSpawn: (pid: number) => void): Promise<Running>;
}

/** All that this process has started and keeps running. */
export interface Parts {
  /** Starts a part, and keeps it running from then on. Fails as its first start fails; then nothing keeps it. */
  start(spec: PartSpec): Promise<Running>;
  /** Keeps a part running whose first start has failed already: it is tried again, and again. */
  keepTrying(spec: PartSpec): void;
  /** Whether everything is being stopped: then a start that fails was cut off. */
  isStopping(): boolean;
  /** Stops everything stage by stage, and cuts off first starts that are under way. Twice is fine. */
  stop(): Promise<void>;
}

export function createParts(roster: Roster, say: Say): Parts {
  const kept: { stage: Stage; supervised: Supervised }[] = [];
  const starting = new AbortController();
  let stopping: Promise<void> | undefined;

  const startOnce = async (spec: PartSpec, signal: AbortSignal): Promise<Running> => {
    let pid: number | undefined;
    try {
      const running = await spec.start(signal, (spawned) => {
        pid = spawned;
        roster.joined(spec.name, spawned, { signal: spec.stopSignal, graceMs: spec.graceMs, stage: STAGES[spec.stage] });
      });
      void running.exited.then(() => roster.left(running.pid));
      return running;
    } catch (error) {
      // One that is there but did not answer may still run: then it stays with the guard, which ends it.
      if (pid !== undefined && !signal.aborted) roster.left(pid);
      throw error;
    }
  };
  const keep = (spec: PartSpec, first: Running | undefined): void => {
    const tell = (happening: Happening) => tellOf(spec.name, happening, say);
    kept.push({ stage: spec.stage, supervised: supervise((signal) => startOnce(spec, signal), first, tell) });
  };
  const stopAll = async (): Promise<void> => {
    starting.abort();
    for (const { supervised } of kept) supervised.release();
    const stages = [...new Set(kept.map(({ stage }) => stage))].sort((a, b) => STAGES[b] - STAGES[a]);
    for (const stage of stages) {
      const began = performance.now();
      await Promise.all(kept.filter((one) => one.stage === stage).map(({ supervised }) => supervised.stop()));
      say.done(stage, 'stopped', performance.now() - began);
    }
  };
  return {
    async start(spec) {
      const running = await startOnce(spec, starting.signal);
      // It became ready while everything was being stopped: too late for its stage, but not left behind.
      if (stopping) await running.stop();
      else keep(spec, running);
      return running;
    },
    keepTrying(spec) {
      if (!stopping) keep(spec, undefined);
    },
    isStopping: () => stopping !== undefined,
    stop: () => (stopping ??= stopAll()),
  };
}

function tellOf(name: string, happening: Happening, say: Say): void {
  switch (happening.what) {
    case 'ended':
      return say.warn(`${name} ended (${describeExit(happening.exit)}); it is started again in ${seconds(happening.pauseMs)}`);
    case 'failed':
      return say.error(`${name} did not start, and is tried again in ${seconds(happening.pauseMs)}: ${happening.error instanceof Error ? happening.error.message : String(happening.error)}`);
    case 'back':
      return say.done(name, `runs again (process ${happening.pid})`, happening.ms);
  }
}
