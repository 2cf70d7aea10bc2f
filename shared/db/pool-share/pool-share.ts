import { setTimeout as sleep } from 'node:timers/promises';
import pg, { type Pool } from 'pg';
import { every, type Loop } from '../../runtime/every.ts';
import type { Logger } from '../../runtime/log.ts';
import { inTransaction } from '../in-transaction.ts';
import { CONNECTION_LIMIT, FORGET_POOL_SHARES, KEEP_POOL_SHARE, LEAVE_POOL_SHARE, LOCK_POOL_SHARES, POOL_SHARES } from '../queries/pool-shares.ts';
import { runStatement } from '../run-statement.ts';
import { surviveBreaks } from '../survive-breaks.ts';
import { grantOf, type Share } from './share-out.ts';

export interface PoolShareTools {
  pool: Pool;
  node: string;
  /** What the pool is meant to have, and what it needs at least. */
  wanted: number;
  least: number;
  /** Connections of PostgreSQL that the fleet leaves to others. */
  reserve: number;
  leaseMs: number;
  timeoutMs: number;
  log: Logger;
}

/** A node can't start, because PostgreSQL has no connections left for it. */
export class NoConnectionsLeft extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoConnectionsLeft';
  }
}

/**
 * What it means where PostgreSQL refuses a connection because all are in use, also by others than nodes.
 * @throws any other error
 */
export function asRefusal(error: unknown): NoConnectionsLeft {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ((cause as { code?: unknown }).code === TOO_MANY_CONNECTIONS) return new NoConnectionsLeft('PostgreSQL takes no more connections: all that its max_connections, or the limit of the database or the role, allow are in use. Whoever has them stands in pg_stat_activity.');
  }
  throw error;
}

const TOO_MANY_CONNECTIONS = '53300';
/** Renewed at a third of the lease. */
const RENEWALS = 3;
const JOIN_LOOK_MS = 250;

/**
 * A node's share of the connections that PostgreSQL takes: the sum over all nodes of a database stays below max_connections less those for superusers and a
 * reserve. A node that joins gets what is left, and where that is less than it needs, the others shrink first; each looks again and
 * again, and grows when others leave. A pool's size is changed while it runs.
 */
export class PoolShare {
  readonly #tools: PoolShareTools;
  readonly #loop: Loop;
  #joined = false;
  #shrinking: Promise<void> | undefined;

  constructor(tools: PoolShareTools) {
    this.#tools = tools;
    this.#loop = every(tools.leaseMs / RENEWALS, () => this.#step().then(() => undefined), (error) => tools.log.warn({ err: error }, 'the share of connections could not be renewed; the pool stays as it is'));
  }

  /**
   * Takes the node's share, and keeps it from then on. Waits for others to shrink, and for the leases of nodes that died.
   * @throws NoConnectionsLeft with the reason, when the least it needs could not be had
   */
  async join(): Promise<void> {
    const { leaseMs, least, wanted, log } = this.#tools;
    const until = performance.now() + leaseMs + leaseMs / RENEWALS;
    let told = false;
    for (;;) {
      const found = await this.#step().catch(asRefusal);
      if (!(found instanceof NoConnectionsLeft) && found.max >= least) {
        if (found.max < wanted) log.warn({ connections: found.max, wanted }, 'the pool has fewer connections than wanted, for PostgreSQL has no more to give');
        this.#loop.start();
        return;
      }
      if (performance.now() > until) {
        if (found instanceof NoConnectionsLeft) throw found;
        await this.#leave();
        throw new NoConnectionsLeft(this.#reason(found.shares, found.limit, found.reserved));
      }
      if (!told) log.warn({ least }, 'waits for connections of PostgreSQL that others still have');
      told = true;
      await sleep(JOIN_LOOK_MS);
    }
  }

  /** Gives the share back. Twice is fine. */
  async leave(): Promise<void> {
    await this.#loop.stop();
    await this.#shrinking;
    if (!this.#joined) return;
    this.#joined = false;
    await this.#leave().catch((error: unknown) => this.#tools.log.debug({ err: error }, 'the share of connections could not be given back; it runs out'));
  }

  async #step() {
    const { pool, node, wanted, least, reserve, leaseMs, timeoutMs, log } = this.#tools;
    const found = await onItsOwn(pool, node, (own) => inTransaction(own, 'write', timeoutMs, async (ask) => {
      await ask(LOCK_POOL_SHARES, []);
      await ask(FORGET_POOL_SHARES, []);
      const [[most, reserved] = []] = await ask(CONNECTION_LIMIT, []);
      const limit = Number(most) - Number(reserved) - reserve;
      const shares = (await ask(POOL_SHARES, [])).map(([name, ...counts]): Share => ({ node: String(name), wanted: Number(counts[0]), least: Number(counts[1]), granted: Number(counts[2]) }));
      const { max, granted } = grantOf({ node, wanted, least }, shares, limit, this.#joined ? pool.totalCount : 0);
      const enough = this.#joined || max >= least;
      // Who waits to join stands in the list, so that the others see whom to shrink for.
      await ask(KEEP_POOL_SHARE, [node, wanted, least, enough ? granted : 0, leaseMs]);
      return { max, enough, shares, limit, reserved: Number(reserved) };
    }));
    if (found.enough) {
      // A node that was silent for too long can find its share taken: it goes on with one, and grows again.
      const max = Math.max(1, found.max);
      if (this.#joined && max !== pool.options.max) log.info({ connections: max, before: pool.options.max, wanted }, 'the pool has another size now');
      this.#joined = true;
      pool.options.max = max;
      if (pool.totalCount > max) this.#shrinking ??= this.#shrink().finally(() => (this.#shrinking = undefined));
    }
    return found;
  }

  /** Closes connections as they come free, until there are no more than may be; then it is told at once, for others may wait. */
  async #shrink(): Promise<void> {
    const { pool, log } = this.#tools;
    try {
      while (this.#joined && pool.totalCount > (pool.options.max ?? 0)) (await pool.connect()).release(true);
      if (this.#joined) await this.#step();
    } catch (error) {
      log.debug({ err: error }, 'the pool could not shrink yet; tried again');
    }
  }

  async #leave(): Promise<void> {
    const { pool, node, timeoutMs } = this.#tools;
    await onItsOwn(pool, node, (own) => runStatement(own, LEAVE_POOL_SHARE, [node], timeoutMs));
  }

  #reason(shares: readonly Share[], limit: number, reserved: number): string {
    const { node, least, reserve } = this.#tools;
    const others = shares.filter((share) => share.node !== node);
    const needed = others.reduce((sum, share) => sum + share.least, 0);
    return `PostgreSQL takes ${limit + reserve + reserved} connections; ${reserved} of them are kept for superusers, ${reserve} for others (POOL_RESERVE), and ${others.length} nodes need ${needed} of the remaining ${limit}. This node needs at least ${least}. Raise max_connections, stop a node, or lower EDGE_POOL, RELAY_POOL, WRITER_CONCURRENCY or POOL_RESERVE.`;
  }
}

/**
 * Works on a connection beside the pool, for a moment: a pool that is exhausted must not lose its share, for its connections stand. The
 * reserve has room for it.
 */
async function onItsOwn<T>({ options }: Pool, node: string, work: (own: Pool) => Promise<T>): Promise<T> {
  // The password is there, but is not copied with the rest.
  const own = new pg.Pool({ ...options, password: options.password, max: 1, application_name: `sluice-share ${node}`.slice(0, 63) });
  surviveBreaks(own);
  try {
    return await work(own);
  } finally {
    await own.end();
  }
}
