import { join } from 'node:path';
import { connect, StringCodec } from 'nats';
import type { NatsConnection } from 'nats';
import { startNats } from '../../../../shared/runtime/servers/nats.ts';
import type { RunningServer } from '../../../../shared/runtime/servers/server-process.ts';
import { ownServers } from '../../../helpers/own-servers.ts';

let dataDir: string;
const servers = ownServers();
const start = (): Promise<RunningServer> => servers.start(startNats, { dataDir });
const withNats = async <T>(url: string, work: (nats: NatsConnection) => Promise<T>): Promise<T> => {
  const nats = await connect({ servers: url, reconnect: false });
  try {
    return await work(nats);
  } finally {
    await nats.close();
  }
};
const keep = (url: string, text: string): Promise<unknown> =>
  withNats(url, async (nats) => {
    await (await nats.jetstreamManager()).streams.add({ name: 'KEPT', subjects: ['kept'] });
    return nats.jetstream().publish('kept', StringCodec().encode(text));
  });
const kept = (url: string): Promise<string> =>
  withNats(url, async (nats) => StringCodec().decode((await (await nats.jetstreamManager()).streams.getMessage('KEPT', { seq: 1 })).data));

beforeEach(async () => {
  dataDir = await servers.folder();
});

test.each(['SIGTERM', 'SIGKILL'] as const)('JetStream keeps what it acknowledged over %s and a new start', async (signal) => {
  const first = await start();
  await keep(first.url, 'a message');
  first.kill(signal);
  await first.exited;
  const second = await start();
  await expect(kept(second.url)).resolves.toBe('a message');
});

test('a server that an earlier run left behind on the folder is stopped first', async () => {
  const leftBehind = await start();
  await keep(leftBehind.url, 'a message');
  const second = await start();
  await leftBehind.exited;
  await expect(kept(second.url)).resolves.toBe('a message');
});

test('a port that is taken is refused, though another server answers there', async () => {
  const first = await start();
  await expect(servers.start(startNats, { dataDir: join(dataDir, 'other'), port: first.port })).rejects.toThrow(/address already in use/);
});
