import { parseEnvelope } from '../../../../services/gateway/body/parse-json.ts';
import { idsToSubmit, readIds } from '../../../../services/gateway/submissions/read-ids.ts';

const read = (ids: string) => readIds(parseEnvelope(Buffer.from(`{"orderIds":[${ids}]}`), { member: 'orderIds' }).items);

test('a number of many digits is never taken for the whole number that is nearest to it', () => {
  const asked = read('22.00000000000000000001, 21.99999999999999999999, 9007199254740993, 1e400, 22, 9007199254740991');
  expect(asked.map((each) => ('fault' in each ? each.fault.code : each.id))).toEqual(['range', 'range', 'range', 'range', 22, Number.MAX_SAFE_INTEGER]);
  expect(idsToSubmit(asked)).toEqual([22, Number.MAX_SAFE_INTEGER]);
});
