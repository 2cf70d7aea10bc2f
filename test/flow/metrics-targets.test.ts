import { startFleet, type Fleet } from '../helpers/fleet.ts';
import { send } from '../helpers/http.ts';
import { waitFor } from '../helpers/wait-for.ts';
import type { TargetGroup } from '../../services/gateway/metrics-targets.ts';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ writers: 2, relays: 1, env: { HEARTBEAT: '1' } });
});
afterAll(() => fleet.stop());

const targets = async () => (await send(fleet.url, 'GET', '/metrics/targets')).body as unknown as TargetGroup[];

test('every node\'s metrics are listed for Prometheus with its role, and are found there', async () => {
  const answer = await send(fleet.url, 'GET', '/metrics/targets');
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  await waitFor(async () => (await targets()).length === 4, { timeoutMs: 20_000, what: 'all nodes to be targets' });
  const groups = await targets();
  expect(groups.map(({ labels }) => [labels.node, labels.role]).sort()).toEqual([['edge-1', 'edge'], ['relay-4', 'relay'], ['writer-2', 'writer'], ['writer-3', 'writer']]);
  expect(new Set(groups.map(({ labels }) => labels.namespace)).size).toBe(1);
  for (const { targets: [address], labels } of groups) {
    const figures = await send(`http://${address}`, 'GET', '/metrics');
    expect([labels.node, figures.status]).toEqual([labels.node, 200]);
    expect(figures.text).toContain('sluice_process_cpu_seconds_total');
  }
});

test('a node that is killed stays a target, one that stops in order is none any more', async () => {
  const named = (id: string) => fleet.nodes().find((node) => node.id === id);
  await named('writer-3')?.stop();
  await waitFor(async () => (await targets()).length === 3, { timeoutMs: 20_000, what: 'the stopped node to be no target' });
  await named('writer-2')?.kill9();
  const known = async () => (await send(fleet.url, 'GET', '/api/v1/nodes')).body as unknown as { nodes: { node: string }[]; silent: string[] };
  await waitFor(async () => {
    const { nodes, silent } = await known();
    return ![...nodes.map(({ node }) => node), ...silent].includes('writer-2');
  }, { timeoutMs: 30_000, what: 'the killed node to be gone from the fleet' });
  expect((await targets()).map(({ labels }) => labels.node)).toEqual(['edge-1', 'relay-4', 'writer-2']);
  await fleet.start('writer');
  await waitFor(async () => (await targets()).length === 4, { timeoutMs: 20_000, what: 'its successor to be a target beside it' });
});
