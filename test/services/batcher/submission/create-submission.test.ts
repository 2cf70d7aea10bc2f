import { createSubmission } from '../../../../services/batcher/submission/create-submission.ts';
import { readSettings } from '../../../../shared/config/load.ts';
import { HttpPools } from '../../../../shared/http/http-pools.ts';
import type { NodeContext } from '../../../../shared/runtime/node-context.ts';

const start = (env: Record<string, string>) => createSubmission({ settings: readSettings(env).settings } as NodeContext, new HttpPools(readSettings(env).settings));

test('F53 a lease shorter than a call may take is refused at the start: it would send orders twice', () => {
  expect(() => start({ TRADE_SERVICE_URL: 'http://127.0.0.1:9', SUBMISSION_LEASE: '50000' })).toThrow(/SUBMISSION_LEASE .* TRADE_RESPONSE_TIMEOUT/);
});

test('without a trade service a node has no part in submissions', () => {
  expect(start({})).toBeUndefined();
});
