import { batchesOf } from '../../../bin/send/batches.ts';
import type { Item } from '../../../bin/send/item.ts';
import { sendItems, type Run } from '../../../bin/send/send-items.ts';
import { NoReply, type Ask, type Reply } from '../../../bin/send/http-client.ts';
import { Tally } from '../../../bin/send/tally.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { collect } from './collect.ts';

async function* count(upTo: number, pulled: { items: number }): AsyncGenerator<Item> {
  for (let index = 0; index < upTo; index++) {
    pulled.items++;
    yield { index, line: index + 1, text: '{}' };
  }
}
function run(items: AsyncGenerator<Item>, ask: (a: Ask) => Promise<Reply>): Run {
  const giveUp = new AbortController();
  const sender = { http: { ask }, collection: 'executions', minimal: true, keyed: true, retries: 1_000, timeoutMs: 1_000, random: () => 0, signal: giveUp.signal, answered: true, onRetry: () => undefined };
  return { batches: batchesOf(items, 5), inFlight: 3, keyPrefix: 'k', sender, giveUp, stopped: () => false, tally: new Tally(), now: () => 0 };
}
const good: Reply = { status: 201, headers: {}, body: '{"status":"SUCCESS","results":[]}' };

describe('sendItems', () => {
  test('F41 reads no further than what is in flight', async () => {
    const pulled = { items: 0 };
    const held: (() => void)[] = [];
    const sending = run(count(100, pulled), () => new Promise((resolve) => held.push(() => resolve(good))));
    const done = sendItems(sending);
    await waitFor(() => held.length === 3, { what: 'three requests in flight' });
    expect(pulled.items).toBe(15);
    for (let answered = 0; answered < 20; answered++) {
      await waitFor(() => held.length > 0, { what: 'the next request' });
      held.shift()?.();
    }
    expect(await done).toBeUndefined();
    expect(sending.tally).toMatchObject({ sent: 100, successful: 100 });
  });

  test('after an error the others are not tried again, and every item sent is accounted for', async () => {
    const sending = run(count(100, { items: 0 }), async ({ headers }) => {
      if (headers?.['Idempotency-Key'] === 'k-2') return { status: 401, headers: {}, body: '' };
      throw new NoReply('reset', false);
    });
    expect((await sendItems(sending))?.message).toContain('401');
    expect(sending.tally).toMatchObject({ sent: 15, successful: 0, unknown: 15 });
  });
});

test('batchesOf cuts the same input in the same way, and large items into smaller batches', async () => {
  const large = async function* (): AsyncGenerator<Item> {
    for (let index = 0; index < 7; index++) yield { index, line: 1, text: 'x'.repeat(1_500_000) };
  };
  const cut = async () => (await collect(batchesOf(large(), 5))).map((b) => [b.number, b.items.length]);
  expect(await cut()).toEqual([[1, 2], [2, 2], [3, 2], [4, 1]]);
  expect(await cut()).toEqual(await cut());
});
