/**
 * The mutation check: breaks the core in fifty ways, one at a time, in copies of this checkout, and looks whether the tests notice.
 *
 *   npx node test/mutations/run.ts                    all of them (some ten minutes)
 *   npx node test/mutations/run.ts --only flush,claim
 *   npx node test/mutations/run.ts --markdown         the table for docs/testing.md
 *
 * Exit code 1 where fewer than 95 % were noticed, or an unbroken area fails.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { startGuard } from '../../shared/runtime/guard.ts';
import { startKafka } from '../../shared/runtime/servers/kafka.ts';
import { startNats } from '../../shared/runtime/servers/nats.ts';
import { startPostgres } from '../../shared/runtime/servers/postgres.ts';
import { AREAS } from './areas.ts';
import { mutated, type Area, type Mutation } from './mutation.ts';

const ROOT = join(import.meta.dirname, '../..');
const LEAST_SHARE = 0.95;
/** A mutant that hangs is noticed as well. */
const MOST_MS = 240_000;

const { values } = parseArgs({ options: { only: { type: 'string' }, markdown: { type: 'boolean', default: false } } });
const only = values.only?.split(',');
const areas = AREAS.filter((area) => only === undefined || only.includes(area.name));

interface Verdict {
  area: string;
  mutation: string;
  /** The test file that failed, `time` for one that hung, or undefined: nobody noticed. */
  killedBy: string | undefined;
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-mutations-'));
const guard = startGuard();
guard.removeFolder(folder);
const servers = await Promise.all([startPostgres, startNats, startKafka].map(async (start, no) => {
  const server = await start({ dataDir: join(folder, `server-${no}`), log: () => undefined });
  guard.register(server.pid, { signal: server.stopSignal, graceMs: 3_000 });
  return server;
}));
const env = { ...process.env, CI: '', TEST_POSTGRES_URL: servers[0]?.url, TEST_NATS_URL: servers[1]?.url, TEST_KAFKA_BROKERS: servers[2]?.url };
try {
  const verdicts = await checkAll();
  report(verdicts);
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  await guard.close();
  await rm(folder, { recursive: true, force: true });
}

async function checkAll(): Promise<Verdict[]> {
  const work: { area: Area; mutation: Mutation | undefined }[] = areas.flatMap((area) => [undefined, ...area.mutations].map((mutation) => ({ area, mutation })));
  const verdicts: Verdict[] = [];
  await Promise.all(Array.from({ length: Math.max(1, Math.floor(availableParallelism() / 2)) }, async (_, no) => {
    const tree = join(folder, `tree-${no}`);
    await copyTree(tree);
    for (let next = work.shift(); next !== undefined; next = work.shift()) {
      const { area, mutation } = next;
      const killedBy = mutation === undefined ? await runTests(tree, area) : await withMutation(tree, mutation, () => runTests(tree, area));
      process.stderr.write(`${area.name}: ${mutation?.name ?? 'unbroken'}: ${killedBy ?? 'all tests pass'}\n`);
      if (mutation !== undefined) verdicts.push({ area: area.name, mutation: mutation.name, killedBy });
      else if (killedBy !== undefined) throw new Error(`the tests of "${area.name}" fail without any mutation: ${killedBy}`);
    }
  }));
  return verdicts;
}

/** The files that git knows, as they are now. */
async function copyTree(tree: string): Promise<void> {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean);
  for (const file of files) {
    await mkdir(dirname(join(tree, file)), { recursive: true });
    await cp(join(ROOT, file), join(tree, file));
  }
  await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
}

async function withMutation<T>(tree: string, mutation: Mutation, run: () => Promise<T>): Promise<T> {
  const path = join(tree, mutation.file);
  const text = await readFile(path, 'utf8');
  await writeFile(path, mutated(text, mutation));
  try {
    return await run();
  } finally {
    await writeFile(path, text);
  }
}

/** Runs the area's tests one file after the other until one fails. */
async function runTests(tree: string, area: Area): Promise<string | undefined> {
  for (const file of area.tests) {
    const result = await runTest(tree, file);
    if (result !== 'passed') return result === 'failed' ? file : `${file} (time)`;
  }
  return undefined;
}

async function runTest(tree: string, file: string): Promise<'passed' | 'failed' | 'hung'> {
  const child = spawn(process.execPath, ['scripts/test.mjs', '--bail', '--forceExit', '--testTimeout=60000', file], { cwd: tree, env, stdio: 'ignore', detached: true });
  guard.register(child.pid ?? 0, { signal: 'SIGKILL', graceMs: 0 });
  return new Promise((resolve, reject) => {
    let hung = false;
    const timer = setTimeout(() => {
      hung = true;
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    }, MOST_MS);
    child.once('error', reject).once('exit', (code) => {
      clearTimeout(timer);
      resolve(hung ? 'hung' : code === 0 ? 'passed' : 'failed');
    });
  });
}

function report(verdicts: readonly Verdict[]): void {
  const order = areas.flatMap((area) => area.mutations.map((mutation) => verdicts.find((v) => v.area === area.name && v.mutation === mutation.name)).filter((v) => v !== undefined));
  const killed = order.filter((v) => v.killedBy !== undefined).length;
  const line = (cells: readonly string[]) => (values.markdown ? `| ${cells.join(' | ')} |` : cells.join('  '));
  if (values.markdown) console.log('| Area | What is broken | Noticed by |\n|---|---|---|');
  for (const { area, mutation, killedBy } of order) console.log(line([area, mutation, killedBy === undefined ? '**nobody**' : killedBy.replace(/^test\//, '')]));
  console.log(`\n${killed} of ${order.length} noticed (${((killed / order.length) * 100).toFixed(0)} %)`);
  if (killed / order.length < LEAST_SHARE) process.exitCode = 1;
}
