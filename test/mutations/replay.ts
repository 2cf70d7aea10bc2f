import type { Area } from './mutation.ts';

const REPLAY = 'shared/db/queries/dead-letter-replay.ts';
const MARK = 'shared/db/queries/relay-mark.ts';

export const replay: Area = {
  name: 'replay',
  tests: ['test/services/publisher/put-refused.test.ts', 'test/services/publisher/replayer.test.ts', 'test/services/publisher/dead-letters.test.ts', 'test/flow/dead-letters.test.ts', 'test/flow/dead-letter-operations.test.ts', 'test/flow/dead-letters-history.test.ts'],
  mutations: [
    { name: 'releases without regard to the rate', file: REPLAY, from: "on r.may and ${releasedBy('d', 'r')}", to: "on ${releasedBy('d', 'r')}" },
    { name: 'releases letters of other groups', file: REPLAY, from: "      and (${r}.filter->>'fingerprint' is null or ${d}.fingerprint = ${r}.filter->>'fingerprint')\n", to: '' },
    { name: 'does not count replays', file: REPLAY, from: 'replays = d.replays + 1', to: 'replays = d.replays' },
    { name: 'is done while letters are on their way', file: REPLAY, from: ` and not exists (select 1 from dead_letter where replay_id = $1 and state = 'replaying') as done`, to: ' as done' },
    { name: 'does not count what it has released', file: REPLAY, from: 'released = p.released + v.n', to: 'released = p.released' },
    { name: 'tells superseded as delivered', file: MARK, from: `state = case when k.delivered > 0 then 'delivered' else 'superseded' end`, to: `state = 'delivered'` },
    { name: 'begins to count tries anew', file: MARK, from: 'attempts = dead_letter.attempts + excluded.attempts', to: 'attempts = excluded.attempts' },
    { name: 'forgets the tries before', file: MARK, from: 'tries = dead_letter.tries || excluded.tries', to: 'tries = excluded.tries' },
    { name: 'tries a replayed message again and again', file: 'services/publisher/put-refused.ts', from: `row.op !== 'replay' && tries.length`, to: 'tries.length' },
    { name: 'is quicker than its rate', file: 'services/publisher/replayer.ts', from: 'Math.ceil(1_000 / Math.floor(rate / letters))', to: 'Math.floor(1_000 / Math.ceil(rate / letters + 0.5))' },
  ],
};
