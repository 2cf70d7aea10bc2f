import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Bench } from '../harness/bench.ts';
import { median, percentile, type Turn } from '../harness/rounds.ts';
import type { Figure, Scenario } from '../harness/scenario.ts';
import type { TimedSpec } from '../load/copy.ts';
import type { HttpInit } from '../load/http-client.ts';
import type { Honoured, HonouringInit, HonouringSpec } from '../load/honouring.ts';
import type { Idled, IdleInit, IdleSpec } from '../load/idle-connections.ts';
import type { Offered, OpenLoopInit, OpenLoopSpec } from '../load/open-loop.ts';

const WRITERS = 2;
const BATCH = 1_000;
const PATH = '/api/v1/executions/batch';
/** Offered, of the best that was measured just before. */
const TIMES = 5;
/** Processes that share the offered load, so that none of them is what limits it. */
const PROCESSES = 2;
/** Of each: more calls than the edge lets in, so that refusals are what bounds them. */
const CONNECTIONS = 200;
const HONOURING = 4;
/** Share of the time in which queues fill; goodput is counted after it. */
const FILLING = 0.1;
const DEADLINE_MS = 25_000;
const GOODPUT_GOAL = 0.9;
const MEMORY_GOAL = 0.9;
const SAMPLE_MS = 250;
/** When memory is looked at, as shares of the time; unevenly, for what is let go at intervals may look level. */
const LOOKS = [0.23, 0.47, 0.71, 0.97];

interface Sizes {
  seconds: number;
  bestSeconds: number;
  rounds: number;
  idle: number;
}
const FULL: Sizes = { seconds: 120, bestSeconds: 5, rounds: 3, idle: 10_000 };
const QUICK: Sizes = { seconds: 8, bestSeconds: 1, rounds: 1, idle: 300 };

/** Whether five times too much leaves what can be done as it is. */
export const overload: Scenario = {
  name: 'overload',
  compares: `Batches of ${BATCH.toLocaleString('en')} offered at ${TIMES} times the best rate for two minutes by ${PROCESSES} processes that wait for no answer and heed no Retry-After, beside 10,000 idle connections and ${HONOURING} clients that heed it (edge, ${WRITERS} writers). Goodput: items answered 201 within these two minutes, without their first tenth, over the best rate of the same machine (8 calls at a time, before and after). The others: the deadline over the p99 of accepted calls; rows in the table over items answered 201; clients that heed Retry-After and got through over those who wanted to; memory in use after a full collection early over late.`,
  async run(bench) {
    const sizes = bench.quick ? QUICK : FULL;
    const databaseUrl = await bench.database();
    const fleet = await bench.fleet({ databaseUrl, writers: WRITERS, probed: true, settings: { REQUEST_DEADLINE: String(DEADLINE_MS) } });
    const closed = await bench.load<TimedSpec, Turn>('http-client.ts', { urls: fleet.urls, path: PATH, batch: BATCH, inFlight: 8 } satisfies HttpInit);
    const open = await Promise.all(Array.from({ length: PROCESSES }, () => bench.load<OpenLoopSpec, Offered>('open-loop.ts', { url: fleet.url, path: PATH, batch: BATCH, connections: CONNECTIONS } satisfies OpenLoopInit)));
    const honouring = await bench.load<HonouringSpec, Honoured>('honouring.ts', { url: fleet.url, path: PATH, batch: BATCH, clients: HONOURING } satisfies HonouringInit);
    const idle = await bench.load<IdleSpec, Idled>('idle-connections.ts', { url: fleet.url, connections: sizes.idle } satisfies IdleInit);
    await bench.keepApart();

    let closedItems = 0;
    const best = async (): Promise<number[]> => {
      const rates: number[] = [];
      for (let round = 0; round <= sizes.rounds; round++) {
        const turn = await closed.run({ seconds: sizes.bestSeconds });
        closedItems += turn.records;
        if (round > 0) rates.push(turn.records / turn.seconds); // the first warms up
      }
      return rates;
    };
    const before = await best();
    const began = performance.now();
    const countFrom = sizes.seconds * FILLING;
    const spec: OpenLoopSpec = { seconds: sizes.seconds, countFrom, itemsPerSecond: (Math.max(...before) * TIMES) / PROCESSES };
    const watching = watchMemory(bench, () => fleet.liveMemory(), sizes.seconds);
    const [offered, honoured, idled, memory] = await Promise.all([Promise.all(open.map((load) => load.run(spec))), honouring.run({ seconds: sizes.seconds, countFrom }), idle.run({ seconds: sizes.seconds }), watching]);
    bench.say(`overload: ${((performance.now() - began) / 1_000).toFixed(0)} s until the last client was through`);
    const after = await best();

    const sum = (of: (one: Offered) => number) => offered.reduce((total, one) => total + of(one), 0);
    const seconds = Math.max(...offered.map((one) => one.seconds));
    const counted = sizes.seconds - countFrom;
    const accepted = sum((one) => one.accepted) + honoured.accepted;
    const latencies = offered.flatMap((one) => one.latencies);
    const p99 = percentile(latencies, 0.99);
    const goodput = (sum((one) => one.inTime) + honoured.inTime) / counted;
    const told = accepted + closedItems;
    const untold = sum((one) => one.untold) + honoured.untold;
    const rows = await countRows(databaseUrl);
    const law = await fetch(`${fleet.url}/api/v1/verify`).then((r) => r.json() as Promise<{ holds?: boolean }>);
    const reference = median([...before, ...after]);
    return [
      {
        what: 'goodput', figure: goodput, unit: 'rows/s', reference, ratio: goodput / reference, absolute: true, goal: GOODPUT_GOAL, p50: percentile(latencies, 0.5), p99,
        note: `offered ${per(sum((one) => one.accepted + one.refused + one.untold + one.unsent) / seconds)} items/s, of which refused ${per(sum((one) => one.refused) / seconds)}, without a free connection ${per(sum((one) => one.unsent) / seconds)}, without an answer ${untold}; refusals without Retry-After: ${sum((one) => one.withoutRetryAfter)}; ${offered.flatMap((one) => one.errors)[0] ?? 'no other answers'}`,
      },
      { what: 'p99 of the accepted', figure: p99, unit: 'ms', reference: DEADLINE_MS, ratio: DEADLINE_MS / p99, absolute: true, goal: 1 },
      { what: 'accepted and there', figure: rows, unit: 'rows', reference: told, ratio: lossless(rows, told, untold) ? 1 : 0, absolute: true, goal: 1, note: `${untold} items of calls without an answer may be there too; the law ${law.holds === true ? 'holds' : `does not hold: ${JSON.stringify(law).slice(0, 300)}`}` },
      { what: 'clients that heed Retry-After', figure: honoured.through, unit: 'batches', reference: honoured.wanted, ratio: honoured.through / honoured.wanted, absolute: true, goal: 1, note: `${honoured.refusals} refusals on their way, at most ${honoured.mostTries} calls for one batch` },
      { what: 'idle connections kept', figure: idled.open, unit: 'connections', reference: sizes.idle, ratio: idled.open / sizes.idle, absolute: true, note: `fewest ${idled.fewest}, opened again ${idled.reopened}` },
      ...memoryFigures(memory, fleet.processes.map((p) => p.role)),
    ];
  },
};

