import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { restPort, serverPorts } from '../../../bin/up/ports.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-ports-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const occupy = async (port: number) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return () => new Promise((resolve) => server.close(resolve));
};

test('servers get the ports of last time, and another for one that is taken', async () => {
  const first = await serverPorts(folder);
  expect(new Set(Object.values(first)).size).toBe(3);
  expect(await serverPorts(folder)).toEqual(first);
  const release = await occupy(first.nats);
  const second = await serverPorts(folder);
  await release();
  expect(second).toEqual({ ...first, nats: expect.any(Number) as number });
  expect(second.nats).not.toBe(first.nats);
});

test('a REST port that is taken, or a host that is not ours, is named with what to do', async () => {
  const port = await restPort('127.0.0.1', 0);
  const release = await occupy(port);
  await expect(restPort('127.0.0.1', port)).rejects.toThrow(`PORT ${port} is taken: something else listens on 127.0.0.1:${port}. Stop it, or choose another port: PORT=${port + 1} npm start`);
  await release();
  await expect(restPort('127.0.0.1', port)).resolves.toBe(port);
  await expect(restPort('203.0.113.1', port)).rejects.toThrow('HOST 203.0.113.1 is no address that this machine can listen on');
});
