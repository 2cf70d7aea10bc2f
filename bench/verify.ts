/**
 * What checking the law costs: time and memory of the whole check, of a round in the background, and of reading the topic.
 * Run: node bench/verify.ts [--records 1000000] [--span 512] [--json]; --span 1 is a record a batch. It starts PostgreSQL
 * and Kafka in a temporary folder and takes them away again.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkKafka } from '../bin/verify/check-kafka.ts';
import { readSettings } from '../shared/config/load.ts';
import { connectDatabase } from '../shared/db/connect.ts';
import { migrate } from '../shared/db/migrate.ts';
import { checkLaw, WHOLE } from '../shared/law/check-law.ts';
import { LawWatch } from '../shared/law/law-watch.ts';
import execution from '../shared/records/execution.kind.ts';
import { startKafka } from '../shared/runtime/servers/kafka.ts';
import { startPostgres } from '../shared/runtime/servers/postgres.ts';
import { fill, TOPIC } from './verify/fill.ts';

const { values: options } = parseArgs({ options: { records: { type: 'string', default: '1000000' }, span: { type: 'string', default: '512' }, json: { type: 'boolean', default: false }, topic: { type: 'string', multiple: true } } });
const { settings } = readSettings({});
const TABLES = [{ kind: 'execution', table: 'execution', idColumn: 'id' }];
const LIMIT_MS = 600_000;
const say = (line: string) => void process.stderr.write(`${line}\n`);

/** Reading the topic has a process of its own, so that its memory is its own. */
async function readTopic(postgresUrl: string, kafkaBrokers: string): Promise<void> {
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
  const atRest = process.memoryUsage.rss();
  const began = performance.now();
  const { topics, breaches } = await checkKafka({ postgresUrl, kafkaBrokers, topics: [TOPIC], scope: { batchId: null, fromBatchId: null }, most: 10, onProgress: () => undefined });
  clearInterval(timer);
  console.log(JSON.stringify({ seconds: seconds(began), rssAtRestMb: mb(atRest), rssMostMb: mb(most), ...topics[TOPIC], breaches }));
}

async function measure(postgresUrl: string, brokers: string): Promise<void> {
  await migrate(postgresUrl, [execution], settings);
  const database = await connectDatabase(postgresUrl, [execution], settings, { max: 4, applicationName: 'sluice bench' });
  try {
    const records = Number(options.records);
    await fill(database.pool, brokers, records, Number(options.span));
    say('filled');
    const whole: number[] = [];
    for (let i = 0; i < 3; i++) {
      const began = performance.now();
      const report = await checkLaw(database.pool, TABLES, WHOLE, LIMIT_MS);
      if (!report.holds) throw new Error(JSON.stringify(report.breaches));
      whole.push(seconds(began));
    }
    const watch = new LawWatch({ pool: database.pool, tables: TABLES, timeoutMs: LIMIT_MS, newMs: 12_000, passMs: 1_200, pieceRows: 5_000, pieceIds: 262_144, now: () => performance.now() });
    const rounds: number[] = [];
    for (let passes = 0; passes < 1; ) {
      const state = await watch.round();
      if (state.breaches.length > 0) throw new Error(JSON.stringify(state.breaches));
      rounds.push(Math.round(state.tookMs) / 1_000);
      passes = state.passes;
    }
    const topic = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), '--topic', postgresUrl, '--topic', brokers], { encoding: 'utf8' });
    if (topic.status !== 0) throw new Error(topic.stderr);
    console.log(JSON.stringify({ records, span: Number(options.span), wholeSeconds: whole, backgroundRoundSeconds: rounds, topic: JSON.parse(topic.stdout) as unknown }, null, options.json ? 0 : 2));
  } finally {
    await database.close();
  }
}

const seconds = (began: number) => Math.round(performance.now() - began) / 1_000;
const mb = (bytes: number) => Math.round(bytes / 1_048_576);

const [url, brokers] = options.topic ?? [];
if (url !== undefined && brokers !== undefined) await readTopic(url, brokers);
else {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  await chmod(folder, 0o711);
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), log: say });
  const kafka = await startKafka({ dataDir: join(folder, 'kafka'), log: say });
  try {
    await measure(postgres.url, kafka.url);
  } finally {
    await kafka.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
