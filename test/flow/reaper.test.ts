import { Client } from 'pg';
import { execution } from '../helpers/executions.ts';
import { send, type HttpAnswer } from '../helpers/http.ts';
import { query } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const EXPIRED = '01930000-0000-7000-8000-00000000000a';
const AHEAD = '01930000-0000-7000-8000-00000000000b';
const NOTHING_WRITTEN = '01930000-0000-7000-8000-00000000000c';

/**
 * What a dead edge left: three open batches of 10. Of the first two, 0-2 are written and 3 is refused, in one slice, the rest is
 * missing; nothing of the third is there. The second's lease lies further ahead than a lease can: the clock jumped back.
 */
const LEFT_BEHIND = `
insert into batch (id, kind, client, epoch, state, requested, received_at, lease_owner, lease_until)
select v.id::uuid, 'execution', 'anonymous', 0, 'open', 10, now(), 'edge-dead', now() + v.lease::interval
from (values ('${EXPIRED}', '-1 s'), ('${AHEAD}', '1 day'), ('${NOTHING_WRITTEN}', '-1 day')) v(id, lease);
insert into id_block (kind, next_block) values ('execution', 10) on conflict (kind) do update set next_block = greatest(id_block.next_block, 10);
insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, rejects, node, state)
select v.id::uuid, 0, 'insert', '', 'execution', 4, v.block, v.block * 1024, 1, 3, 1, '[[3,"range","/quantity","must be greater than 0."]]', 'writer-dead', 'none'
from (values ('${EXPIRED}', 1), ('${AHEAD}', 2)) v(id, block);
insert into execution (id, execution_status, trade_type, destination, security_id, quantity, received_timestamp)
select block * 1024 + i, 'NEW', 'BUY', 'ML', 'ABCDEFGHIJKLMNOPQRSTUVWX', 100, now() from generate_series(1, 2) block, generate_series(0, 2) i`;

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ settings: { batchLease: 2_000 } });
});
afterAll(() => system.stop());

const get = (path: string): Promise<HttpAnswer> => send(system.url, 'GET', path);
const closed = (id: string) =>
  waitFor(async () => {
    const { body } = await get(`/api/v1/batches/${id}`);
    return body.state === 'closed' && body;
  }, { timeoutMs: 45_000, what: `batch ${id} to be settled` });

test('F63 batches left by a dead edge are settled by another: what is in the ledger stands, the rest is withdrawn, the law holds', async () => {
  await query(system.databaseUrl, LEFT_BEHIND);
  const law = { items: { expected: 10, found: 10, holds: true } };
  for (const id of [EXPIRED, AHEAD]) expect(await closed(id)).toMatchObject({ accepted: 10, written: 3, rejected: 1, withdrawn: 6, pending: 0, law });
  expect(await closed(NOTHING_WRITTEN)).toMatchObject({ accepted: 10, written: 0, rejected: 0, withdrawn: 10, pending: 0, law });

  const receipts = (await get(`/api/v1/batches/${EXPIRED}/items`)).text.trim().split('\n').map((line) => JSON.parse(line) as { status: string; withdrawn?: boolean });
  expect(receipts.map((r) => (r.withdrawn === true ? 'withdrawn' : r.status))).toEqual([...Array<string>(3).fill('SUCCESS'), 'FAILED', ...Array<string>(6).fill('withdrawn')]);
  expect((await get('/api/v1/verify')).body).toMatchObject({ holds: true });

  // The fence: whatever the dead edge handed over carries the old epoch, and nobody holds a lease any more.
  expect(await query(system.databaseUrl, `select distinct epoch, lease_owner, lease_until from batch where id = any($1::uuid[])`, [[EXPIRED, AHEAD, NOTHING_WRITTEN]])).toEqual([{ epoch: 1, lease_owner: null, lease_until: null }]);
  expect((await get('/metrics')).text).toContain('sluice_batcher_settles_total{cause="orphan"} 3');
});

test('a batch in work is renewed, not taken for an orphan: it outlives its lease and is written whole', async () => {
  await query(system.databaseUrl, `create function wait_for_gate() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(77); return null; end $$;
    create trigger gate before insert on execution for each statement execute function wait_for_gate()`);
  const gate = new Client({ connectionString: system.databaseUrl });
  await gate.connect();
  try {
    await gate.query('begin; select pg_advisory_xact_lock(77)');
    const answer = send(system.url, 'POST', '/api/v1/executions/batch', { executions: Array.from({ length: 1_500 }, () => execution()) });
    const [first] = await waitFor(async () => {
      const rows = await query<{ until: Date }>(system.databaseUrl, `select lease_until as until from batch where state = 'open' and lease_until is not null`);
      return rows.length > 0 && rows;
    }, { what: 'the batch to be open' });
    // Its first lease is over, by the database's clock, while the flush still waits.
    await waitFor(async () => (await query<{ over: boolean }>(system.databaseUrl, 'select now() > $1::timestamptz as over', [first?.until]))[0]?.over, { what: 'the first lease to end' });
    await gate.query('commit');
    expect(await answer).toMatchObject({ status: 201, body: { successful: 1_500, failed: 0 } });
  } finally {
    await gate.end();
  }
  expect((await get('/metrics')).text).toContain('sluice_batcher_settles_total{cause="orphan"} 3');
});
