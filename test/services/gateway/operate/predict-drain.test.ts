import { predictDrain } from '../../../../services/gateway/operate/predict-drain.ts';

const at = (waiting: number, sent: number, atMs: number) => ({ waiting, sent, atMs, oldestS: 1, unowned: 0, capped: false });

test.each([
  ['is empty', at(10, 0, 0), at(0, 10, 2_000), { inPerS: 0, outPerS: 5, trend: 'empty', drainedInS: 0 }],
  ['drains', at(1_000, 0, 0), at(800, 400, 2_000), { inPerS: 100, outPerS: 200, trend: 'drains', drainedInS: 8 }],
  ['grows', at(1_000, 0, 0), at(1_600, 400, 2_000), { inPerS: 500, outPerS: 200, trend: 'grows', drainedInS: null }],
  ['grows while nothing is sent', at(1_000, 0, 0), at(1_600, 0, 2_000), { inPerS: 300, outPerS: 0, trend: 'grows', drainedInS: null }],
  ['stands', at(1_000, 7, 0), at(1_000, 7, 2_000), { inPerS: 0, outPerS: 0, trend: 'stands', drainedInS: null }],
  ['is steady', at(1_000, 0, 0), at(1_002, 400, 2_000), { inPerS: 201, outPerS: 200, trend: 'steady', drainedInS: null }],
  ['is told by a relay that was started between', at(1_000, 900, 0), at(900, 100, 2_000), { inPerS: 0, outPerS: 0, trend: 'drains', drainedInS: 18 }],
  ['is longer than was counted', { ...at(1_000, 0, 0), capped: true }, { ...at(1_000, 400, 2_000), capped: true }, { inPerS: null, outPerS: 200, capped: true, trend: 'unknown', drainedInS: null }],
])('a backlog that %s', (_, before, now, expected) => {
  expect(predictDrain(before, now)).toMatchObject(expected);
});
