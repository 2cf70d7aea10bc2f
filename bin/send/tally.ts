import { createHistogram } from 'node:perf_hooks';
import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { CliError, EXIT } from '../cli-error.ts';
import type { Fate } from './answer.ts';
import type { Fault, Item } from './item.ts';

/** An item that failed, as it is shown and written to the file of failed items. */
export interface Failure {
  index: number;
  line: number;
  faults: Fault[];
}

const SHOWN_FAILURES = 20;

/** Counts what became of the items. Its memory doesn't grow with them: only the first failures are kept. */
export class Tally {
  sent = 0;
  successful = 0;
  failed = 0;
  /** Items without an answer: they may or may not have been written. */
  unknown = 0;
  batches = 0;
  retries = 0;
  readonly failures: Failure[] = [];
  readonly byCode = new Map<string, number>();
  readonly batchTime = createHistogram();
  readonly #failedFile: WriteStream | undefined;

  /** @param failedFile path to write failed items to, as NDJSON */
  constructor(failedFile?: string) {
    this.#failedFile = failedFile === undefined ? undefined : createWriteStream(failedFile);
    // Also told by the write or by close(); without a listener it would end the process.
    this.#failedFile?.on('error', () => undefined);
  }

  /** Counts a batch that was answered; `ms` is the time from its first try to its answer. */
  async answered(items: readonly Item[], fates: readonly Fate[], ms: number): Promise<void> {
    this.batches++;
    this.batchTime.record(Math.max(1, Math.round(ms * 1000)));
    this.sent += items.length;
    for (const [i, item] of items.entries()) {
      const fate = fates[i];
      if (fate === undefined || fate.is === 'unknown') this.unknown++;
      else if (fate.is === 'written') this.successful++;
      else await this.failure(item, fate.faults);
    }
  }

  /** Counts a batch whose fate could not be learnt. */
  unanswered(items: readonly Item[]): void {
    this.sent += items.length;
    this.unknown += items.length;
  }

  /** Counts one failed item, and waits until the file has taken it. */
  async failure(item: Item, faults: Fault[]): Promise<void> {
    this.failed++;
    const code = faults[0]?.code ?? 'failed';
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + 1);
    if (this.failures.length < SHOWN_FAILURES) this.failures.push({ index: item.index, line: item.line, faults });
    if (this.#failedFile === undefined) return;
    // The item as it was; what is not JSON goes as a string. A line break inside an item must not break the line.
    const text = item.fault === undefined ? item.text.replace(/[\r\n]+/g, ' ') : JSON.stringify(item.text);
    const line = `{"index":${item.index},"line":${item.line},"errors":${JSON.stringify(faults)},"item":${text}}\n`;
    if (!this.#failedFile.write(line) && this.#failedFile.errored === null) await Promise.race([once(this.#failedFile, 'drain'), once(this.#failedFile, 'close')]);
  }

  /** @throws CliError when the file of failed items could not be written */
  async close(): Promise<void> {
    if (this.#failedFile === undefined) return;
    this.#failedFile.end();
    try {
      await finished(this.#failedFile);
    } catch (error) {
      throw new CliError(`The failed items can't be written to ${String(this.#failedFile.path)}: ${(error as Error).message}`, EXIT.usage, error);
    }
  }
}
