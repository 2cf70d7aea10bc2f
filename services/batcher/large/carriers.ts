import type { BatchState } from '../../../shared/batches/states.ts';
import type { Lane } from '../../../shared/contracts/large.ts';
import { inTransaction } from '../../../shared/db/in-transaction.ts';
import { SWEEP_ITEMS } from '../../../shared/db/queries/items.ts';
import { COMPLETE_LARGE, STEERED } from '../../../shared/db/queries/large-batches.ts';
import { CHUNKS_AT_EPOCH, CLAIM_CHUNKS, LARGE_COUNTS, LOCK_RUNNING, RAISE_RUNNING, RENEW_CHUNKS, RUNNING_STAGED, SWEEP_CHUNKS } from '../../../shared/db/queries/staged-chunks.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import type { ItemsOfChunk } from '../process/carry-items.ts';
import type { CarrierNode, Processing } from '../process/processing.ts';
import type { TakeTarget, TakeTools } from '../take-batch.ts';
import { CarriedCheckpoints } from './carried-checkpoints.ts';
import { carryChunk, type LeasedChunk } from './carry-chunk.ts';
import { endLarge } from './end-large.ts';
import { tooManyRejected } from './error-policy.ts';

/** A batch whose staged chunks are carried out. */
interface Running {
  id: string;
  kind: string;
  epoch: number;
  version: number;
  total: number;
  errorPolicy: string;
  anyLeft: boolean;
  parallelism: number;
  tags: string[];
  maxRetries: number;
  checkpointInterval: number;
  lane: Lane;
}

/** A node that died gives its chunks back when this is over; renewed at a third of it. */
export const CHUNK_LEASE_MS = 6_000;
/** Chunks that one edge has in hand: they are in its memory. */
const MOST_IN_HAND = 64;
const SWEEP_CHUNKS_AT_ONCE = 500;
const UNBOUNDED = 1_000_000;
const SWEEP_ITEMS_AT_ONCE = 5_000;
/** How long items that failed are kept, to be tried again in another batch. */
const KEEP_FAILED_DAYS = 30;

/** Carries staged chunks of running batches out: leases them in PostgreSQL, writes them as an upload's segments are written. */
export class Carriers {
  readonly #tools: TakeTools;
  readonly #targets: ReadonlyMap<string, TakeTarget>;
  readonly #processing: Processing;
  readonly #mayTake: (lane: Lane) => boolean;
  readonly #checkpoints: CarriedCheckpoints;
  readonly #inHand = new Map<string, LeasedChunk>();
  readonly #work = new Set<Promise<void>>();
  /** Batches whose counts did not agree at the last look, as they stood then. */
  readonly #doubtful = new Map<string, string>();
  #stopped = false;
  #looking: Promise<void> | undefined;
  #again = false;
  #edges = 1;

  /** @param mayTake whether chunks of a lane may be leased now */
  constructor(tools: TakeTools, targets: ReadonlyMap<string, TakeTarget>, processing: Processing, mayTake: (lane: Lane) => boolean) {
    this.#mayTake = mayTake;
    this.#tools = tools;
    this.#targets = targets;
    this.#processing = processing;
    this.#checkpoints = new CarriedCheckpoints((statement, values) => this.#run(statement, values), tools);
  }

  get inHand(): number {
    return this.#inHand.size;
  }

  /** The edges that share the work: each takes its part of a batch's parallelism. */
  sharedBy(edges: readonly CarrierNode[]): void {
    this.#edges = Math.max(1, edges.length);
    this.#processing.sharedBy(edges);
  }

