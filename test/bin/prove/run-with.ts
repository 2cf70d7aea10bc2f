/**
 * `node run-with.ts <minutes> <seed> <name>`: a run of the proof with one of these in the place of faults: what no system does by
 * itself, so that the proof has to find it.
 */
import { readSettingsOrFail } from '../../../bin/node/settings.ts';
import type { Fault } from '../../../bin/prove/faults/fault.ts';
import { prove } from '../../../bin/prove/prove.ts';
import type { Target } from '../../../bin/prove/target.ts';

const fault = (name: string, inject: (target: Target) => Promise<void>): Fault => ({
  name, says: name, touches: [name], lastsMs: [500, 500],
  async inject(target) {
    await inject(target);
    return { end: () => Promise.resolve() };
  },
});

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
  }),
];

const [minutes, seed, name] = process.argv.slice(2);
process.exitCode = await prove({
  minutes: Number(minutes), seed: Number(seed), faults: SABOTAGE.filter((one) => one.name === name), pairs: false, fleet: { edge: 1, writer: 1, relay: 1 },
  perSecond: 20, recoveryLimitMs: 90_000, format: 'json', keep: false, command: 'none',
}, readSettingsOrFail());
