import { KeptTable, type KeptTools } from '../../../shared/db/kept-table.ts';
import type { RecordKind, RecordRow } from '../../../shared/records/record-kind.ts';

/** One joined table with the properties that a record shows of it. */
interface Shown {
  via: string;
  table: KeptTable;
  properties: readonly string[];
  /** Every record names a row of it. */
  whole: boolean;
}

/** What records show of other tables, from memory: an answer about what was just written needs to read nothing back. */
export class JoinedValues {
  readonly #shown: readonly Shown[];
  readonly #maxAgeMs: () => number;

  /** @param maxAgeMs how old it may be */
  constructor({ joined = {} }: Pick<RecordKind, 'joined'>, tools: KeptTools, maxAgeMs: () => number) {
    const groups = Map.groupBy(Object.entries(joined), ([, { via, table }]) => `${via} ${table}`);
    this.#shown = [...groups.values()].flatMap((entries) => {
      const [first] = entries;
      if (first === undefined) return [];
      const { via, table, key, changedAt } = first[1];
      const spec = { table, key, columns: entries.map(([, { column }]) => column), ...(changedAt === undefined ? {} : { changedAt }) };
      return [{ via, table: new KeptTable(spec, tools), properties: entries.map(([property]) => property), whole: changedAt === undefined }];
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

  /** Puts them into a row: null where nothing is known. */
  fill(row: RecordRow): void {
    for (const { via, table: { rows }, properties } of this.#shown) {
      const key = row[via];
      const cells = key == null ? undefined : rows?.get(keyOf(key));
      for (let i = 0; i < properties.length; i++) row[properties[i] as string] = cells?.[i] ?? null;
    }
  }
}

function keyOf(value: unknown): string {
  return typeof value === 'string' ? value : String(value as number);
}
