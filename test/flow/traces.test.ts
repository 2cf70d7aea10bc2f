import { randomBytes } from 'node:crypto';
import { startCollector, type ToldSpan } from '../helpers/collector.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { kafkaBrokers } from '../helpers/addresses.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { TopicReader } from '../services/publisher/helpers/topic-reader.ts';

const LONG = { timeoutMs: 30_000 };
const TOGETHER = 12;

let collector: Awaited<ReturnType<typeof startCollector>>;
let system: TestSystem;
let reader: TopicReader;
beforeAll(async () => {
  collector = await startCollector();
  system = await startSystem({ relays: 1, settings: { tracesUrl: collector.url, tracesSample: 0, writerConcurrency: 1 } });
  await waitFor(async () => (await send(system.url, 'GET', '/health/ready')).text.includes('"delivery":{"status":"up"'), { ...LONG, what: 'the relay to reach Kafka' });
  reader = await TopicReader.open(kafkaBrokers(), system.settings.ordersTopic);
});
afterAll(async () => {
  await reader.close();
  await system.stop();
  await collector.stop();
});

const sampled = new Set<string>();
const newTraceId = () => {
  const traceId = randomBytes(16).toString('hex');
  sampled.add(traceId);
  return traceId;
};
const parentOf = (traceId: string, flags = '01') => `00-${traceId}-b7ad6b7169203331-${flags}`;
const post = (traceparent: string) => send(system.url, 'POST', '/api/v1/executions', execution(), { traceparent });
const of = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId);
const named = (spans: readonly ToldSpan[], start: string) => spans.filter(({ name }) => name.startsWith(start));

/** The spans of a trace, once each node has told of it: they tell apart, and any may be first. */
const whole = (traceId: string) => waitFor(() => ['POST', 'flush', 'deliver'].every((start) => named(of(traceId), start).length > 0) && of(traceId), { ...LONG, what: 'the whole trace' });

test('the way of a request is one trace: HTTP, validate, queue, flush, delivery, and Kafka\'s header', async () => {
  const traceId = newTraceId();
  const answer = await post(parentOf(traceId));
  const spans = await whole(traceId);
  const [server] = named(spans, 'POST /api/v1/executions');
  expect(server?.parentSpanId).toBe("b7ad6b7169203331");
  expect([server?.attributes["http.response.status_code"], server?.attributes["sluice.request_id"]]).toEqual([201, answer.headers.get("x-request-id")]);
  expect(spans.map(({ name }) => name).sort()).toEqual([`POST /api/v1/executions`, `deliver kafka:${system.settings.ordersTopic}`, 'flush', 'queue', 'validate']);
  for (const span of spans) {
    if (span !== server) expect([span.name, span.parentSpanId]).toEqual([span.name, server?.spanId]);
    expect([span.name, span.tookMs >= 0, span.status]).toEqual([span.name, true, 0]);
  }
  const roles = Object.fromEntries(spans.map(({ name, resource }) => [name.split(' ')[0] ?? '', resource['sluice.role']]));
  expect(roles).toEqual({ POST: 'edge', validate: 'edge', queue: 'edge', flush: 'writer', deliver: 'relay' });
  const seen = await waitFor(() => reader.seen.find(({ headers }) => headers.traceparent?.includes(traceId)), { ...LONG, what: 'the message' });
  expect(seen.headers.traceparent).toBe(`00-${traceId}-${server?.spanId ?? ''}-01`);
});

test('requests that share a flush are linked with it, and it with them', async () => {
  const shared = await waitFor(async () => {
    const ids = Array.from({ length: TOGETHER }, newTraceId);
    await Promise.all(ids.map((id) => post(parentOf(id))));
    const queued = await waitFor(() => ids.every((id) => named(of(id), 'queue').length > 0) && ids.flatMap((id) => named(of(id), 'queue')), { ...LONG, what: 'all to be told of' });
    return queued.filter(({ links }) => links.length > 0)[0];
  }, { ...LONG, what: 'requests to share a flush' });
  const [link] = shared.links;
  const flush = await waitFor(() => collector.spans.find(({ name, spanId }) => name === 'flush' && spanId === link?.spanId), { ...LONG, what: 'the flush' });
  expect(flush.traceId).toBe(link?.traceId);
  expect(flush.parentSpanId ?? '').toBe('');
  expect(flush.links.map(({ traceId }) => traceId)).toContain(shared.traceId);
  expect(flush.links.length).toBeGreaterThan(1);
});

test('a large batch is told of too', async () => {
  const traceId = newTraceId();
  expect((await send(system.url, 'POST', '/api/v1/batches/executions', [execution(), execution()], { traceparent: parentOf(traceId) })).status).toBe(202);
  const [flush] = named(await whole(traceId), 'flush');
  expect(flush?.attributes).toMatchObject({ 'sluice.kind': 'execution', 'sluice.rows': 2 });
});

test('what is not sampled is not told, neither by the caller\'s decision nor by the share', async () => {
  const [unsampled, last] = [newTraceId(), newTraceId()];
  await post(parentOf(unsampled, '00'));
  await send(system.url, 'POST', '/api/v1/executions', execution());
  await post(parentOf(last));
  await whole(last);
  expect(of(unsampled)).toEqual([]);
  expect(named(collector.spans, 'POST').filter(({ traceId }) => !sampled.has(traceId))).toEqual([]);
});

test('a collector that is away, or none at all, costs no answer', async () => {
  await collector.stop();
  expect((await post(parentOf(newTraceId()))).status).toBe(201);
  const bare = await startSystem();
  try {
    expect(bare.edge.context.tracing).toBeUndefined();
    expect((await send(bare.url, 'POST', '/api/v1/executions', execution(), { traceparent: parentOf(newTraceId()) })).status).toBe(201);
  } finally {
    await bare.stop();
  }
});
