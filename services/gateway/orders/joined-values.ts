import { KeptTable, type KeptTools } from '../../../shared/db/kept-table.ts';
import type { RecordKind, RecordRow } from '../../../shared/records/record-kind.ts';

/** One joined table that a record shows something of. */
interface Shown {
  via: string;
  table: KeptTable;
  /** Every record names a row of it. */
  whole: boolean;
}

/** What records show of other tables, from memory: an answer about what was just written needs to read nothing back. */
export class JoinedValues {
  readonly #shown: readonly Shown[];
  /** Where the value of a property stands. */
  readonly #at = new Map<string, { table: KeptTable; cell: number }>();
  readonly #maxAgeMs: () => number;

  /** @param maxAgeMs how old it may be */
  constructor({ joined = {} }: Pick<RecordKind, 'joined'>, tools: KeptTools, maxAgeMs: () => number) {
    const groups = Map.groupBy(Object.entries(joined), ([, { via, table }]) => `${via} ${table}`);
    this.#shown = [...groups.values()].flatMap((entries) => {
      const [first] = entries;
      if (first === undefined) return [];
      const { via, table: name, key, changedAt } = first[1];
      const spec = { table: name, key, columns: entries.map(([, { column }]) => column), ...(changedAt === undefined ? {} : { changedAt }) };
      const table = new KeptTable(spec, tools);
      entries.forEach(([property], cell) => this.#at.set(property, { table, cell }));
      return [{ via, table, whole: changedAt === undefined }];
    });
    this.#maxAgeMs = maxAgeMs;
  }

  /** Sees to it that it is fresh enough, and knows what these rows name. False where a table was never read, and can't be now. */
  async ready(rows: readonly RecordRow[]): Promise<boolean> {
    await Promise.all(this.#shown.map(async ({ via, table, whole }) => {
      await table.upTo(this.#maxAgeMs());
      if (whole && rows.some((row) => row[via] != null && table.rows?.has(keyOf(row[via])) === false)) await table.upTo(-1);
    }));
    return this.#shown.every(({ table }) => table.rows !== undefined);
  }

  /** What is known for a property of the record by its key, for the wire's writers. */
  readonly lookup = (property: string, key: unknown): string | null => {
    const at = this.#at.get(property);
    return key == null || at === undefined ? null : (at.table.rows?.get(keyOf(key))?.[at.cell] ?? null);
  };
}

function keyOf(value: unknown): string {
  return typeof value === 'string' ? value : String(value as number);
}
