/**
 * What an edge's own work costs for orders in bulk, per record and by step: from the body's bytes to the answer's, without PostgreSQL and writers.
 * Run: node bench/micro/orders.ts [--json]. Each figure is the best sixteenth of many runs, so that what else the machine does weighs little.
 */
import { MikroORM } from '@mikro-orm/postgresql';
import type { BatchOutcome } from '../../shared/contracts/actions.ts';
import { ormOptions } from '../../shared/db/connect.ts';
import { readSettings } from '../../shared/config/load.ts';
import { columnsOf } from '../../shared/records/columns.ts';
import type { RecordRow } from '../../shared/records/record-kind.ts';
import { compileItemCheck } from '../../shared/records/validate-item.ts';
import { compileWire } from '../../shared/records/wire.ts';
import order from '../../shared/records/order.kind.ts';
import { validateItems } from '../../services/batcher/validate-items.ts';
import { parseArrayBody } from '../../services/gateway/body/parse-json.ts';
import { JoinedValues } from '../../services/gateway/orders/joined-values.ts';
import { renderCreated } from '../../services/gateway/orders/render-created.ts';
import { jsonOrders } from '../harness/order-rows.ts';

const RECORDS = 1_000;
const RUNS = 320;

const orm = await MikroORM.init(ormOptions('postgres://nobody@127.0.0.1:1/none', [order], readSettings({}).settings, { max: 1, applicationName: 'bench' }));
const columns = columnsOf(orm, order);
const wire = compileWire(order, columns);
const TABLES: Record<string, [string, ...(string | null)[]][]> = {
  blotter: [1, 2, 3, 4, 5].map((id) => [String(id), `Blotter ${id}`]),
  order_status: ['NEW', 'SENT', 'WORK'].map((name, i) => [String(i + 1), name, name.toLowerCase()]),
  order_type: ['BUY', 'SELL', 'SHORT', 'COVER', 'EXRC'].map((name, i) => [String(i + 1), name, name.toLowerCase()]),
};
const joined = new JoinedValues(order, { run: async ({ text }) => TABLES[/from "(\w+)"/.exec(text)?.[1] ?? ''] ?? [], now: () => performance.now(), onFailure: (error) => { throw error; } }, () => 3_600_000);
await joined.ready([]);
const check = compileItemCheck(order.item, order.ignored);
const carried = Object.keys(order.item);
const ids = Array.from({ length: RECORDS }, (_, i) => 1_000_000 + i);
const body = jsonOrders(0, RECORDS);
const metrics = { validateMs: 0, queueMs: 0, writeMs: 0, totalMs: 0, slices: 1 };

const steps: [name: string, work: (items: unknown[]) => unknown][] = [
  ['check and turn into columns', (items) => validateItems(items, check, carried)],
  ['answer with ids alone', (items) => render(items, true)],
  ['answer with the nested orders', (items) => render(items, false)],
];

function render(items: unknown[], minimal: boolean): Buffer {
  const outcome: BatchOutcome = { batchId: '0192', state: 'closed', replayed: false, requested: RECORDS, receivedAt: '2026-11-22T10:00:00.000Z', ids, rejects: [], withdrawn: [], metrics, items };
  const write = wire.restWith(joined.lookup);
  const answer = renderCreated(outcome, minimal ? undefined : (index, id) => {
    const row = items[index] as RecordRow;
    row.id = id;
    return write(row, null);
  });
  return Buffer.from(answer.body as string);
}

function quick(times: number[]): number {
  return Math.round(((times.sort((a, b) => a - b)[RUNS >> 4] as number) * 1e5) / RECORDS) / 100;
}

const times = new Map<string, number[]>();
const timed = <T>(name: string, work: () => T): T => {
  const began = performance.now();
  const result = work();
  const list = times.get(name) ?? [];
  times.set(name, list);
  list.push(performance.now() - began);
  return result;
};
for (let run = 0; run < RUNS; run++) {
  const items = timed('parse', () => parseArrayBody(body));
  for (const [name, work] of steps) timed(name, () => work(items));
}
const rows = [...times].map(([step, list]) => ({ step, microseconds: quick(list) }));
if (process.argv.includes('--json')) console.log(JSON.stringify(rows));
else console.table(rows);
await orm.close(true);
