import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { servicesOf } from '../../../../services/batcher/process/bind-step.ts';
import { categoryOf } from '../../../../services/batcher/process/categorise.ts';
import { readSettings } from '../../../../shared/config/load.ts';
import { HttpPools } from '../../../../shared/http/http-pools.ts';
import { freePort } from '../../../../shared/runtime/servers/free-port.ts';

const PRICES = { url: 'priceServiceUrl', connectTimeout: 'priceConnectTimeout', responseTimeout: 'priceResponseTimeout' } as const;

let server: Server;
let url: string;
let connections = 0;
beforeAll(async () => {
  server = createServer((req, res) => {
    if (req.url !== '/hangs') res.end('{}');
  }).on('connection', () => connections++).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function withService(over: object, work: (service: ReturnType<typeof servicesOf>) => Promise<void>): Promise<void> {
  const settings = { ...readSettings({}).settings, priceServiceUrl: url, ...over };
  const pools = new HttpPools(settings);
  try {
    await work(servicesOf(pools, settings));
  } finally {
    await pools.close();
  }
}
const failureOf = (call: Promise<unknown>) => call.then(() => 'answered', categoryOf);

test('a service is called over connections that are kept, never more than the settings allow', async () => {
  await withService({ httpConnectionsPerOrigin: 3 }, async (service) => {
    for (let round = 0; round < 4; round++) await Promise.all(Array.from({ length: 20 }, () => service(PRICES).call({ method: 'GET', path: '/' })));
    expect(connections).toBe(3);
  });
});

test('one that does not answer in the time of the settings is a TIMEOUT_ERROR, one that is away a RESOURCE_ERROR', async () => {
  await withService({ priceResponseTimeout: 50 }, async (service) => expect(await failureOf(service(PRICES).call({ method: 'GET', path: '/hangs' }))).toBe('TIMEOUT_ERROR'));
  await withService({ priceServiceUrl: `http://127.0.0.1:${await freePort()}` }, async (service) => expect(await failureOf(service(PRICES).call({ method: 'GET', path: '/' }))).toBe('RESOURCE_ERROR'));
});