/** Every item told stored is there; what is there beyond was sent by calls that nobody answered. */
function lossless(rows: number, told: number, untold: number): boolean {
  return rows >= told && rows <= told + untold;
}

interface MemorySeen {
  /** MB in use after a full collection: a look each, the processes in their order. */
  looks: number[][];
  /** Most that was resident, by class of process and number. */
  most: Map<string, number[]>;
}

async function watchMemory(bench: Bench, liveMemory: () => Promise<number[]>, seconds: number): Promise<MemorySeen> {
  const most = new Map<string, number[]>();
  const sampling = setInterval(() => {
    for (const [name, values] of Object.entries(bench.meter.memory())) most.set(name, values.map((mb, at) => Math.max(mb, most.get(name)?.[at] ?? 0)));
  }, SAMPLE_MS);
  const began = performance.now();
  const looks: number[][] = [];
  try {
    for (const share of LOOKS) {
      await sleep(Math.max(0, share * seconds * 1_000 - (performance.now() - began)));
      looks.push(await liveMemory());
    }
    return { looks, most };
  } finally {
    clearInterval(sampling);
  }
}

const CLASS_OF_ROLE = { edge: 'edge', writer: 'writers', relay: 'relay' } as const;

function memoryFigures({ looks, most }: MemorySeen, roles: readonly (keyof typeof CLASS_OF_ROLE)[]): Figure[] {
  return roles.map((role, at): Figure => {
    const nth = roles.slice(0, at).filter((other) => other === role).length;
    const live = looks.map((look) => look[at] ?? NaN);
    return {
      what: `memory, ${role} ${nth + 1}`, figure: Math.max(...live), unit: 'MB', ratio: Math.max(...live.slice(0, 2)) / Math.max(...live.slice(2)), absolute: true, goal: MEMORY_GOAL,
      note: `in use at ${LOOKS.map((share) => `${Math.round(share * 100)} %`).join(', ')}: ${live.map((mb) => mb.toFixed(0)).join(', ')} MB; most resident ${(most.get(CLASS_OF_ROLE[role])?.[nth] ?? NaN).toFixed(0)} MB`,
    };
  });
}

async function countRows(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM execution')).rows[0]?.n);
  } finally {
    await client.end();
  }
}

function per(value: number): string {
  return Math.round(value).toLocaleString('en');
}
