import { waitedMs } from '../../../services/writer/waited.ts';

test('a call has waited since it came, in ms; one that did not come over Moleculer has not waited', () => {
  const [seconds, nanos] = process.hrtime();
  expect(waitedMs({ startHrTime: null })).toBe(0);
  const waited = waitedMs({ startHrTime: [seconds - 2, nanos] });
  expect(waited).toBeGreaterThanOrEqual(2_000);
  // In the same unit as a fraction of it: half a second more is 500 more.
  const longer = waitedMs({ startHrTime: nanos >= 500_000_000 ? [seconds - 2, nanos - 500_000_000] : [seconds - 3, nanos + 500_000_000] });
  expect(longer - waited).toBeGreaterThanOrEqual(500);
});
