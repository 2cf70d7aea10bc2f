import { BATCH_STATES, COMMANDS, moved, type BatchCommand, type BatchState } from '../../shared/batches/states.ts';
import { CliError, EXIT } from '../cli-error.ts';
import type { Status } from './asking.ts';

/** What a command would do to a large batch as it is now. */
export interface Preview {
  dryRun: true;
  batchId: string;
  from: BatchState;
  /** A cancelled batch is CANCELLING until it is settled; a resumed one is again what the pause interrupted: `before-pause`. */
  to: BatchState | 'before-pause';
  written: number;
  /** Items that are left; null while the upload goes on. */
  left: number | null;
}

const LEFT: Record<BatchCommand, string> = { start: 'will be carried out', pause: 'wait until it is resumed, while its deadline goes on', resume: 'go on', cancel: 'will never be written' };

/** @throws CliError where the batch is none that can be steered, or the command is not possible in its state */
export function preview(command: BatchCommand, status: Pick<Status, 'batchId' | 'state' | 'written' | 'pending' | 'progress'>): Preview {
  const from = steerable(status);
  const target = moved(from, command, null);
  if ('allowed' in target) throw new CliError(`The batch is ${from}: ${command} is not possible now. Now allowed: ${target.allowed.length > 0 ? target.allowed.join(', ') : 'nothing'}.`, EXIT.failed);
  return { dryRun: true, batchId: status.batchId, from, to: command === 'resume' ? 'before-pause' : target.state, written: status.written, left: status.progress?.total == null ? null : status.pending };
}

export function previewText(command: BatchCommand, { batchId, from, to, written, left }: Preview): string {
  const rest = left === null ? 'those still to come' : `the ${left.toLocaleString('en')} that are left`;
  return `Batch ${batchId}: ${from} → ${to === 'before-pause' ? 'as before the pause' : to}. ${written.toLocaleString('en')} items are written and stand; ${rest} ${LEFT[command]}. Nothing was changed.\n`;
}

/** The state of a batch that can be steered and tuned. @throws CliError where it has none, or has ended */
export function steerable({ state }: Pick<Status, 'state'>): BatchState {
  const found = BATCH_STATES.find((one) => one === state);
  if (found === undefined) throw new CliError('There is no large batch with this id; a small one cannot be steered.', EXIT.failed);
  if (!COMMANDS.some((command) => 'state' in moved(found, command, null))) throw new CliError(`The batch is ${found}: nothing of it can be changed any more.`, EXIT.failed);
  return found;
}
