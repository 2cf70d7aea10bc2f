import { ALL_FAULTS } from '../../../../bin/prove/faults/all.ts';
import type { TargetNode } from '../../../../bin/prove/target.ts';
import type { Role } from '../../../../bin/node/roles.ts';
import { execution } from '../../../helpers/executions.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { processState, smallSystem } from './small-system.ts';

const system = smallSystem();
const { inject, untilStores, logOf } = system;
const nodeOf = (role: Role) => system.target.nodes(role)[0] as TargetNode;
const ROLES: Role[] = ['edge', 'writer', 'relay'];
const HOUR_S = 3_600;

/** How far the edge's wall clock is from this process's, in s, as a record tells that it took in. */
async function clockOff(): Promise<number> {
  const response = await fetch(`${system.url}/api/v1/executions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(execution()) });
  const { receivedTimestamp } = (await response.json()) as { receivedTimestamp?: string };
  if (receivedTimestamp === undefined) throw new Error(`answered ${response.status}`);
  return (Date.parse(receivedTimestamp) - Date.now()) / 1_000;
}

test('each fault has a name of its own, and says in one line what it does', () => {
  expect(new Set(ALL_FAULTS.map(({ name }) => name)).size).toBe(ALL_FAULTS.length);
  for (const { name, says, touches } of ALL_FAULTS) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(says).toMatch(/^[^\n]{15,180}$/);
    expect(touches.length).toBeGreaterThan(0);
  }
});

test.each(ROLES)('kill-%s: its process is gone at once, and another one comes', async (role) => {
  await untilStores();
  const { pid } = nodeOf(role);
  const end = await inject(`kill-${role}`);
  await waitFor(async () => !/[^Z]/.test(await processState(pid)), { what: 'the process to be gone' });
  await end();
  await nodeOf(role).untilBack(pid);
});

test('kill-all: no process is left, and all come back', async () => {
  const before = system.target.nodes().map((node) => ({ node, pid: node.pid }));
  const end = await inject('kill-all');
  for (const { pid } of before) await waitFor(async () => !/[^Z]/.test(await processState(pid)), { what: 'the process to be gone' });
  await end();
  for (const { node, pid } of before) await node.untilBack(pid);
  await untilStores();
});

test.each(ROLES)('stop-%s: it ends in order, to the last line of its log, and another one comes', async (role) => {
  await untilStores();
  const { pid, name } = nodeOf(role);
  const lines = async (what: string) => (await logOf(name)).split('\n').filter((line) => line.includes(`"${what}"`)).length;
  const [stopped, givenBack] = [await lines('node stopped'), await lines('shards given back')];
  await inject(`stop-${role}`);
  await nodeOf(role).untilBack(pid);
  expect(await lines('node stopped')).toBe(stopped + 1);
  // Of each sink that it owned shards of.
  expect((await lines('shards given back')) > givenBack).toBe(role === 'relay');
  expect(await processState(pid)).toBe('');
});

test.each(ROLES)('freeze-%s: it stands still until the end, and is the same process then', async (role) => {
  await untilStores();
  const { pid } = nodeOf(role);
  const end = await inject(`freeze-${role}`);
  await waitFor(async () => (await processState(pid)) === 'T', { what: 'the process to be stopped' });
  await end();
  await waitFor(async () => /[SR]/.test(await processState(pid)), { what: 'the process to go on' });
  expect(nodeOf(role).pid).toBe(pid);
});

test('block-edge: it answers nothing, and what was asked meanwhile is answered when the fault has ended', async () => {
  await untilStores();
  const { pid } = nodeOf('edge');
  const end = await inject('block-edge');
  let answered = false;
  const answer = fetch(`${system.url}/health/live`).then(() => (answered = true));
  expect(await Promise.race([answer, new Promise((resolve) => setTimeout(() => resolve('nothing'), 1_000))])).toBe('nothing');
  expect(answered).toBe(false);
  await end();
  await answer;
  expect(nodeOf('edge').pid).toBe(pid);
});

test('fill-memory-edge: most of the heap is taken, and given back at the end: it can be taken again', async () => {
  await untilStores();
  const { pid } = nodeOf('edge');
  for (let round = 0; round < 2; round++) {
    const end = await inject('fill-memory-edge');
    await untilStores();
    await end();
  }
  await untilStores();
  expect(nodeOf('edge').pid).toBe(pid);
});

test.each([
  ['ahead', HOUR_S],
  ['behind', -HOUR_S],
])('clock-%s-edge: its wall clock is an hour off, until the end', async (way, off) => {
  await untilStores();
  const end = await inject(`clock-${way}-edge`);
  await waitFor(async () => Math.abs((await clockOff()) - off) < HOUR_S / 10, { timeoutMs: 30_000, what: 'a record that was taken in at another hour' });
  await end();
  await waitFor(async () => Math.abs(await clockOff()) < HOUR_S / 10, { timeoutMs: 30_000, what: 'a record that was taken in now' });
});
