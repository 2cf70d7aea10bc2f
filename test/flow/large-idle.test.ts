import { Agent, request } from 'node:http';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ settings: { uploadIdle: 1_500, maxBatchSize: 3_000 } });
});
afterAll(() => system.stop());

const NDJSON = { 'Content-Type': 'application/x-ndjson' };
const lines = (count: number) => Array.from({ length: count }, (_, i) => `${JSON.stringify(execution({ securityId: `I${String(i).padStart(23, '0')}` }))}\n`).join('');

test('a sender that falls silent is told 408 and where to go on; its lease is given back at once, and the upload goes on in the same form alone', async () => {
  const body = lines(2_000);
  const answer = await new Promise<{ status: number; offset: string; text: string }>((resolve, reject) => {
    const req = request(`${system.url}/api/v1/batches/executions`, { method: 'POST', headers: { ...NDJSON, 'transfer-encoding': 'chunked' } });
    req.on('error', reject).on('response', (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve({ status: res.statusCode ?? 0, offset: String(res.headers['upload-offset']), text }));
    });
    req.write(body.slice(0, Math.floor(body.length * 0.6)));
  });
  const told = JSON.parse(answer.text) as { code: string; batchId: string; offset: { items: number; bytes: number } };
  expect({ status: answer.status, told }).toMatchObject({ status: 408, told: { code: 'upload-idle', offset: { items: 1_000 } } });
  expect(answer.offset).toBe(String(told.offset.bytes));

  const path = `/api/v1/batches/${told.batchId}`;
  const rest = body.slice(told.offset.bytes);
  expect(await send(system.url, 'PATCH', path, rest, { 'Content-Type': 'text/csv', 'Upload-Offset': answer.offset })).toMatchObject({ status: 409, body: { code: 'wrong-format' } });
  expect(await send(system.url, 'PATCH', path, rest, { ...NDJSON, 'Upload-Offset': answer.offset })).toMatchObject({ status: 202, body: { state: 'COMPLETED', accepted: 2_000, rejected: 0 } });
});

test('what is left unread after a refusal is taken off the connection, which serves the next request', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (method: string, path: string, body?: string) => new Promise<{ status: number | undefined; socket: unknown }>((resolve, reject) => {
    const req = request(`${system.url}${path}`, { method, agent, headers: body === undefined ? {} : { ...NDJSON, 'Content-Length': Buffer.byteLength(body) } });
    req.on('error', reject).on('response', (res) => {
      const { socket } = res;
      res.resume().on('end', () => resolve({ status: res.statusCode, socket }));
    });
    req.end(body);
  });
  const refused = await ask('POST', '/api/v1/batches/executions', lines(6_000));
  const next = await ask('GET', '/health/live');
  expect([refused.status, next.status]).toEqual([413, 200]);
  expect(next.socket).toBe(refused.socket);
  agent.destroy();
});
