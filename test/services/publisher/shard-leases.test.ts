import { pino } from 'pino';
import { ledgerRow } from './helpers/ledger-row.ts';
import { LedgerWriter } from './helpers/ledger.ts';
import { LedgerStore } from '../../../services/publisher/ledger-store.ts';
import { ShardLeases } from '../../../services/publisher/shard-leases.ts';
import { RENEW_SHARDS, TAKE_SHARDS } from '../../../shared/db/queries/relay-shards.ts';
import { createDatabase, type TestDatabase } from '../../helpers/database.ts';

const SINK = 'kafka:orders';
const LEASE_MS = 10_000;
const QUARANTINE_MS = 7_000;

let database: TestDatabase;
let ledger: LedgerWriter;
let clock = 0;

beforeEach(async () => {
  database = await createDatabase();
  ledger = new LedgerWriter(database.url, 4);
  clock = 1_000;
});
afterEach(async () => {
  await ledger.close();
  await database.drop();
});

const leases = (node: string, shards = 4) =>
  new ShardLeases({ pool: ledger.pool, sink: SINK, node, shards, leaseMs: LEASE_MS, quarantineMs: QUARANTINE_MS, statementTimeoutMs: 5_000, now: () => clock, random: Math.random, log: pino({ level: 'silent' }) });
const shardsOf = (l: ShardLeases) => l.owned.map((s) => s.shard).sort((a, b) => a - b);
const sql = (text: string) => ledger.pool.query(text);

test('a lone relay owns all; a second one gets its half as soon as nothing is in flight there', async () => {
  const [first, second] = [leases('first'), leases('second')];
  await first.round();
  expect(shardsOf(first)).toEqual([0, 1, 2, 3]);
  for (const shard of first.owned) shard.inFlight = true;
  await second.round();
  await first.round();
  expect([first.owned.length, second.owned.length]).toEqual([4, 0]);
  for (const shard of first.owned) shard.inFlight = false;
  await first.releaseLeaving();
  await second.round();
  expect([first.owned.length, second.owned.length]).toEqual([2, 2]);
  expect(second.available()).toHaveLength(2);
});

test('F66 the shards of an owner that vanished rest before they are sent from; shards given back do not', async () => {
  const [first, second] = [leases('first'), leases('second')];
  await first.round();
  await sql(`update relay_shard set until = now() - interval '1 s'; update relay_member set until = now() - interval '1 s'`);
  await second.round();
  expect([second.owned.length, second.available().length]).toEqual([4, 0]);
  clock += QUARANTINE_MS;
  await second.round();
  expect(second.available()).toHaveLength(4);
  await second.leave();
  const third = leases('third');
  await third.round();
  expect(third.available()).toHaveLength(4);
});

test('F64 a shard is renewed at the epoch at which it is held and no other, and taken from nobody who holds it', async () => {
  const first = leases('first');
  await first.round();
  const renew = (epoch: number) => ledger.pool.query(RENEW_SHARDS.text, [SINK, 'first', [0], [epoch], LEASE_MS]).then((r) => r.rowCount);
  const epoch = first.owned.find((s) => s.shard === 0)?.epoch ?? 0;
  expect([await renew(epoch - 1), await renew(epoch), await renew(epoch + 1)]).toEqual([0, 1, 0]);
  expect((await ledger.pool.query(TAKE_SHARDS.text, [SINK, 'second', [0, 1, 2, 3], LEASE_MS])).rowCount).toBe(0);
});

test('F66 a shard given back while something sent may still arrive makes the next owner wait', async () => {
  const [first, second] = [leases('first'), leases('second')];
  await first.round();
  for (const shard of first.owned) shard.unsettledUntil = clock + 1;
  await first.leave();
  await second.round();
  expect([second.owned.length, second.available().length]).toEqual([4, 0]);
});

test('a lease that lies further ahead than it legally can counts as due', async () => {
  await leases('first').round();
  await sql(`update relay_shard set until = now() + interval '1 hour'; update relay_member set until = now() + interval '1 hour'`);
  const second = leases('second');
  await second.round();
  expect(shardsOf(second)).toEqual([0, 1, 2, 3]);
});

test('a relay whose renewals fail stops sending when its lease may be over', async () => {
  const first = leases('first');
  await first.round();
  const [shard] = first.owned;
  if (shard === undefined) throw new Error('no shard');
  clock += LEASE_MS - 1;
  expect(first.holds(shard)).toBe(true);
  clock += 1;
  expect([first.holds(shard), first.available()]).toEqual([false, []]);
});

test('F64 the mark of an owner that lost its shard changes nothing', async () => {
  const [first, second] = [leases('first'), leases('second')];
  await first.round();
  await ledger.insert(SINK, 1_024, 3);
  const { rows } = await ledger.pool.query<{ batch_id: string; shard: number; id: string }>('select batch_id, shard, id from ledger');
  const [owed] = rows;
  if (owed === undefined) throw new Error('no row');
  const epochs = new Map(first.owned.map((s) => [s.shard, s.epoch]));
  const row = ledgerRow({ id: Number(owed.id), batchId: owed.batch_id, shard: owed.shard, firstId: 1_024, span: 3 });
  const mark = { candidate: { row, send: new Map(), left: new Set<number>(), vacant: new Map(), tried: new Map(), resting: new Map(), gone: new Set<number>(), absent: new Set<number>() }, acks: { 0: 7, left: [] }, delivered: 3, done: true, attempts: 0, tries: null, delayMs: null, error: null, letters: [] };
  const store = new LedgerStore(ledger.pool, SINK, [], 5_000);
  const markAs = (node: string, epochOf: ReadonlyMap<number, number>) => store.mark([mark], node, (shard) => epochOf.get(shard) ?? -1);

  await sql(`update relay_shard set until = now() - interval '1 s'; update relay_member set until = now() - interval '1 s'`);
  await second.round();
  await expect(markAs('first', epochs)).resolves.toEqual({ rows: 0, superseded: 0 });
  await expect(ledger.states(SINK)).resolves.toEqual({ waiting: 1 });
  await first.round();
  expect(shardsOf(first)).toEqual([]);
  const epochsOfSecond = new Map(second.owned.map((s) => [s.shard, s.epoch]));
  clock += QUARANTINE_MS;
  await second.leave();
  await expect(markAs('second', epochsOfSecond)).resolves.toEqual({ rows: 0, superseded: 0 });
  await first.round();
  expect(shardsOf(first)).toEqual([0, 1, 2, 3]);
  await expect(markAs('first', epochs)).resolves.toEqual({ rows: 0, superseded: 0 });
  await expect(markAs('first', new Map(first.owned.map((s) => [s.shard, s.epoch])))).resolves.toEqual({ rows: 1, superseded: 0 });
  await expect(ledger.states(SINK)).resolves.toEqual({ done: 1 });
});
