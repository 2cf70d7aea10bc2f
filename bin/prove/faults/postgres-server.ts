import type { TargetPostgres } from '../target.ts';
import type { Fault } from './fault.ts';
import { NOTHING_TO_END, repeated } from './helpers.ts';

const AGAIN_MS = 700;

/** Ends every connection to Sluice's database but those of the proof. Each node opens new ones. */
async function terminateAll(postgres: TargetPostgres): Promise<void> {
  await postgres.sql(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and application_name <> 'sluice-prove'`);
}

/** What befalls PostgreSQL as a whole. */
export const POSTGRES_SERVER: readonly Fault[] = [
  {
    name: 'postgres-stopped',
    says: 'PostgreSQL is stopped immediately, without a checkpoint, and started again at the end',
    touches: ['postgres'],
    async inject({ postgres }) {
      await postgres.stopImmediate();
      return { end: () => postgres.start() };
    },
  },
  {
    name: 'postgres-crash',
    says: 'kill -9 of one of PostgreSQL\'s own processes: it ends all others, recovers, and answers nothing meanwhile',
    touches: ['postgres'],
    async inject({ postgres }) {
      // Not the proof's own one, which could not tell of it; the others are ended by PostgreSQL itself.
      const [victim] = await postgres.sql<{ pid: number }>(`select pid from pg_stat_activity where backend_type = 'client backend' and application_name <> 'sluice-prove' order by query_start desc nulls last limit 1`);
      if (victim === undefined) throw new Error('nobody is connected to PostgreSQL');
      process.kill(victim.pid, 'SIGKILL');
      return NOTHING_TO_END;
    },
  },
  {
    name: 'postgres-frozen',
    says: 'PostgreSQL\'s own processes are stopped (SIGSTOP) and go on at the end: connections stand, and nothing answers',
    touches: ['postgres'],
    async inject({ postgres }) {
      const session = await postgres.session();
      postgres.signal('SIGSTOP'); // from now on it starts no further process
      const pids = (await session.sql<{ pid: number }>('select pid from pg_stat_activity where pid <> pg_backend_pid()')).map(({ pid }) => pid);
      for (const pid of pids) signalIfThere(pid, 'SIGSTOP');
      return {
        end() {
          for (const pid of pids) signalIfThere(pid, 'SIGCONT');
          postgres.signal('SIGCONT');
          return session.end();
        },
      };
    },
  },
  {
    name: 'postgres-terminated',
    says: 'all of PostgreSQL\'s connections are terminated, again and again',
    touches: ['postgres'],
    async inject({ postgres }) {
      return { end: await repeated(AGAIN_MS, () => terminateAll(postgres)) };
    },
  },
  {
    name: 'postgres-read-only',
    says: 'the database is read-only (SQLSTATE 25006), as a standby is until the failover is through',
    touches: ['postgres'],
    async inject({ postgres }) {
      const set = async (value: string): Promise<void> => {
        const session = await postgres.session();
        try {
          await session.sql('set default_transaction_read_only = off');
          await session.sql(`alter database "${postgres.database}" ${value}`);
        } finally {
          await session.end();
        }
        await terminateAll(postgres); // only new connections follow
      };
      await set('set default_transaction_read_only = on');
      return { end: () => set('reset default_transaction_read_only') };
    },
  },
];

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
