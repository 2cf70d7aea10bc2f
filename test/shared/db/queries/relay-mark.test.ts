import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { connectDatabase } from '../../../../shared/db/connect.ts';
import { migrate } from '../../../../shared/db/migrate.ts';
import { MARK_SENT } from '../../../../shared/db/queries/relay-mark.ts';
import { runStatement } from '../../../../shared/db/run-statement.ts';
import { readSettings } from '../../../../shared/config/load.ts';
import execution from '../../../../shared/records/execution.kind.ts';
import { startPostgres } from '../../../../shared/runtime/servers/postgres.ts';
import { ownServers } from '../../../helpers/own-servers.ts';

const SINK = 'kafka:orders';
const SHARDS = 8;
const ROWS = 64;
const own = ownServers();

interface Row {
  id: string;
  first_index: number;
  shard: number;
}

test('marks go on while leases are renewed, on a PostgreSQL that lives; a mark made twice counts once', async () => {
  const server = await own.start(startPostgres, { dataDir: join(await own.folder(), 'postgres') });
  const { settings } = readSettings({});
  await migrate(server.url, [execution], settings);
  const database = await connectDatabase(server.url, [execution], settings, { max: 6, applicationName: 'test' });
  const { pool } = database;
  try {
    const batchId = uuidv7();
    await pool.query(`insert into relay_shard (sink, shard, owner, epoch, until) select $1, s, 'relay', 1, now() + interval '1 hour' from generate_series(0, ${SHARDS - 1}) s`, [SINK]);
    await pool.query(`insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state)
      select $1, n * 100, 'insert', $2, 'execution', 100, n % ${SHARDS}, 1 + n * 1024, 1, 100, 0, 'writer', 'waiting' from generate_series(0, ${ROWS - 1}) n`, [batchId, SINK]);
    const { rows } = await pool.query<Row>('select id, first_index, shard from ledger order by id');
    const each = <T>(part: readonly Row[], make: (row: Row) => T) => part.map(make);
    const mark = (part: readonly Row[], delivered: number, before: number) =>
      runStatement(pool, MARK_SENT, [
        SINK, 'relay', each(part, (r) => r.id), each(part, () => batchId), each(part, (r) => r.first_index), each(part, () => 'insert'), each(part, (r) => r.shard), each(part, () => 1), each(part, () => '{"left":[1]}'),
        each(part, () => delivered), each(part, () => false), each(part, () => 0), each(part, () => null), each(part, () => null), each(part, () => null), each(part, () => 0), each(part, () => before),
      ], 5_000);

    // Each renewal makes a mark look again at the shard's row that it holds.
    let over = false;
    const renew = async (shard: number) => {
      for (; !over; shard = (shard + 3) % SHARDS) await pool.query(`update relay_shard set until = now() + interval '1 hour' where sink = $1 and shard = $2`, [SINK, shard]);
    };
    const marker = async () => {
      for (let round = 0; round < 150; round++) expect(await mark(rows.slice((round * 16) % ROWS, ((round * 16) % ROWS) + 16), 0, 0)).toHaveLength(16);
    };
    const renewing = Promise.all([0, 1, 2].map(renew));
    await Promise.all([marker(), marker()]).finally(() => {
      over = true;
    });
    await renewing;

    expect(await mark(rows, 60, 0)).toHaveLength(ROWS);
    // Its answer was lost, and it is made again.
    expect(await mark(rows, 60, 0)).toHaveLength(0);
    expect(await mark(rows, 40, 60)).toHaveLength(ROWS);
    expect((await pool.query('select distinct delivered from ledger')).rows).toEqual([{ delivered: 100 }]);
  } finally {
    await database.close();
  }
}, 60_000);
