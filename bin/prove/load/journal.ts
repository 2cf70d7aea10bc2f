import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** Items in a row: from this index, so many; `id` is the first one's where they were stored, the others' follow it. */
export type Run = [index: number, count: number, id?: number];

/** All that a client came to know of one request. Every item of it lies in one run at most; those in none are unknown. */
export interface Entry {
  no: number;
  shape: string;
  items: number;
  badShare: number;
  keyed: boolean;
  edge: number;
  /** ms of the run's clock. */
  fromMs: number;
  toMs: number;
  attempts: number;
  batchId?: string;
  /** 202 was the last word. */
  pending?: true;
  /** Items that the batch's status counted as written when it was closed, where a client asked until then. */
  settledWritten?: number;
  stored: Run[];
  refused: Run[];
  withdrawn: Run[];
}

/** What clients were told, a line a request, on disk: an hour of it is too much for the memory, and to be looked at afterwards. */
export interface Journal {
  readonly path: string;
  readonly entries: number;
  write(entry: Entry): void;
  /** All entries in the order of their numbers. To be called when nothing is written any more. */
  read(): AsyncGenerator<Entry>;
  close(): Promise<void>;
}

/** @param folder where the file is made */
export function openJournal(folder: string): Journal {
  const path = join(folder, 'journal.ndjson');
  const out = createWriteStream(path, { flags: 'wx' });
  /** By number: where its line begins, and how long it is. Plain numbers, for there are a million in a long run. */
  const offsets: number[] = [];
  const lengths: number[] = [];
  let size = 0;
  let entries = 0;
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= new Promise<void>((resolve, reject) => out.end((error?: Error | null) => (error ? reject(error) : resolve()))));
  return {
    path,
    get entries() {
      return entries;
    },
    write(entry) {
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      offsets[entry.no] = size;
      lengths[entry.no] = line.length;
      size += line.length;
      entries += 1;
      out.write(line);
    },
    async *read() {
      await close();
      const file = await open(path, 'r');
      try {
        for (let no = 0; no < lengths.length; no++) {
          const bytes = lengths[no];
          if (bytes === undefined) continue; // a number whose request wrote no entry: a change
          const { buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, offsets[no] as number);
          yield JSON.parse(buffer.toString('utf8')) as Entry;
        }
      } finally {
        await file.close();
      }
    },
    close,
  };
}

/** Fates by index as runs. */
export function runsOf(fates: readonly (number | string | undefined)[]): Pick<Entry, 'stored' | 'refused' | 'withdrawn'> {
  const runs: Pick<Entry, 'stored' | 'refused' | 'withdrawn'> = { stored: [], refused: [], withdrawn: [] };
  fates.forEach((fate, index) => {
    if (fate === undefined) return;
    const list = typeof fate === 'number' ? runs.stored : fate === 'refused' ? runs.refused : runs.withdrawn;
    const last = list.at(-1);
    const follows = last !== undefined && last[0] + last[1] === index && (typeof fate !== 'number' || (last[2] as number) + last[1] === fate);
    if (follows) last[1] += 1;
    else list.push(typeof fate === 'number' ? [index, 1, fate] : [index, 1]);
  });
  return runs;
}
