import moleculer, { type ServiceBroker } from 'moleculer';
import { brokerOptions } from '../../../moleculer.config.ts';
import { readSettings } from '../../../shared/config/load.ts';
import { nodesWith } from '../../../shared/runtime/fleet.ts';
import { natsIsConnected } from '../../../shared/runtime/nats-status.ts';
import { natsUrl } from '../../helpers/addresses.ts';
import { uniqueName } from '../../helpers/namespace.ts';
import { targetOf, tcpProxy, throughProxy, type TcpProxy } from '../../helpers/tcp-proxy.ts';
import { waitFor } from '../../helpers/wait-for.ts';

let proxy: TcpProxy;
let caller: ServiceBroker;
let callee: ServiceBroker;
/** Ends the calls of `slow.work` that the callee has in hand. */
let endWork: () => void;

/** Two nodes whose heartbeats are so far apart that no test ever sees one; the callee's connection goes through the proxy. */
beforeEach(async () => {
  const worked = new Promise<void>((resolve) => (endWork = resolve));
  proxy = await tcpProxy(targetOf(natsUrl()));
  const { settings } = readSettings({ NATS_URL: natsUrl(), NAMESPACE: uniqueName(), HEARTBEAT: '60', DRAIN_TIMEOUT: '600000' });
  caller = new moleculer.ServiceBroker(brokerOptions(settings, 'caller'));
  callee = new moleculer.ServiceBroker(brokerOptions({ ...settings, natsUrl: throughProxy(natsUrl(), proxy) }, 'callee.of.some-name'));
  callee.createService({ name: 'slow', actions: { work: () => worked, quick: () => 'done' } });
  await Promise.all([caller.start(), callee.start()]);
  await caller.waitForServices('slow');
});
afterEach(async () => {
  await caller.stop();
  await proxy.close();
});

test('a node that lost NATS counts as gone at the next call of it, and who waits for its answer is told; when it is back it is seen at once', async () => {
  const waiting = caller.call('slow.work', {}, { timeout: 600_000 }).catch((error: unknown) => error);
  await expect(caller.call('slow.quick')).resolves.toBe('done');
  proxy.refuse(true);

  // NATS may notice a moment later than the proxy.
  await waitFor(async () => {
    await caller.call('slow.quick', {}, { timeout: 1_000 }).catch(() => undefined);
    return nodesWith(caller, 'slow').length === 0;
  }, { timeoutMs: 30_000, what: 'the callee to count as gone' });

  await expect(waiting).resolves.toMatchObject({ type: 'REQUEST_REJECTED' });
  proxy.refuse(false);
  await waitFor(() => nodesWith(caller, 'slow').length === 1, { timeoutMs: 30_000, what: 'the callee to be seen again' });
  await expect(caller.call('slow.quick')).resolves.toBe('done');
  endWork();
  await callee.stop();
}, 60_000);

test('a connection that breaks while it is being made is made again soon', async () => {
  const handshake = proxy.whenSent('CONNECT ').then(() => proxy.cut());
  proxy.cut();
  await handshake;
  // By itself NATS' client notices after 20 s.
  await waitFor(() => proxy.connections === 1 && natsIsConnected(callee), { timeoutMs: 17_000, what: 'the next connection' });
  await expect(waitFor(() => caller.call('slow.quick', {}, { timeout: 1_000 }), { timeoutMs: 30_000, what: 'the callee to answer' })).resolves.toBe('done');
  endWork();
  await callee.stop();
}, 60_000);

test('a node stops while NATS is away: it does not wait for its return', async () => {
  proxy.refuse(true);
  await waitFor(() => !natsIsConnected(callee), { timeoutMs: 30_000, what: 'the callee to notice' });
  endWork();
  await callee.stop();
  expect(proxy.connections).toBe(0);
}, 60_000);
