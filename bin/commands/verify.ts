import { InvalidArgumentError, Option, type Command } from 'commander';
import pc from 'picocolors';
import { BATCH_KIND, ITEM_KIND } from '../../shared/batches/batch-events.ts';
import type { VerifyReport } from '../../shared/law/report.ts';
import { firstUuidAt } from '../../shared/db/ledger-partitions.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { knownAddresses, urlOfRunning } from '../node/addresses.ts';
import { readSettingsOrFail } from '../node/settings.ts';
import { keyOption } from '../access-key.ts';
import { urlOption } from '../url-option.ts';
import type { KafkaCheck, KafkaCheckOptions } from '../verify/check-kafka.ts';
import { HttpClient, NoReply, type Reply } from '../send/http-client.ts';

import { readingProgress } from '../verify/progress.ts';
import { reportText, type Checked } from '../verify/report-text.ts';

interface VerifyOptions {
  url: URL;
  batch?: string;
  since?: string;
  timeout: number;
  kafka?: boolean;
  json?: boolean;
}

const DETAILS = `
Compares sources that know nothing of each other, in one snapshot of PostgreSQL: what batches asked for, what the ledger
counts, and the rows of the tables. accepted = written + rejected + withdrawn + pending; for each sink due = delivered +
waiting + dead + discarded + superseded; every row belongs to a slice of the ledger, and every slice has its rows.

Dead letters and replays are held against the rows that they rest on, records' versions against their updates.

With --kafka the topics are read from their beginning too: every record that the ledger calls delivered must be there, at the
offset that it says, none that it doesn't know, versions in order; duplicates are counted. That needs KAFKA_BROKERS and POSTGRES_URL,
or the Sluice that \`sluice up\` runs on SLUICE_DATA.

Exit code: 0 everything is accounted for, 1 something is not, 2 wrong arguments, 3 Sluice could not be reached or failed.

Examples:
  $ sluice verify
  $ sluice verify --batch 019a9f2c-6d1e-7c54-b6b1-0d0a52a8f001
  $ sluice verify --since 2026-11-22 --json | jq .breaches
  $ sluice verify --kafka
  $ SLUICE_DATA=.sluice-2 sluice verify --kafka --url http://127.0.0.1:8081
`;
/** Breaches that are named for a topic. */
const MOST = 100;

/** Adds `sluice verify`. */
export function register(program: Command): void {
  program
    .command('verify')
    .description('check that every accepted item is accounted for: batches, ledger, tables, and with --kafka the topics')
    .addOption(urlOption()).addOption(keyOption())
    .option('--batch <id>', 'only this batch')
    .option('--since <time>', 'only batches taken in since then, such as 2026-11-22 or 2026-11-22T10:00:00Z')
    .addOption(new Option('--timeout <seconds>', 'longest wait for the answer').default(150).argParser(secondsOf))
    .option('--kafka', 'read the topics too')
    .option('--json', 'as JSON')
    .addHelpText('after', DETAILS)
    .action(async (options: VerifyOptions) => {
      const checked = await check(options);
      process.stdout.write(options.json === true ? `${JSON.stringify(checked, null, 2)}\n` : reportText(checked, pc));
      process.exitCode = checked.holds ? EXIT.ok : EXIT.failed;
    });
}

async function check(options: VerifyOptions): Promise<Checked> {
  const addresses = options.kafka === true ? kafkaAddresses(options.url) : undefined;
  const report = await askGateway(options);
  const checked: Checked = { url: options.url.href, ...report, breaches: report.breaches.map((b) => ({ ...b, where: { ...b.where } as Record<string, string | number> })) };
  if (addresses === undefined) return checked;
  const kafka = await readTopics(options, report, addresses);
  return { ...checked, topics: kafka.topics, breaches: [...checked.breaches, ...kafka.breaches], more: checked.more || kafka.more, holds: checked.holds && kafka.breaches.length === 0 };
}

type KafkaAddresses = Pick<Required<KafkaCheckOptions>, 'postgresUrl' | 'kafkaBrokers' | 'reach'>;

