import moleculer from 'moleculer';
import { brokerOptions } from '../../../moleculer.config.ts';
import { readSettings } from '../../../shared/config/load.ts';
import { natsUrl } from '../../helpers/addresses.ts';
import { uniqueName } from '../../helpers/namespace.ts';

test('F44 a call whose answer never came does not hold up the stop of its caller, nor stay in its memory', async () => {
  // A drain's limit far beyond the test's: whoever waits for the lost call waits in vain.
  const { settings } = readSettings({ NATS_URL: natsUrl(), NAMESPACE: uniqueName(), DRAIN_TIMEOUT: '600000' });
  let answer: (() => void) | undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const callee = new moleculer.ServiceBroker(brokerOptions(settings, 'callee'));
  callee.createService({ name: 'slow', actions: { work: () => answered } });
  const caller = new moleculer.ServiceBroker(brokerOptions(settings, 'caller'));
  await Promise.all([callee.start(), caller.start()]);
  await caller.waitForServices('slow');

  await expect(caller.call('slow.work', {}, { timeout: 50 })).rejects.toMatchObject({ type: 'REQUEST_TIMEOUT' });
  await caller.stop();

  const { pendingRequests } = (caller as unknown as { transit: { pendingRequests: Map<string, unknown> } }).transit;
  expect(pendingRequests.size).toBe(0);
  answer?.();
  await callee.stop();
});
