import type { Pool, PoolClient } from 'pg';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { release, runOn } from '../../../shared/db/run-statement.ts';

/** One connection that is kept over several statements, and over what is done between them: SPLIT_TRANSACTIONS is off. */
export class HeldConnection {
  readonly #client: PoolClient;
  readonly #leave: () => void;
  /** Why it must not be used again. */
  #unsound: Error | undefined;
  #inTransaction = false;
  #ended = false;

  private constructor(client: PoolClient, leave: () => void) {
    this.#client = client;
    this.#leave = leave;
  }

  /** @param leave called once it is given back, also where there was none to be had */
  static async take(pool: Pool, leave: () => void): Promise<HeldConnection> {
    try {
      return new HeldConnection(await pool.connect(), leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  get ended(): boolean {
    return this.#ended;
  }

  async run(statement: NamedStatement, values: unknown[], timeoutMs: number): Promise<unknown[][]> {
    return this.#watched(() => runOn(this.#client, statement, values, timeoutMs));
  }

  /** From here on all is one transaction. @param longestMs that it may last: PostgreSQL's ordinary limits are for short ones */
  async begin(longestMs: number): Promise<void> {
    await this.#watched(() => this.#client.query(`begin; set local idle_in_transaction_session_timeout = ${longestMs}; set local transaction_timeout = ${longestMs}`));
    this.#inTransaction = true;
  }

  async commit(): Promise<void> {
    if (!this.#inTransaction) return;
    await this.#watched(() => this.#client.query('commit'));
    this.#inTransaction = false;
  }

  /** Undoes what was not committed, and gives the connection back. The second time it does nothing. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    // Where it can't be rolled back the connection is destroyed, and PostgreSQL does it.
    if (this.#inTransaction && this.#unsound === undefined) await this.#watched(() => this.#client.query('rollback')).catch(() => undefined);
    release(this.#client, this.#unsound);
    this.#leave();
  }

  async #watched<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // An ERROR of a statement leaves the connection whole.
      if ((error as { severity?: unknown }).severity !== 'ERROR') this.#unsound ??= error as Error;
      throw error;
    }
  }
}
