import type { BatchState } from '../../../shared/batches/states.ts';
import type { Lane } from '../../../shared/contracts/large.ts';
import { LARGE_PROGRESS } from '../../../shared/db/queries/batch-progress.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import type { Sample } from '../../../shared/batches/predict.ts';

export type Run = (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;

/** A report of how far a batch was. */
export interface CheckpointFact {
  no: number;
  at: string;
  items: number;
  bytes: number;
  written: number;
  rejected: number;
}

/** A large batch as its rows say (batch-progress.ts). Instants are text that Date reads. */
export interface LargeFact {
  id: string;
  kind: string;
  state: BatchState;
  beforePause: BatchState | null;
  /** Rises with each change of state, priority or parallelism. */
  version: number;
  staged: boolean;
  priority: Lane;
  parallelism: number;
  checkpointInterval: number;
  checkpointing: boolean;
  errorPolicy: string;
  maxRetries: number;
  tags: string[];
  format: string | null;
  parent: string | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  deadlineAt: string;
  /** Items; known once the upload is complete. */
  total: number | null;
  /** Bytes of the whole upload, where they are known. */
  uploadBytes: number | null;
  errors: Record<string, number>;
  errorCode: string | null;
  errorMessage: string | null;
  carriedMs: number;
  /** The database's clock. */
  now: string;
  /** An edge has it in hand. */
  attended: boolean;
  /** The newest one of what is done now: received, or carried out. */
  checkpoint: CheckpointFact | null;
  /** How many were made in all. */
  checkpoints: number;
}

export interface LargeProgress {
  fact: LargeFact;
  samples: Sample[];
}

/** A large batch and its recent checkpoints, of one moment; undefined where there is no large batch with this id. */
export async function readProgress(run: Run, batchId: string): Promise<LargeProgress | undefined> {
  const [row] = await run(LARGE_PROGRESS, [batchId]);
  if (row === undefined) return undefined;
  const samples = (row[1] as { at: string; items: number; bytes: number }[]).map(({ at, ...rest }) => ({ at: Date.parse(at), ...rest }));
  return { fact: row[0] as LargeFact, samples };
}

/** An instant of a JSON value of PostgreSQL's, as ISO 8601 in UTC. */
export function iso(at: string): string;
export function iso(at: string | null): string | null;
export function iso(at: string | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
