import type { Target } from '../target.ts';
import type { Fault } from './fault.ts';
import { ALL_ROLES, NOTHING_TO_END, oneRunning } from './helpers.ts';

const HOUR_MS = 3_600_000;

const OF_NODES: readonly Fault[] = ALL_ROLES.flatMap((role) =>
  (['ahead', 'behind'] as const).map((way) => ({
    name: `clock-${way}-${role}`,
    says: `the wall clock of one ${role} jumps an hour ${way}, and back at the end`,
    touches: [role],
    async inject(target, random) {
      const node = oneRunning(target, role, random);
      const { pid } = node;
      await node.inside({ clockAheadMs: way === 'ahead' ? HOUR_MS : -HOUR_MS });
      return {
        async end() {
          if (node.pid === pid) await node.inside({ clockAheadMs: 0 });
        },
      };
    },
  })),
);

/** Every time that PostgreSQL compares with its own clock. */
const TIMES: readonly (readonly [table: string, column: string, where: string])[] = [
  ['batch', 'lease_until', `state = 'open'`],
  ['relay_shard', 'until', 'isfinite(until)'],
  ['relay_member', 'until', 'true'],
  ['ledger', 'next_at', `state = 'waiting'`],
  ['replay', 'lease_until', `state = 'running'`],
  ['orders', 'submission_until', 'trade_order_id is null'],
  ['submission_request', 'until', 'answer is null'],
  ['duty', 'until', 'true'],
];

async function moveTimes({ postgres }: Target, by: string): Promise<void> {
  for (const [table, column, where] of TIMES) await postgres.sql(`update ${table} set ${column} = ${column} + $1::interval where ${where} and ${column} is not null`, [by]);
}

/**
 * PostgreSQL takes its time from the machine, whose clock is nobody's to move here. What a jump of it does is done to the times
 * that it is compared with instead; the other way round.
 */
const OF_POSTGRES: readonly Fault[] = [
  {
    name: 'clock-behind-postgres',
    says: 'all leases and next times in the tables lie an hour ahead, as after a jump of PostgreSQL\'s clock an hour back',
    touches: ['postgres'],
    async inject(target) {
      await moveTimes(target, '1 hour');
      return NOTHING_TO_END;
    },
  },
  {
    name: 'clock-ahead-postgres',
    says: 'all leases and next times in the tables are an hour over, as after a jump of PostgreSQL\'s clock an hour ahead',
    touches: ['postgres'],
    async inject(target) {
      await moveTimes(target, '-1 hour');
      return NOTHING_TO_END;
    },
  },
];

/** Clocks that jump. */
export const MOVE_CLOCKS: readonly Fault[] = [...OF_NODES, ...OF_POSTGRES];
