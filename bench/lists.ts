/**
 * Lists over many records: p50 and p99 of each filter and sort, through the same code that answers GET, and what each
 * secondary index costs a flush. Fills a database of its own, which is dropped at the end.
 * Run: node bench/lists.ts [--rows 10000000] [--runs 100] [--json] [--url postgres://...]; without --url it starts a
 * PostgreSQL of its own in a temporary folder.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { listRecords } from '../services/gateway/list/list-records.ts';
import { parseListQuery } from '../services/gateway/list/parse-list-query.ts';
import { recordReader, type RecordReader } from '../services/gateway/list/record-reader.ts';
import { readSettings } from '../shared/config/load.ts';
import { connectDatabase, type Database } from '../shared/db/connect.ts';
import { migrate } from '../shared/db/migrate.ts';
import { columnsOf } from '../shared/records/columns.ts';
import execution from '../shared/records/execution.kind.ts';
import { compileWire } from '../shared/records/wire.ts';
import { startPostgres } from '../shared/runtime/servers/postgres.ts';
import { CASES, type ListCase } from './lists/cases.ts';
import { generate } from './lists/generate.ts';
import { measureIndexes, type IndexCost } from './lists/index-cost.ts';
import { percentile } from './lists/percentile.ts';

/** What issue and API promise, in ms. */
const PROMISE_MS = 50;
const WARM = 8;

interface Measured extends ListCase {
  matches: number;
  estimate: boolean;
  p50: number;
  p99: number;
}

const { values: options } = parseArgs({ options: { rows: { type: 'string', default: '10000000' }, runs: { type: 'string', default: '100' }, json: { type: 'boolean', default: false }, url: { type: 'string' } } });
const rows = Number(options.rows);
const runs = Number(options.runs);
const { settings } = readSettings({});
const say = (line: string) => void process.stderr.write(`${line}\n`);

async function main(url: string): Promise<void> {
  await migrate(url, [execution], settings);
  const database = await connectDatabase(url, [execution], settings, { max: 6, applicationName: 'sluice bench' });
  try {
    const began = performance.now();
    await fill(database);
    say(`${rows} records are there after ${((performance.now() - began) / 1000).toFixed(0)} s.`);
    const columns = columnsOf(database.orm, execution);
    const reader = recordReader(database.pool, execution, columns, compileWire(execution, columns), settings.statementTimeout);
    const lists: Measured[] = [];
    for (const one of CASES) lists.push(await measure(reader, one));
    const indexes = await measureIndexes(database.pool, 100_000_000);
    if (options.json) console.log(JSON.stringify({ rows, runs, lists, indexes }));
    else print(lists, indexes);
  } finally {
    await database.close();
  }
}

/** Fills the tables without their secondary indexes and makes those afterwards: many times faster, and the same in the end. */
async function fill(database: Database): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query(`set statement_timeout = 0; set transaction_timeout = 0; set maintenance_work_mem = '512MB'`);
    const { rows: indexes } = await client.query<{ name: string; definition: string }>(`select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index where indrelid = 'execution'::regclass and not indisprimary`);
    await client.query(`drop index ${indexes.map((index) => index.name).join(', ')}`);
    await generate(database.pool, rows, 4);
    for (const { definition } of indexes) await client.query(definition);
    await client.query('vacuum (analyze) execution');
    await client.query('vacuum (analyze) ledger');
  } finally {
    client.release(true);
  }
}

async function measure(reader: RecordReader, one: ListCase): Promise<Measured> {
  const query = parseListQuery(execution, new URLSearchParams(one.query), 'reject');
  const times: number[] = [];
  let pagination;
  for (let i = 0; i < WARM + runs; i++) {
    reader.largeTotals.clear(); // as if nobody had asked for this filter before
    const started = performance.now();
    ({ pagination } = await listRecords(reader, query));
    if (i >= WARM) times.push(performance.now() - started);
  }
  const measured = { ...one, matches: pagination?.totalElements ?? 0, estimate: pagination?.totalIsEstimate === true, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
  say(`${measured.p50.toFixed(1)} / ${measured.p99.toFixed(1)} ms  ${one.query}`);
  return measured;
}

function print(lists: readonly Measured[], indexes: readonly IndexCost[]): void {
  let group = '';
  for (const one of lists) {
    if (one.group !== group) console.log(`\n${(group = one.group)}${' '.repeat(64 - group.length)}   matches    p50 ms    p99 ms`);
    console.log(`${(one.query === '' ? '(all)' : one.query).padEnd(64)}${`${one.estimate ? '~' : ''}${one.matches}`.padStart(10)}${one.p50.toFixed(1).padStart(10)}${one.p99.toFixed(1).padStart(10)}${one.p99 > PROMISE_MS ? `  above ${PROMISE_MS}` : ''}`);
  }
  console.log(`\ninsert of 500 rows, median${' '.repeat(48)}ms     ratio`);
  for (const { name, ms, ratio } of indexes) console.log(`${name.padEnd(66)}${ms.toFixed(2).padStart(10)}${ratio.toFixed(2).padStart(10)}`);
}

async function withDatabase(server: string, work: (url: string) => Promise<void>): Promise<void> {
  const name = `bench_lists_${randomBytes(4).toString('hex')}`;
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
    const url = new URL(server);
    url.pathname = `/${name}`;
    try {
      await work(url.href);
    } finally {
      await client.query(`drop database if exists ${name} with (force)`);
    }
  } finally {
    await client.end();
  }
}

if (options.url !== undefined) await withDatabase(options.url, main);
else {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  await chmod(folder, 0o711);
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), log: say });
  try {
    await withDatabase(server.url, main);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
