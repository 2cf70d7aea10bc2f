/**
 * What the way from a body's bytes to its items costs, per record, against bare JSON.parse of the same bytes.
 * Run: node bench/micro/parse.ts [--json]. Each figure is the best sixteenth of many runs, so that what else the machine does weighs little.
 */
import { parseEnvelope } from '../../services/gateway/body/parse-json.ts';
import { parseNdjson } from '../../services/gateway/body/parse-ndjson.ts';

const RECORDS = 1_000;
const RUNS = 300;

/** A record of about 250 bytes; every `longEvery`-th has a price of 17 digits. */
function record(index: number, longEvery: number): string {
  const long = longEvery > 0 && index % longEvery === 0;
  return JSON.stringify({
    executionStatus: 'NEW',
    tradeType: index % 2 === 0 ? 'BUY' : 'SELL',
    destination: 'NYSE-ARCA',
    securityId: (0x60000000 + index).toString(16).padStart(24, '5'),
    quantity: 100 + index,
    limitPrice: '@',
    tradeServiceExecutionId: 1_000_000 + index,
    quantityFilled: 0,
    averagePrice: null,
    receivedTimestamp: null,
    version: 1,
  }).replace('"@"', long ? '123456789.12345678' : `${100 + (index % 50)}.125`);
}

function records(longEvery: number): string[] {
  return Array.from({ length: RECORDS }, (_, index) => record(index, longEvery));
}

/** Microseconds per record that one run in sixteen stays below. */
function measure(work: () => unknown): number {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const started = performance.now();
    work();
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  return ((times[RUNS >> 4] as number) * 1_000) / RECORDS;
}

function envelope(items: string[]): Buffer {
  return Buffer.from(`{"executions":[${items.join(',')}]}`);
}

const plain = envelope(records(0));
const wide = Buffer.from(plain.toString().replaceAll('NYSE-ARCA', 'BÖRSE-Z€'));
const hundredth = envelope(records(100));
const all = envelope(records(1));
const lines = Buffer.from(records(0).join('\n'));
const bare = (body: Buffer) => () => JSON.parse(body.toString()) as unknown;
const whole = (body: Buffer) => () => parseEnvelope(body, { member: 'executions' });

const cases: [name: string, body: Buffer, work: () => unknown][] = [
  ['plain', plain, whole(plain)],
  ['plain, not ASCII', wide, whole(wide)],
  ['1 % long decimals', hundredth, whole(hundredth)],
  ['all long decimals', all, whole(all)],
  ['plain, NDJSON', lines, () => parseNdjson(lines)],
];
const rows = cases.map(([name, body, work]) => {
  const base = body === lines ? bare(plain) : bare(body);
  measure(base); // warm
  measure(work);
  const parse = measure(base);
  const ours = measure(work);
  return { body: name, bytesPerRecord: Math.round(body.length / RECORDS), microseconds: round(ours), jsonParse: round(parse), ratio: round(ours / parse) };
});

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

if (process.argv.includes('--json')) console.log(JSON.stringify(rows));
else console.table(rows);
