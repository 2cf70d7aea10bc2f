import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Bench } from '../harness/bench.ts';
import { interleave, medianRatio, type Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { Load } from '../harness/start-load.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';
import type { ProducerInit } from '../load/producer.ts';

const WRITERS = 2;
const BATCH = 1_000;
const IN_FLIGHT = 4;
const GOAL = 0.8;
const DELIVERED_MS = 60_000;

/** The whole way, from the first POST until Kafka has acknowledged the last record. */
export const endToEnd: Scenario = {
  name: 'kafka',
  compares: `Records from the first POST (batches of ${BATCH.toLocaleString('en')}, ${IN_FLIGHT} at a time; edge, ${WRITERS} writers) until the ledger holds Kafka's acknowledgement of the last one, with bare kafkajs producers that send like messages from memory, alone on the machine, in as many processes as there are relays.`,
  async run(bench) {
    const figures: Figure[] = [];
    for (const relays of bench.quick ? [1] : [1, 2]) {
      figures.push(await measure(bench, relays));
      await bench.endScenario();
    }
    return figures;
  },
};

async function measure(bench: Bench, relays: number): Promise<Figure> {
  const databaseUrl = await bench.database();
  const fleet = await bench.fleet({ databaseUrl, writers: WRITERS, relays });
  const client = await bench.load<TimedSpec, Turn>('http-client.ts', { urls: fleet.urls, path: '/api/v1/executions/batch', batch: BATCH, inFlight: IN_FLIGHT } satisfies HttpInit);
  const init: ProducerInit = { kafkaBrokers: await bench.kafkaBrokers(), topic: `${fleet.topic}-bare` };
  const producers: Load<TimedSpec, Turn>[] = [];
  for (let i = 0; i < relays; i++) producers.push(await bench.load<TimedSpec, Turn>('producer.ts', init, 'producer'));
  const spec: TimedSpec = { seconds: bench.quick ? 0.4 : 1.5 };
  const sluice = async (): Promise<Turn> => {
    const turn = await client.run(spec);
    const tail = await untilDelivered(databaseUrl);
    return { ...turn, seconds: turn.seconds + tail };
  };
  const bare = async (): Promise<Turn> => {
    const turns = await Promise.all(producers.map((producer) => producer.run(spec)));
    return { records: turns.reduce((sum, t) => sum + t.records, 0), seconds: Math.max(...turns.map((t) => t.seconds)) };
  };
  const sides = await interleave(bench.meter, bench.quick ? 1 : 3, { sluice, bare });
  return {
    what: `${relays} relay${relays === 1 ? '' : 's'}`,
    figure: sides.sluice.rate,
    unit: 'records/s',
    reference: sides.bare.rate,
    ratio: medianRatio(sides.sluice, sides.bare),
    goal: GOAL,
    cpu: sides.sluice.cpu,
    referenceCpu: sides.bare.cpu,
    note: sides.sluice.errors[0] ?? `cores in use: ${inWords(sides.sluice.cores)}`,
  };
}

/** Waits until no ledger row is owed to Kafka; seconds it took. */
export async function untilDelivered(databaseUrl: string): Promise<number> {
  const began = performance.now();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (;;) {
      const { rows } = await client.query<{ left: boolean }>(`SELECT EXISTS (SELECT FROM ledger WHERE state = 'waiting') AS left`);
      if (rows[0]?.left !== true) return (performance.now() - began) / 1_000;
      if (performance.now() - began > DELIVERED_MS) throw new Error(`not everything was delivered within ${DELIVERED_MS} ms`);
      await sleep(10);
    }
  } finally {
    await client.end();
  }
}

/** Cores by class of process, most first. */
export function inWords(cores: Record<string, number>): string {
  const used = Object.entries(cores).filter(([, n]) => n >= 0.05).sort((a, b) => b[1] - a[1]);
  return `${used.map(([name, n]) => `${name} ${n.toFixed(1)}`).join(', ')}; ${used.reduce((sum, [, n]) => sum + n, 0).toFixed(1)} in all`;
}
