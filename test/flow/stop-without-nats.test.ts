import { natsUrl } from '../helpers/addresses.ts';
import { execution } from '../helpers/executions.ts';
import { startFleet, type Fleet } from '../helpers/fleet.ts';
import { send, type HttpAnswer } from '../helpers/http.ts';
import { targetOf, tcpProxy, throughProxy, type TcpProxy } from '../helpers/tcp-proxy.ts';
import { waitFor } from '../helpers/wait-for.ts';

const ITEMS = 4_000;
const body = Array.from({ length: ITEMS }, () => `${JSON.stringify(execution())}\n`).join('');

let nats: TcpProxy;
let fleet: Fleet;
/** A drain's limit and deadlines far beyond the test's: who waits for NATS waits in vain. */
beforeAll(async () => {
  nats = await tcpProxy(targetOf(natsUrl()));
  fleet = await startFleet({ writers: 1, env: { NATS_URL: throughProxy(natsUrl(), nats), DRAIN_TIMEOUT: '600000', REQUEST_DEADLINE: '300000' } });
}, 120_000);
afterAll(async () => {
  await fleet.stop();
  await nats.close();
});

test('while NATS is away every node stops in order as soon as its work is done; what cannot be handed to a writer is withdrawn, an upload may go on later', async () => {
  nats.refuse(true);
  await waitFor(async () => (await fleet.ready().catch(() => undefined))?.status !== 'up', { timeoutMs: 30_000, what: 'the edge to notice' });
  const answers: (HttpAnswer | Error)[] = [];
  const note = (sent: Promise<HttpAnswer>) => sent.then((answer) => answers.push(answer), (error: Error) => answers.push(error));
  const single = note(send(fleet.url, 'POST', '/api/v1/executions', execution()));
  const keyed = note(send(fleet.url, 'POST', '/api/v1/executions/batch', { executions: [execution(), execution()] }, { 'Idempotency-Key': 'withdrawn' }));
  const large = note(send(fleet.url, 'POST', '/api/v1/batches/executions', body, { 'Content-Type': 'application/x-ndjson' }));
  await waitFor(async () => (await fleet.sql(`select from batch where state = 'open'`)).length === 2, { timeoutMs: 30_000, what: 'the batches to be open' });

  const exits = await Promise.all(fleet.nodes().map(async (node) => {
    process.kill(node.pid, 'SIGTERM');
    return node.exited;
  }));
  expect(exits).toEqual(fleet.nodes().map(() => ({ code: 0, signal: null })));
  await Promise.all([single, keyed, large]);
  const told = answers.map((answer) => (answer instanceof Error ? answer.message : [answer.status, answer.body.code ?? answer.body.status]));
  expect(told.toSorted()).toEqual([[503, 'FAILED'], [503, 'node-stopping'], [503, 'withdrawn-unavailable']]);
  expect(answers.find((answer): answer is HttpAnswer => !(answer instanceof Error) && answer.body.results !== undefined)?.body.results).toMatchObject([{ code: 'withdrawn-unavailable' }, { code: 'withdrawn-unavailable' }]);
  expect(await fleet.sql(`select b.id from batch b where b.state = 'open' and not exists (select from large_batch l where l.id = b.id)`)).toEqual([]);

  // The upload's place is left to whoever goes on with it: nobody need wait for a lease.
  nats.refuse(false);
  await Promise.all([fleet.start('edge'), fleet.start('writer')]);
  await fleet.sees('writer', 1);
  const [batch] = await fleet.sql<{ id: string }>('select id from large_batch');
  const rest = await send(fleet.url, 'PATCH', `/api/v1/batches/${batch?.id ?? ''}`, body, { 'Content-Type': 'application/x-ndjson', 'Upload-Offset': '0' });
  expect(rest).toMatchObject({ status: 202, body: { state: 'COMPLETED', accepted: ITEMS } });
}, 120_000);
