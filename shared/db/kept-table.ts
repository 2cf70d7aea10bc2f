import type { NamedStatement } from './queries/flush.ts';

/** A small table of which the whole is kept in memory: its columns by their key. */
export interface KeptSpec {
  table: string;
  key: string;
  columns: readonly string[];
  /** When a row was changed last: then only later rows are read again. Without it all are. */
  changedAt?: string;
}

export interface KeptTools {
  run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>;
  /** Monotonic ms. */
  now: () => number;
  /** Told when it could not be read again. */
  onFailure: (error: unknown) => void;
}

/** Rows whose transaction ended after a later one had been read. */
const OVERLAP = `interval '1 minute'`;

/** Rows of a table that changes seldom, so that what refers to it needs no query. Rows that are deleted stay known until all are read anew. */
export class KeptTable {
  readonly #tools: KeptTools;
  readonly #statement: NamedStatement;
  #rows: Map<string, readonly (string | null)[]> | undefined;
  #readAt = -Infinity;
  #changed = '-infinity';
  readonly #incremental: boolean;
  readonly #columns: number;
  #reading: Promise<boolean> | undefined;

  constructor({ table, key, columns, changedAt }: KeptSpec, tools: KeptTools) {
    this.#tools = tools;
    this.#incremental = changedAt !== undefined;
    this.#columns = columns.length;
    const cells = [key, ...columns].map((name) => `"${name}"::text`).join(', ');
    this.#statement = {
      name: `keep-${table}-${columns.join('-')}`,
      text: changedAt === undefined ? `select ${cells} from "${table}"` : `select ${cells}, "${changedAt}"::text from "${table}" where "${changedAt}" > $1::timestamptz - ${OVERLAP} order by "${changedAt}"`,
    };
  }

  /** As they were read last; undefined before the first time. */
  get rows(): ReadonlyMap<string, readonly (string | null)[]> | undefined {
    return this.#rows;
  }

  /** Sees to it that they are at most this old. False where they could not be read: then they stay as they were. */
  async upTo(ageMs: number): Promise<boolean> {
    if (this.#tools.now() - this.#readAt <= ageMs) return true;
    return (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)));
  }

  async #read(): Promise<boolean> {
    const began = this.#tools.now();
    try {
      const found = await this.#tools.run(this.#statement, this.#incremental ? [this.#changed] : []);
      const rows = this.#incremental ? (this.#rows ?? new Map<string, readonly (string | null)[]>()) : new Map<string, readonly (string | null)[]>();
      for (const cells of found as [string, ...(string | null)[]][]) rows.set(cells[0], cells.slice(1, 1 + this.#columns));
      const changed = this.#incremental ? found.at(-1)?.at(-1) : undefined;
      if (typeof changed === 'string') this.#changed = changed;
      this.#rows = rows;
      this.#readAt = began;
      return true;
    } catch (error) {
      this.#tools.onFailure(error);
      return false;
    }
  }
}
