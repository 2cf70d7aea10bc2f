import { statfs } from 'node:fs/promises';
import type { ServiceBroker } from 'moleculer';
import { BATCH_STATES } from '../../shared/batches/states.ts';
import type { NamedStatement } from '../../shared/db/queries/flush.ts';
import { DATABASE_SIZE, IDS_GIVEN, LARGE_COURSES, LARGE_STATES } from '../../shared/db/queries/store-facts.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import { every, type Loop } from '../../shared/runtime/every.ts';
import { firstWith } from '../../shared/runtime/fleet.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { EARLY_SHARE, lateBatches, type Course } from './late-batches.ts';

type Run = (statement: NamedStatement) => Promise<unknown[][]>;

/** Tells what only the database knows of the whole fleet's work. Of all nodes that could, the one with the first name does it. */
export function storeLoop(node: NodeContext, broker: ServiceBroker): Loop {
  const { settings, metrics, log, database } = node;
  const kinds = [...node.kinds.keys()];
  let telling = false;
  const run: Run = (statement) => runStatement(database.pool, statement, statement === LARGE_COURSES ? [EARLY_SHARE] : [], settings.statementTimeout);
  return every(settings.databaseSampleInterval, async () => {
    const first = firstWith(broker, 'pool-monitor');
    if (first !== undefined && first !== node.nodeId) {
      if (telling) forgetStore(metrics, kinds);
      telling = false;
      return;
    }
    telling = true;
    await tellBatches(run, metrics, kinds);
    await tellRoom(run, metrics, settings.databaseRoom);
  }, (error) => log.warn({ err: error }, 'the figures of the database could not be read; they are read again'));
}

async function tellBatches(run: Run, metrics: Metrics, kinds: readonly string[]): Promise<void> {
  const states = new Map((await run(LARGE_STATES)).map(([kind, state, count]) => [`${String(kind)} ${String(state)}`, Number(count)]));
  const courses = (await run(LARGE_COURSES)).map(([kind, measure, whole, begun, now, samples]) => ({ kind, measure, whole: Number(whole), begun: Number(begun), now: Number(now), samples }) as Course);
  const late = lateBatches(courses);
  const given = new Map((await run(IDS_GIVEN)).map(([kind, ids]) => [kind as string, Number(ids)]));
  for (const kind of kinds) {
    for (const state of BATCH_STATES) metrics.set('large_batches', { kind, state }, states.get(`${kind} ${state}`) ?? 0);
    metrics.set('large_batches_late', { kind }, late.get(kind) ?? 0);
    metrics.set('database_given_ids', { kind }, given.get(kind) ?? 0);
  }
}

/** The database's size, and how large it may become: as it was set, or where its server runs on this machine, by what is free on its disk. */
async function tellRoom(run: Run, metrics: Metrics, room: number): Promise<void> {
  const [size, folder, here] = (await run(DATABASE_SIZE))[0] ?? [];
  metrics.set('database_size_bytes', {}, Number(size));
  if (room > 0) metrics.set('database_room_bytes', {}, room);
  else if (here === true && typeof folder === 'string') {
    // Another machine's folder, reached through a port of this one, is not here: then nothing is known.
    const disk = await statfs(folder).catch(() => undefined);
    if (disk !== undefined) metrics.set('database_room_bytes', {}, Number(size) + disk.bavail * disk.bsize);
  }
}

/** Another node tells of it now. */
function forgetStore(metrics: Metrics, kinds: readonly string[]): void {
  for (const kind of kinds) {
    for (const state of BATCH_STATES) metrics.forget('large_batches', { kind, state });
    metrics.forget('large_batches_late', { kind });
    metrics.forget('database_given_ids', { kind });
  }
  metrics.forget('database_size_bytes', {});
  metrics.forget('database_room_bytes', {});
}
