import type { ProgressView } from '../../services/gateway/batches/large-view.ts';
import type { BatchPage } from '../../services/gateway/batches/list-batches.ts';
import { isFinal, type BatchState } from '../../shared/batches/states.ts';
import { EXIT, type ExitCode } from '../cli-error.ts';
import type { Paint } from '../send/summary.ts';
import { seconds, table } from '../table.ts';
import type { Status } from './asking.ts';

/** What is shown of a batch while it goes on. */
export interface View {
  state: BatchState;
  progress: ProgressView;
  /** Items a second. */
  rate: number | null;
  predictedFinish: string | null;
  predictedFinishBounds: { earliest: string; latest: string | null } | null;
  rejected: number;
  errors: Record<string, number>;
}

const count = (n: number) => n.toLocaleString('en');
const clock = (iso: string) => iso.slice(11, 19);
const percent = (share: number | null) => (share === null ? undefined : `${Math.floor(share * 100)} %`);

/** How far a batch is, in one line. */
export function viewText(view: View): string {
  const { state, progress, rate, rejected } = view;
  const share = percent(progress.share);
  const items = progress.total === null ? `${count(progress.items)} items` : `${count(progress.items)} of ${count(progress.total)} items`;
  return [`${state} ${items}${share === undefined ? '' : ` (${share})`}`, ...(rate === null ? [] : [`${count(Math.round(rate))}/s`]), finishText(view), rejected === 0 ? '0 failed' : `${count(rejected)} failed${errorsText(view.errors)}`].filter((part) => part !== '').join(', ');
}

/** The predicted finish with its bounds, in UTC; nothing where it is not known. */
export function finishText({ predictedFinish, predictedFinishBounds: bounds }: Pick<View, 'predictedFinish' | 'predictedFinishBounds'>): string {
  if (predictedFinish === null) return '';
  const within = bounds === null ? '' : ` (${clock(bounds.earliest)} to ${bounds.latest === null ? '?' : clock(bounds.latest)} UTC)`;
  return `done at ${clock(predictedFinish)}${within}`;
}

/** Categories that have any, in brackets. */
export function errorsText(errors: Record<string, number>): string {
  const some = Object.entries(errors).filter(([, n]) => n > 0);
  return some.length === 0 ? '' : ` (${some.map(([category, n]) => `${category} ${count(n)}`).join(', ')})`;
}

/** @param page what `batch list` shows */
export function listText({ content, next }: BatchPage, paint: Paint): string {
  if (content.length === 0) return 'No batch matches.\n';
  const rows = content.map((b) => [b.batchId, b.state, b.kind, b.priority, b.progress.items, percent(b.progress.share) ?? '-', b.written, b.rejected, seconds(b.createdAt), b.tags.join(',') || '-']);
  return `${table(['BATCH', 'STATE', 'KIND', 'PRIORITY', 'ITEMS', 'DONE', 'WRITTEN', 'FAILED', 'OPENED (UTC)', 'TAGS'], rows, paint)}\n${next === null ? '' : paint.dim(`There are more: --cursor ${next}\n`)}`;
}

/** All of one batch, for people. */
export function statusText(s: Status, paint: Paint): string {
  const state = s.state === 'FAILED' ? paint.red(s.state) : s.state === 'COMPLETED' ? paint.green(s.state) : s.state;
  const failed = s.rejected + s.withdrawn;
  const { progress, executionMetadata: meta } = s;
  const view = viewOf(s);
  const facts: [string, string | undefined][] = [
    ['why', s.errorCode === undefined ? undefined : `${s.errorCode}: ${s.errorMessage ?? ''}`],
    ['items', `${count(s.accepted)} accepted, ${paint.green(`${count(s.written)} written`)}, ${s.rejected > 0 ? paint.red(`${count(s.rejected)} failed`) : '0 failed'}${s.withdrawn > 0 ? `, ${count(s.withdrawn)} withdrawn` : ''}${s.pending > 0 ? `, ${count(s.pending)} pending` : ''}`],
    ['errors', failed > 0 && view !== undefined ? errorsText(view.errors).slice(2, -1) : undefined],
    ['progress', view === undefined || isFinal(view.state) || progress === undefined ? undefined : viewText(view).slice(view.state.length + 1)],
    ['rate', meta === undefined || s.rate == null ? undefined : `${count(Math.round(s.rate))}/s over ${(meta.executionDuration / 1_000).toFixed(1)} s, ${meta.checkpointsCreated} checkpoints`],
    ['options', s.options === undefined ? undefined : `priority ${s.priority ?? ''}, parallelism ${s.parallelism ?? ''}, checkpoint every ${count(s.options.checkpointInterval)}, on errors ${s.options.errorPolicy}, deadline ${seconds(s.options.deadlineAt)} UTC`],
    ['tags', s.tags === undefined || s.tags.length === 0 ? undefined : s.tags.join(', ')],
    ['reference', s.clientReference ?? undefined],
    ['retry of', s.parent ?? undefined],
    ['opened', `${seconds(s.receivedAt)} UTC${s.finishedAt == null ? '' : `, ended ${seconds(s.finishedAt)} UTC`}`],
    ...Object.entries(s.delivery).map(([sink, d]): [string, string] => [sink, `${count(d.delivered)} of ${count(d.due)} delivered${d.waiting > 0 ? `, ${count(d.waiting)} waiting` : ''}${d.dead > 0 ? `, ${count(d.dead)} dead` : ''}${d.discarded > 0 ? `, ${count(d.discarded)} discarded` : ''}${d.superseded > 0 ? `, ${count(d.superseded)} superseded` : ''}`]),
  ];
  return `Batch ${s.batchId} of ${s.kind}: ${state}\n${facts.flatMap(([name, value]) => (value === undefined ? [] : [`${paint.dim(name.padEnd(12))} ${value}\n`])).join('')}`;
}

/** A status as it is shown while the batch goes on; undefined for a small batch. */
export function viewOf(s: Status): View | undefined {
  if (s.progress === undefined) return undefined;
  return { state: s.state as BatchState, progress: s.progress, rate: s.rate ?? null, predictedFinish: s.predictedFinish ?? null, predictedFinishBounds: s.predictedFinishBounds ?? null, rejected: s.rejected, errors: s.errors ?? {} };
}

/** What the exit code tells of a batch; of one that goes on, that nothing is wrong. */
export function exitCodeOf(s: Pick<Status, 'state' | 'rejected' | 'withdrawn'>): ExitCode {
  if (s.state === 'FAILED' || s.state === 'CANCELLED' || s.state === 'CANCELLING') return EXIT.system;
  return (s.state === 'COMPLETED' || s.state === 'closed') && s.rejected + s.withdrawn > 0 ? EXIT.failed : EXIT.ok;
}
