import type { Pool, PoolClient } from 'pg';
import { connectDatabase, type Database } from '../../../shared/db/connect.ts';
import execution from '../../../shared/records/execution.kind.ts';
import { kindFlush, type KindFlush } from '../../../services/writer/flush-target.ts';
import { writeChunk, type FlushTools } from '../../../services/writer/write-chunk.ts';
import type { Chunk, SliceOutcome } from '../../../shared/contracts/slices.ts';
import type { Engine } from '../../helpers/engine.ts';
import note from '../../helpers/kinds/note.kind.ts';
import { Died, type Point, type Stage } from './stage.ts';

/** A process of the fleet: connections of its own, whose statements stop at the gates of the stage it is on. */
export interface Actor {
  readonly name: string;
  readonly database: Database;
  readonly pool: Pool;
  /** The play that goes on; without one every gate is open. */
  stage: Stage | undefined;
  readonly tools: FlushTools;
  readonly flush: { execution: KindFlush; note: KindFlush };
  /** As a writer writes it. */
  write(chunk: Chunk, deadlineMs?: number): Promise<SliceOutcome[]>;
  close(): Promise<void>;
}

/** Opens an actor on the engine's database, at another address of it where one is given. */
export async function openActor(engine: Engine, name: string, url = engine.url): Promise<Actor> {
  const database = await connectDatabase(url, [execution, note], engine.settings, { max: 12, applicationName: name });
  const now = () => (actor.stage === undefined ? performance.now() : actor.stage.clockOf(name)());
  const flush = { execution: kindFlush(database, execution, engine.settings), note: kindFlush(database, note, engine.settings) };
  const tools: FlushTools = { ...engine.tools, pool: database.pool, fork: () => database.orm.em.fork(), node: name, retryDelayMs: 1, now };
  const actor: Actor = {
    name, database, pool: database.pool, stage: undefined, tools, flush,
    write: (chunk, deadlineMs = 10_000) => writeChunk(tools, chunk.kind === 'note' ? flush.note : flush.execution, chunk, deadlineMs),
    close: () => database.close(),
  };
  gatePool(actor);
  return actor;
}

type Query = (...all: unknown[]) => Promise<unknown>;
/** What of a connection the gates reach into. */
interface Wire {
  processID: number;
  query: unknown;
  connection: { stream: { destroy(): void } };
}

function gatePool(actor: Actor): void {
  const { pool } = actor;
  const connect = pool.connect.bind(pool) as () => Promise<PoolClient>;
  const counted = (done?: (error: unknown, client?: PoolClient, release?: unknown) => void) => {
    if (done !== undefined) return (connect as unknown as (d: typeof done) => void)(done);
    return actor.stage === undefined ? connect() : actor.stage.during(0, connect());
  };
  (pool as unknown as { connect: unknown }).connect = counted;
  const known = new WeakSet<PoolClient>();
  pool.on('acquire', (client) => {
    if (known.has(client)) return;
    known.add(client);
    client.on('error', () => undefined); // its user hears of it at the next statement
    gateClient(actor, client as unknown as Wire);
  });
}

function gateClient(actor: Actor, client: Wire): void {
  const query = (client.query as Query).bind(client);
  let inTransaction = false;
  const gated = async (stage: Stage, all: unknown[]): Promise<unknown> => {
    const first = all[0] as string | { text: string };
    const text = typeof first === 'string' ? first : first.text;
    if (stage.isDead(actor.name)) {
      const died = lost(client, new Died(actor.name));
      if (text !== 'rollback') throw died; // which the product forgives, where the connection is gone
    }
    const send = (...what: unknown[]) => stage.during(client.processID, query(...what));
    const gate = stage.gateOf(actor.name, text);
    const stop = async (point: Point) => {
      if (gate?.points.includes(point) !== true) return;
      const fate = await stage.pass(actor.name, `${point} "${gate.name}"`, true).catch((error: Error) => {
        throw lost(client, error);
      });
      if (fate === 'cut') throw lost(client, new Error('Connection terminated unexpectedly'));
    };
    await stop('before');
    const alone = gate?.points.includes('within') === true && !inTransaction;
    if (alone) await send('begin');
    const result = await send(...all).catch(async (error: unknown) => {
      if (alone) await send('rollback');
      throw error;
    });
    await stop('within');
    if (alone) await send('commit');
    if (/^\s*begin/i.test(text)) inTransaction = true;
    if (/^\s*(commit|rollback)\s*;?\s*$/i.test(text)) inTransaction = false;
    await stop('after');
    return result;
  };
  client.query = (...all: unknown[]) => {
    const { stage } = actor;
    const plain = stage === undefined || typeof all.at(-1) === 'function' || (typeof all[0] !== 'string' && typeof (all[0] as { text?: unknown }).text !== 'string');
    return plain ? query(...all) : gated(stage, all);
  };
}

/** Breaks the connection, as a network does. */
function lost(client: Wire, error: Error): Error {
  client.connection.stream.destroy();
  return error;
}