  /** Takes what may be taken, and completes what is done. Looks that come while one runs are one more. */
  look(): Promise<void> {
    this.#again = true;
    this.#looking ??= this.#lookWhileAsked().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Renews the leases of what is in hand. */
  async renew(): Promise<void> {
    const chunks = [...this.#inHand.values()];
    if (chunks.length > 0) await this.#run(RENEW_CHUNKS, [this.#tools.owner, chunks.map((c) => c.batch.id), chunks.map((c) => c.first), CHUNK_LEASE_MS]);
  }

  /** Deletes what is left of batches that have ended, in small lots. */
  async sweep(): Promise<void> {
    while (!this.#stopped && (await this.#run(SWEEP_CHUNKS, [SWEEP_CHUNKS_AT_ONCE])).length === SWEEP_CHUNKS_AT_ONCE);
    const processed = [...this.#targets.keys()].filter((kind) => this.#processing.concerns(kind));
    if (processed.length === 0) return;
    while (!this.#stopped && (await this.#run(SWEEP_ITEMS, [processed, SWEEP_ITEMS_AT_ONCE, KEEP_FAILED_DAYS])).length === SWEEP_ITEMS_AT_ONCE);
  }

  /** Takes nothing more, and waits for what is in hand. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#processing.stop();
    await this.#looking?.catch(() => undefined); // its loop has reported it
    await Promise.all(this.#work);
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      const running = await this.#running();
      await this.#follow(running);
      for (const batch of running) {
        if (this.#stopped) return;
        // One batch that fails does not keep the others back.
        await this.#goOn(batch).catch((error: unknown) => this.#tools.log.warn({ err: error, batchId: batch.id }, 'a running batch could not be gone on with; tried again'));
      }
    }
  }

  /** Items under way follow what is steered. */
  async #follow(running: readonly Running[]): Promise<void> {
    for (const batch of running) this.#processing.runs(batch);
    const strays = this.#processing.strays(new Set(running.map(({ id }) => id)));
    if (strays.length === 0) return;
    const states = new Map((await this.#run(STEERED, [strays])).map(([id, state]) => [id as string, state as BatchState]));
    for (const id of strays) this.#processing.runsNoMore(id, states.get(id));
  }

  async #goOn(batch: Running): Promise<void> {
    if (!batch.anyLeft) return this.#complete(batch);
    if (await this.#heedsErrorPolicy(batch)) await this.#claim(batch);
    await this.#checkpoints.look(batch.id);
  }

  async #running(): Promise<Running[]> {
    const rows = await this.#run(RUNNING_STAGED, []);
    const batches = rows.map((r): Running => ({ id: r[0] as string, kind: r[1] as string, epoch: Number(r[2]), version: Number(r[3]), total: Number(r[4]), errorPolicy: r[5] as string, anyLeft: r[6] as boolean, parallelism: Number(r[7]), tags: r[8] as string[], maxRetries: Number(r[9]), checkpointInterval: Number(r[10]), lane: r[11] as Lane }));
    const ids = new Set(batches.map(({ id }) => id));
    this.#checkpoints.keepOnly(ids);
    for (const id of this.#doubtful.keys()) if (!ids.has(id)) this.#doubtful.delete(id);
    return batches;
  }

  async #claim(batch: Running): Promise<void> {
    const target = this.#targets.get(batch.kind);
    const room = MOST_IN_HAND - this.#inHand.size;
    if (target === undefined || room <= 0 || !this.#mayTake(batch.lane)) return;
    const mine = [...this.#inHand.values()].filter((chunk) => chunk.batch.id === batch.id).length;
    // Where items are carried out their number is bounded, not that of the chunks that they are in.
    const processed = this.#processing.concerns(batch.kind);
    const share = processed ? () => this.#processing.moreChunks(batch, mine) : (parallelism: number) => Math.ceil(parallelism / this.#edges) - mine;
    if (share(batch.parallelism) <= 0) return;
    for (const chunk of await claimChunks(this.#tools, batch, room, share, processed ? undefined : 'parallelism')) this.#carry(batch, target, chunk);
  }

  #carry(batch: Running, target: TakeTarget, chunk: LeasedChunk): void {
    const key = `${chunk.batch.id}/${chunk.first}`;
    if (this.#inHand.has(key)) return; // its lease ran out while it is in hand: one try at a time, the lease is renewed
    this.#inHand.set(key, chunk);
    const work = this.#through(batch, target, chunk).catch((error: unknown) => this.#tools.log.warn({ err: error, batchId: chunk.batch.id }, 'the work on a staged chunk failed; it is taken again')).finally(() => {
      this.#inHand.delete(key);
      this.#work.delete(work);
    });
    this.#work.add(work);
  }

  async #through(batch: Running, target: TakeTarget, chunk: LeasedChunk): Promise<void> {
    const carryOut = this.#processing.concerns(batch.kind) ? (items: ItemsOfChunk) => this.#processing.carry(batch, items) : undefined;
    const carried = await carryChunk(this.#tools, target, chunk, carryOut);
    if (carried === 'poison') await endLarge(this.#tools, chunk.batch.id, 'FAILED', 'poison-chunk', 'A part of the batch could neither be carried out nor refused, however often it was tried. What was written stands.');
    if (carried === 'done') await this.#checkpoints.carried(batch, chunk.span, this.#edges).catch((error: unknown) => this.#tools.log.warn({ err: error, batchId: batch.id }, 'a checkpoint could not be written; the next one tells what it would have told'));
    // Room for the next one; asked after this one has left.
    if (carried === 'done') setImmediate(() => void this.look().catch((error: unknown) => this.#tools.log.warn({ err: error }, 'staged chunks could not be looked for; tried again')));
  }

  /** Only if the ledger has every item, and the checkpoints say so; what does not agree twice, with nothing changed between, has failed. */
  async #complete({ id, epoch, version, total }: Running): Promise<void> {
    await this.#checkpoints.last(id);
    if ((await this.#run(COMPLETE_LARGE, [id, epoch, total, null, this.#tools.batchesSink, this.#tools.owner])).length > 0) return;
    const stand = `${epoch}/${version}`;
    if (this.#doubtful.get(id) === stand) await endLarge(this.#tools, id, 'FAILED', 'counts-disagree', 'Staged chunks, ledger and checkpoints do not agree on the number of items; see GET /api/v1/verify.');
    else this.#doubtful.set(id, stand);
  }

  async #heedsErrorPolicy({ id, errorPolicy }: Running): Promise<boolean> {
    if (errorPolicy === 'continue') return true;
    const [counts] = await this.#run(LARGE_COUNTS, [id]);
    if (!tooManyRejected(errorPolicy, Number(counts?.[0]), Number(counts?.[1]))) return true;
    await endLarge(this.#tools, id, 'FAILED', 'error-policy', 'More items were refused than the batch\'s error policy allows.');
    return false;
  }

  #run(statement: NamedStatement, values: unknown[]): Promise<unknown[][]> {
    return runStatement(this.#tools.pool, statement, values, this.#tools.statementTimeoutMs);
  }
}

/**
 * Leases chunks of a running batch. Where an attempt at one of them may still be
 * under way at the batch's epoch, the batch gets a new one first: its cut of the ids was another.
 * @param room most chunks
 * @param share most chunks of a batch with this parallelism
 * @param bound what bounds the chunks leased in the whole fleet
 */
async function claimChunks(tools: TakeTools, { id, kind }: Pick<Running, 'id' | 'kind'>, room: number, share: (parallelism: number) => number, bound: 'parallelism' | undefined): Promise<LeasedChunk[]> {
  return inTransaction(tools.pool, 'write', tools.statementTimeoutMs, async (ask) => {
    const [held] = await ask(LOCK_RUNNING, [id]);
    if (held === undefined) return [];
    const [client, lane, parallelism, epochCell, receivedAt, leftMs] = held as [string, Lane, number, number, string, string];
    let epoch = Number(epochCell);
    const claimed = (await ask(CLAIM_CHUNKS, [id, tools.owner, CHUNK_LEASE_MS, Math.min(room, share(Number(parallelism))), bound === undefined ? UNBOUNDED : parallelism, epoch])) as [number, number, string, string | null, number, number | null][];
    if (claimed.some(([, , , , , before]) => before === epoch)) {
      const [raised] = await ask(RAISE_RUNNING, [id, epoch]);
      if (raised === undefined) throw new Error('a batch changed hands while its chunks were taken');
      epoch = Number(raised[0]);
      await ask(CHUNKS_AT_EPOCH, [id, claimed.map(([first]) => first), epoch]);
    }
    const batch = { id, kind, client, lane, receivedAt: new Date(receivedAt).toISOString() };
    return claimed.map(([first, span, body, trace, attempts]) => ({ batch, epoch, first, span, body, trace: trace ?? '', attempts, leftMs: Number(leftMs) }));
  });
}
