import { LedgerWriter } from '../services/publisher/helpers/ledger.ts';
import { seededOrders, type Choose } from './helpers/orders.ts';
import { deliveryFaults, LEASE_MS, relayAt, type Relay } from './helpers/relay.ts';
import { expectNone, openScene, type Scene } from './helpers/scene.ts';
import type { Gates } from './helpers/stage.ts';
import { SETTLED_AFTER_MS, Topic, type Delivery } from './helpers/topic.ts';

const RECORDS = 6;
/** Where a relay stops: taking, with the records in hand, and marking. */
const RELAY: Gates = { "where sink = $1 and shard = s.shard and state = 'waiting'": ['after'], 'on t."id" between': ['after'], 'update ledger l set': ['before', 'within', 'after'] };
const SHARDS: Gates = { 'returning r.shard, r.epoch, old.owner': ['before', 'after'], "until = '-infinity'": ['before', 'after'] };

let scene: Scene;
let ledger: LedgerWriter;
let orders = 0;
let firstId = 1_024;
beforeAll(async () => {
  scene = await openScene(['old', 'new', 'heir']);
  ledger = new LedgerWriter(scene.engine.url, 1);
});
afterAll(async () => {
  await ledger.close();
  await scene.close();
});

/** Records that are owed to a topic of their own. */
async function newOrder() {
  const order = { sink: `kafka:orders-${++orders}`, topic: new Topic(), clock: { ms: 1_000 }, firstId };
  firstId += 1_024;
  await ledger.insert(order.sink, order.firstId, RECORDS);
  return order;
}
type Order = Awaited<ReturnType<typeof newOrder>>;

/** A third relay, which has all the time in the world, goes on until nothing is owed any more. */
async function finish(order: Order): Promise<void> {
  const relay = relayAt(scene, scene.actor('heir'), order.topic.sink(order.sink, 'heir', () => 'acked'), () => order.clock.ms);
  for (let round = 0; round < 20; round++) {
    const [left] = await scene.engine.rows<{ n: number }>(`select count(*)::int as n from ledger where sink = $1 and state = 'waiting'`, [order.sink]);
    if (left?.n === 0) return;
    order.clock.ms += LEASE_MS + SETTLED_AFTER_MS;
    await scene.engine.rows(`update relay_shard set until = now() - interval '1 s' where sink = $1 and owner <> 'heir'`, [order.sink]);
    await scene.engine.rows(`update relay_member set until = now() - interval '1 s' where sink = $1 and node <> 'heir'`, [order.sink]);
    await relay.round();
    order.clock.ms += SETTLED_AFTER_MS;
    await relay.turn();
  }
}

interface Shape {
  mortals?: string[];
  cuts?: number;
  deliver?: (choose: Choose) => Delivery;
  /** The old owner gives its shard back, as when it stops, instead of falling asleep. */
  leaves?: boolean;
}

/** The old owner takes, sends and marks; its lease ends, or it leaves; the new owner does the same; records change in between. */
async function handOver(choose: Choose, { mortals = [], cuts = 0, deliver = () => 'acked', leaves = false }: Shape): Promise<{ faults: string[]; order: string[] }> {
  const order = await newOrder();
  const { sink, topic, clock } = order;
  let replacement: Relay | undefined;
  const { order: played } = await scene.play(choose, { gates: { old: { ...RELAY, ...SHARDS }, new: { ...RELAY, ...SHARDS } }, mortals, cuts }, (stage) => {
    const now = (name: string) => () => (stage.isDead(name) ? Infinity : clock.ms);
    const relay = (name: string) => relayAt(scene, scene.actor(name), topic.sink(sink, name, () => deliver(choose), stage), now(name));
    return {
      async old() {
        const old = relay('old');
        await old.round();
        await old.turn();
        await old.turn();
        if (!leaves) return;
        await old.leases.leave();
      },
      async new() {
        replacement = relay('new');
        for (let n = 0; n < 3; n++) {
          await stage.pass('new', 'looks for shards');
          await replacement.round();
          await replacement.turn();
        }
      },
      async writer() {
        for (let n = 0; n < 2; n++) {
          await stage.pass('writer', 'changes a record');
          await ledger.update([sink], order.firstId + n);
        }
      },
      async time() {
        await stage.pass('time', 'the lease ends by the clock of its owner');
        clock.ms += LEASE_MS;
        if (leaves) return;
        await stage.pass('time', 'the lease ends by the clock of the database');
        await scene.engine.rows(`update relay_shard set until = now() - interval '1 s' where sink = $1 and owner = 'old'`, [sink]);
        await stage.pass('time', 'so long that nothing can be under way any more');
        await topic.settled();
        clock.ms += SETTLED_AFTER_MS;
      },
    };
  });
  await finish(order);
  return { faults: await deliveryFaults(scene, sink, topic), order: played };
}

describe('F64 F66 a shard goes from one relay to another', () => {
  test.each([
    ['while its old owner sleeps wherever it likes', 1, {}],
    ['that the old one gives back', 1_000, { leaves: true }],
    ['whose old owner is killed', 2_000, { mortals: ['old'] }],
    ['with a connection cut anywhere, also between a mark and its answer', 3_000, { cuts: 1 }],
    ['F36 while some partitions acknowledge, and others lose messages or answers', 4_000, { deliver: (choose: Choose) => (['acked', 'unheard', 'lost'] as const)[choose(3)] ?? 'acked' }],
    ['F36 the same, and the old owner is killed', 5_000, { mortals: ['old'], deliver: (choose: Choose) => (['acked', 'unheard', 'lost'] as const)[choose(3)] ?? 'acked' }],
  ] satisfies [string, number, Shape][])('%s: everything arrives, in order for each record, and the ledger says where', async (_, seed, shape) => {
    await seededOrders(30, seed, async (choose) => {
      const { faults, order } = await handOver(choose, shape);
      expectNone(faults, order);
    });
  });
});

const FATES: readonly Delivery[] = ['acked', 'unheard', 'lost'];
const PARTIAL = FATES.flatMap((a) => FATES.flatMap((b) => FATES.map((c) => [a, b, c] as const)));

test.each(['marked', 'died before its mark', 'died between its mark and the answer'])('F36 whatever three partitions do, and the relay %s: the next one sends what the ledger does not know of, and nothing else', async (end) => {
  for (const fates of PARTIAL) {
    const order = await newOrder();
    const { sink, topic, clock } = order;
    const point = end === 'died before its mark' ? 'before' : 'after';
    const gates: Record<string, Gates> = end === 'marked' ? {} : { old: { 'update ledger l set': [point] } };
    await scene.play((options) => options - 1, { gates, mortals: ['old'] }, (stage) => ({
      async old() {
        const old = relayAt(scene, scene.actor('old'), topic.sink(sink, 'old', (partition) => fates[partition] ?? 'acked'), () => (stage.isDead('old') ? Infinity : clock.ms));
        await old.round();
        await old.turn();
      },
    }));
    await finish(order);
    expect({ fates, faults: await deliveryFaults(scene, sink, topic) }).toEqual({ fates, faults: [] });
    const known = end !== 'died before its mark';
    const copies = fates.map((fate) => (fate === 'lost' || (fate === 'acked' && known) ? 1 : 2));
    expect({ fates, copies: topic.partitions.map((log) => log.length / (RECORDS / 3)) }).toEqual({ fates, copies });
  }
});
