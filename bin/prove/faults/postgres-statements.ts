import { setTimeout as sleep } from 'node:timers/promises';
import type { Target, TargetPostgres } from '../target.ts';
import type { Fault } from './fault.ts';

const LOOK_MS = 20;

/**
 * A trigger that comes before every insert into the executions. It goes at the end, by itself.
 * @param body plpgsql
 */
async function trigger({ postgres }: Target, body: string): Promise<{ end(): Promise<void> }> {
  await postgres.sql(`create or replace function prove_fault() returns trigger language plpgsql as $$ begin ${body} return null; end $$`);
  await postgres.sql('create trigger prove_fault before insert on execution for each statement execute function prove_fault()');
  return { end: () => postgres.sql('drop function if exists prove_fault() cascade').then(() => undefined) };
}

/** A lock that keeps every writer of the executions out, until the end. */
async function lockOut(postgres: TargetPostgres): Promise<{ end(): Promise<void> }> {
  const session = await postgres.session();
  await session.sql('begin');
  await session.sql('lock table execution in share mode');
  return { end: () => session.end() };
}

/**
 * Deadlocks, one after the other: holds the executions, waits until a flush that holds its batch wants them, and then wants the
 * batches. Whoever has waited longest looks for deadlocks first and is their victim: the flush, for this session never looks.
 */
async function deadlocks(postgres: TargetPostgres, over: AbortSignal): Promise<void> {
  const session = await postgres.session();
  const [me] = await session.sql<{ pid: number }>('select pg_backend_pid() as pid');
  await session.sql(`set deadlock_timeout = '1h'`);
  try {
    while (!over.aborted) {
      await session.sql('begin');
      await session.sql('lock table execution in share mode');
      while (!over.aborted && (await waiters(postgres, me?.pid ?? 0)) === 0) await sleep(LOOK_MS);
      if (!over.aborted) await session.sql('lock table batch in exclusive mode');
      await session.sql('rollback');
      await sleep(LOOK_MS);
    }
  } finally {
    await session.end();
  }
}

async function waiters(postgres: TargetPostgres, pid: number): Promise<number> {
  const [row] = await postgres.sql<{ count: number }>('select count(*)::int as count from pg_stat_activity where wait_event_type = $2 and $1 = any(pg_blocking_pids(pid))', [pid, 'Lock']);
  return row?.count ?? 0;
}

/** Statements that PostgreSQL doesn't carry out. */
export const POSTGRES_STATEMENTS: readonly Fault[] = [
  {
    name: 'postgres-statement-timeout',
    says: 'every write of executions takes longer than statement_timeout allows (57014)',
    touches: ['postgres'],
    lastsMs: [8_000, 12_000],
    inject: (target) => trigger(target, 'perform pg_sleep(600);'),
  },
  {
    name: 'postgres-locked',
    says: 'somebody holds a lock on the executions that keeps writers out (lock_timeout, 55P03)',
    touches: ['postgres'],
    inject: ({ postgres }) => lockOut(postgres),
  },
  {
    name: 'postgres-deadlock',
    says: 'a session takes its locks in the opposite order, again and again: flushes are the victims of deadlocks (40P01)',
    touches: ['postgres'],
    inject({ postgres }) {
      const over = new AbortController();
      const playing = deadlocks(postgres, over.signal);
      playing.catch(() => undefined); // told at the end
      return Promise.resolve({
        async end() {
          over.abort();
          await playing;
        },
      });
    },
  },
  {
    name: 'postgres-disk-full-raised',
    says: 'every write of executions is answered as by a full disk (53100, raised by a trigger; postgres-disk-full has a disk that is full)',
    touches: ['postgres'],
    inject: (target) => trigger(target, `raise exception 'could not extend file: No space left on device' using errcode = '53100';`),
  },
];
