import type { NodeFlow } from '../../../shared/contracts/flow.ts';
import { LIST_LARGE } from '../../../shared/db/queries/batch-list.ts';
import { isFinal, BATCH_STATES } from '../../../shared/batches/states.ts';
import { readProgress, type LargeFact, type Run } from '../batches/large-facts.ts';
import { headOf, outlookOf, type LargeHead, type Outlook } from '../batches/large-view.ts';
import { findSlow, type Finding, type Level, type StageName } from './find-slow.ts';
import { flowOf, type NodePart, type Stages } from './flow-of.ts';

/** The state of the whole at one moment: what GET /api/v1/live sends each second. */
export interface Snapshot {
  at: string;
  /** The edge that made it. */
  edge: string;
  version: string;
  stages: Stages;
  levels: Record<StageName, Level>;
  /** Worst first; none where nothing is slow. */
  findings: Finding[];
  nodes: NodePart[];
  /** Nodes that did not answer. */
  silent: string[];
  /** Large batches that are not at their end, newest first; null while the database does not answer. */
  batches: LiveBatch[] | null;
  /** There are more of them. */
  moreBatches: boolean;
}

export type LiveBatch = LargeHead & Outlook & { written: number; rejected: number };

export interface SnapshotTools {
  run: Run;
  ask: () => Promise<{ answers: NodeFlow[]; silent: string[] }>;
  edge: string;
  version: string;
  now: () => Date;
  onError: (error: unknown) => void;
}

const MOST_BATCHES = 8;
const OPEN_STATES = BATCH_STATES.filter((state) => !isFinal(state));

/** @returns what makes the next snapshot; its rates are of the time since the one before */
export function snapshots({ run, ask, edge, version, now, onError }: SnapshotTools): () => Promise<Snapshot> {
  let before: readonly NodeFlow[] = [];
  let last: readonly Finding[] = [];
  return async () => {
    const [{ answers, silent }, batches] = await Promise.all([
      ask(),
      openBatches(run).catch((error: unknown) => {
        onError(error);
        return null;
      }),
    ]);
    const { stages, nodes } = flowOf(before, answers);
    before = answers;
    const slow = findSlow(stages, last);
    last = slow.findings;
    return { at: now().toISOString(), edge, version, stages, ...slow, nodes, silent, batches: batches?.slice(0, MOST_BATCHES) ?? null, moreBatches: (batches?.length ?? 0) > MOST_BATCHES };
  };
}

/** One after the other: an edge has few connections, and they are for the records. */
async function openBatches(run: Run): Promise<LiveBatch[]> {
  const rows = await run(LIST_LARGE, [null, OPEN_STATES, null, null, null, null, MOST_BATCHES + 1, null]);
  const batches: LiveBatch[] = [];
  for (const [fact] of rows) {
    const progress = await readProgress(run, (fact as LargeFact).id);
    if (progress === undefined) continue;
    const { checkpoint } = progress.fact;
    batches.push({ ...headOf(progress.fact), ...outlookOf(progress), written: checkpoint?.written ?? 0, rejected: checkpoint?.rejected ?? 0 });
  }
  return batches;
}
