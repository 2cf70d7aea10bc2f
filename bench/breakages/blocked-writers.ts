import { finds, type Breakage } from './breakage.ts';

/** Somebody forgot a transaction that holds the table. */
export const BLOCKED_WRITERS: Breakage = {
  name: 'blocked-writers',
  title: 'Writers blocked',
  says: 'A report has locked the table of executions and been forgotten: its transaction is idle, and every flush waits for it.',
  section: 'Writers held up',
  views: ['pools'],
  async inflict({ target: { postgres } }) {
    const session = await postgres.session();
    await session.sql(`set application_name = 'nightly-report'`);
    await session.sql('begin');
    await session.sql('lock table execution in exclusive mode');
    return () => session.end();
  },
  shows: (snapshot) => finds(snapshot, 'flush', /does not get on/),
  steps: [
    { says: 'who holds others up', run: 'bin/sluice pools activity' },
    { says: 'whose it is, and its end', run: `blocker=$(bin/sluice pools activity --json | jq -r '[.connections[] | select(.holdsUp > 0 and (.ofNode | not))][0].pid')\nbin/sluice pools disconnect "$blocker" --dry-run\nbin/sluice pools disconnect "$blocker" --why "forgotten, and holds the writers up"` },
  ],
  isOver: (snapshot) => (snapshot.stages.flush.rowsPerS ?? 0) > 0,
};
