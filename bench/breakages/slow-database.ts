import { finds, type Breakage } from './breakage.ts';

const SLOW_S = 0.4;
/** Each flush takes as long as on a disk that has no more to give. */
export const SLOW_DATABASE: Breakage = {
  name: 'slow-database',
  title: 'Slow database',
  says: `A trigger on the table of executions, made by somebody for a report of his own, takes ${SLOW_S} s at each statement.`,
  section: 'Database slow',
  views: ['pools'],
  async inflict({ target: { postgres } }) {
    await postgres.sql(`create function slow_report() returns trigger language plpgsql as $$ begin perform pg_sleep(${SLOW_S}); return null; end $$`);
    await postgres.sql('create trigger slow_report after insert on execution for each statement execute function slow_report()');
    return () => dropTrigger(postgres);
  },
  shows: (snapshot) => finds(snapshot, 'flush', /is slow/),
  steps: [
    { says: 'the pools, and what PostgreSQL does', run: 'bin/sluice pools\nbin/sluice pools activity' },
    { says: 'they wait for something that is neither lock nor disk: what was put into the database?', run: `psql "$POSTGRES_URL" -c "select tgname as trigger, tgrelid::regclass as on_table, tgfoid::regproc as runs, pg_get_triggerdef(oid) as text from pg_trigger where not tgisinternal"` },
    { says: 'Whoever runs the database drops the trigger.', act: ({ target: { postgres } }) => dropTrigger(postgres) },
  ],
};

async function dropTrigger({ sql }: { sql: (text: string) => Promise<unknown> }): Promise<void> {
  await sql('drop trigger if exists slow_report on execution');
  await sql('drop function if exists slow_report()');
}