/** @throws CliError before anything is asked, if it could not be finished, or would compare two Sluices with each other */
function kafkaAddresses(url: URL): KafkaAddresses {
  const settings = readSettingsOrFail();
  const { postgresUrl, kafkaBrokers } = knownAddresses(settings);
  const missing = [...(kafkaBrokers === '' ? ['KAFKA_BROKERS'] : []), ...(postgresUrl === '' ? ['POSTGRES_URL'] : [])];
  if (missing.length > 0) throw new CliError(`--kafka needs ${missing.join(' and ')}, for no Sluice runs here whose servers it could ask.`, EXIT.usage);
  const here = urlOfRunning(settings);
  const given = settings.postgresUrl !== '' && settings.kafkaBrokers !== '';
  if (!given && here !== '' && !sameSluice(url, new URL(here))) {
    throw new CliError(`--kafka would read the topics of the Sluice that runs on ${settings.dataDir} (${here}), not those of ${url.href}. Say --url ${here}; or, for the other one, name its folder with SLUICE_DATA, or its servers with KAFKA_BROKERS and POSTGRES_URL.`, EXIT.usage);
  }
  return { postgresUrl, kafkaBrokers, reach: settings };
}

async function askGateway({ url, batch, since, timeout }: VerifyOptions): Promise<VerifyReport> {
  const query = new URLSearchParams({ ...(batch === undefined ? {} : { batch }), ...(since === undefined ? {} : { since }) });
  const http = new HttpClient(url, 1);
  let reply: Reply;
  try {
    reply = await http.ask({ method: 'GET', path: `/api/v1/verify${query.size === 0 ? '' : `?${query.toString()}`}`, timeoutMs: timeout * 1_000 });
  } catch (error) {
    if (error instanceof NoReply) throw new CliError(`No Sluice answers at ${url.href} (${error.message}). \`npm start\` starts one; --url names another.`, EXIT.system, error);
    throw error;
  } finally {
    http.close();
  }
  if (reply.status === 200) return JSON.parse(reply.body) as VerifyReport;
  throw new CliError(`${url.href} answers ${reply.status}: ${detailOf(reply.body)}`, reply.status === 400 ? EXIT.usage : EXIT.system);
}

async function readTopics({ batch, since }: VerifyOptions, report: VerifyReport, addresses: KafkaAddresses): Promise<KafkaCheck> {
  const { checkKafka } = await import('../verify/check-kafka.ts');
  const topics = [...new Set(Object.values(report.kinds).flatMap(topicsOf))];
  const scope = { batchId: batch ?? null, fromBatchId: since === undefined ? null : firstUuidAt(new Date(since)) };
  const progress = readingProgress(process.stderr);
  try {
    return await checkKafka({ ...addresses, topics, ofEvents: new Set([BATCH_KIND, ITEM_KIND].flatMap((kind) => topicsOf(report.kinds[kind]))), scope, most: MOST, onProgress: progress.at });
  } catch (error) {
    throw new CliError(`The topics could not be compared with the ledger: ${error instanceof Error ? error.message : String(error)}`, EXIT.system, error);
  } finally {
    progress.stop();
  }
}

/** The topics that a kind's messages are due to. */
function topicsOf(kind: VerifyReport['kinds'][string] | undefined): string[] {
  return Object.keys(kind?.delivery ?? {}).filter((sink) => sink.startsWith('kafka:')).map((sink) => sink.slice('kafka:'.length));
}

/** Whether two addresses are of one Sluice: this machine's own addresses count as one. */
function sameSluice(a: URL, b: URL): boolean {
  const own = ({ hostname }: URL) => /^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\])$/.test(hostname);
  return portOf(a) === portOf(b) && (a.hostname === b.hostname || (own(a) && own(b)));
}

function portOf({ port, protocol }: URL): string {
  return port !== '' ? port : protocol === 'https:' ? '443' : '80';
}

function detailOf(body: string): string {
  try {
    return (JSON.parse(body) as { detail?: string }).detail ?? body.slice(0, 200);
  } catch {
    return body.slice(0, 200);
  }
}

function secondsOf(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 3_600) throw new InvalidArgumentError('It must be a whole number from 1 to 3600.');
  return value;
}
