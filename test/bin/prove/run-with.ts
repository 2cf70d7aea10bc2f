/**
 * `node run-with.ts <minutes> <seed> <name>`: a run of the proof with one of these in the place of faults: what no system does by
 * itself, so that the proof has to find it.
 */
import { readSettingsOrFail } from '../../../bin/node/settings.ts';
import type { Fault } from '../../../bin/prove/faults/fault.ts';
import { prove } from '../../../bin/prove/prove.ts';
import type { Target } from '../../../bin/prove/target.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** It acts in the first round alone: on a fast machine a second one fits in, and what it would insert has been inserted. */
const fault = (name: string, inject: (target: Target) => Promise<void>): Fault => {
  let acted = false;
  return {
    name, says: name, touches: [name], lastsMs: [500, 500],
    async inject(target) {
      if (!acted) await inject(target);
      acted = true;
      return { end: () => Promise.resolve() };
    },
  };
};

/** Orders: one that was sent is gone, one has another trade order than was told, one is sent again, and a deleted one is back. */
async function spoilOrders({ postgres, trades }: Target): Promise<void> {
  const { sent, deleted } = await waitFor(async () => {
    const rows = await postgres.sql<{ id: string }>('select id from orders where trade_order_id is not null order by id limit 3');
    const [gone] = await postgres.sql<{ id: string }>(`select first_id as id from ledger where kind = 'order' and op = 'delete' limit 1`);
    return rows.length === 3 && gone !== undefined ? { sent: rows.map(({ id }) => id), deleted: gone.id } : undefined;
  }, { timeoutMs: 120_000, what: 'orders to be sent, and one to be deleted' });
  const [lost, other, again] = sent;
  await postgres.sql(`insert into orders (id, blotter_id, status_id, portfolio_id, order_type_id, security_id, quantity, order_timestamp)
    select $1, blotter_id, 1, portfolio_id, order_type_id, security_id, quantity, order_timestamp from orders order by abs(id - $1) limit 1`, [deleted]);
  await postgres.sql('delete from orders where id = $1', [lost]);
  await postgres.sql('update orders set trade_order_id = 2000000000 where id = $1', [other]);
  const body = { tradeOrders: [{ orderId: Number(again), portfolioId: 'P'.repeat(24), orderType: 'BUY', securityId: 'S'.repeat(24), quantity: 1, limitPrice: null, tradeTimestamp: '2026-11-22T10:00:00Z', blotterId: 1 }] };
  await fetch(`${trades.url}/api/v1/tradeOrders/bulk`, { method: 'POST', body: JSON.stringify(body) }).then((response) => response.text());
}

const SABOTAGE: readonly Fault[] = [
  fault('nothing', () => Promise.resolve()),
  fault('all', async (target) => {
    const rows = await target.postgres.sql<{ id: string }>('select id from execution e where version = 1 and exists (select from ledger l where l.state = $1 and e.id >= l.first_id and e.id < l.first_id + l.span) order by id limit 5', ['done']);
    const [deleted, altered, older] = rows.map(({ id }) => id);
    await target.postgres.sql('insert into execution select (select max(id) + 100000 from execution), execution_status, trade_type, destination, security_id, quantity, limit_price, received_timestamp, trade_service_execution_id, quantity_filled, average_price, version from execution where id = $1', [altered]);
    await target.postgres.sql('delete from execution where id = $1', [deleted]);
    await target.postgres.sql('update execution set quantity = quantity + 1 where id = $1', [altered]);
    // A change that nobody asked for; the topic has version 1 alone, and the ledger nothing of it.
    await target.postgres.sql('update execution set version = 2, quantity_filled = 7 where id = $1', [older]);
    await spoilOrders(target);
  }),
];

const [minutes, seed, name] = process.argv.slice(2);
process.exitCode = await prove({
  minutes: Number(minutes), seed: Number(seed), faults: SABOTAGE.filter((one) => one.name === name), pairs: false, fleet: { edge: 1, writer: 1, relay: 1 },
  perSecond: 20, recoveryLimitMs: 90_000, format: 'json', keep: false, command: 'none',
}, readSettingsOrFail());
