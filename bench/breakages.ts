/**
 * The show of what goes wrong: a fleet of its own, with keys and clients, is broken in five ways; each is seen in the console, mended with
 * the commands of docs/runbook.md alone, and checked. Prints what was done as Markdown (docs/breakages.md), and takes the console's
 * pictures (docs/images/breakage-*.png). What goes on meanwhile is told on stderr.
 *
 *   npx node bench/breakages.ts [--only kafka-away,slow-database] > docs/breakages.md
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadSettings } from '../shared/config/load.ts';
import { startSystem, type System } from '../bin/prove/system/system.ts';
import { allBreakages } from './breakages/all.ts';
import type { Breakage, Broken } from './breakages/breakage.ts';
import { startClients } from './breakages/clients.ts';
import { openPictures, type Pictures } from './breakages/pictures.ts';
import { firstFinding, storyMarkdown, type Story } from './breakages/report.ts';
import { runCommand } from './breakages/run-command.ts';
import { watchLive, type LiveWatch } from './breakages/watch-live.ts';

const FLEET = { edge: 1, writer: 2, relay: 1 };
const ORDINARY = { senders: 3, items: 100, pauseMs: 120 };
const LITTLE = { senders: 1, items: 2, pauseMs: 400 };
/** Longer than the charts of the console need to show how it was before. */
const CALM_MS = 20_000;
const SEEN_MS = 90_000;
const MENDED_MS = 180_000;
/** It must be so for as many seconds, for what is slow comes and goes. */
const SURE = 4;
const LATER_MS = 6_000;
const HEAD = `# Five breakages

What \`npx node bench/breakages.ts\` did and saw: a fleet of an edge, two writers and a relay, with PostgreSQL, NATS and Kafka of its own, is broken in five ways while clients send. Each is seen in the console
and mended with the commands of the [runbook](runbook.md) alone. The words in italics are what others did: whoever runs Kafka, or the database.
`;

const { values: options } = parseArgs({ options: { only: { type: 'string' } } });
const began = performance.now();
const say = (text: string) => process.stderr.write(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${text}\n`);
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort(new Error(signal)));

say('starting a fleet');
const system = await startSystem({ settings: loadSettings().settings, shape: FLEET, stopped: stopped.signal, tell: say });
try {
  await show(system);
} finally {
  await system.stop(false);
}

async function show({ target, edges: [url = ''], folder, postgresUrl }: System): Promise<void> {
  const env = { SLUICE_URL: url, POSTGRES_URL: postgresUrl, KAFKA_BROKERS: target.kafka.brokers, SLUICE_DATA: folder.path };
  const keyFor = async (client: string, roles: string) => (JSON.parse((await runCommand(`bin/sluice key create ${client} --roles ${roles} --json`, env)).outs.join('')) as { key: string }).key;
  const keys = { ada: await keyFor('ada', 'read,operate'), office: await keyFor('back-office', 'submit'), loader: await keyFor('bulk-loader', 'submit') };
  await sleep(LATER_MS); // every edge knows the keys within two seconds
  const clients = startClients(url);
  const live = watchLive(url, () => keys.ada);
  const pictures = await openPictures(url, keys.ada);
  try {
    const chosen = allBreakages(() => keys.loader).filter(({ name }) => options.only === undefined || options.only.split(',').includes(name));
    process.stdout.write(`${HEAD}\n`);
    for (const breakage of chosen) {
      const end = clients.begin({ ...(breakage.quietly === true ? LITTLE : ORDINARY), key: () => keys.office });
      process.stdout.write(`${storyMarkdown(await play(breakage, { target, clients }, live, pictures, { ...env, SLUICE_KEY: keys.ada }))}\n`);
      await end();
      await live.until('everything to be delivered', ({ stages }) => stages.ledger.waiting === 0, { times: 1, timeoutMs: MENDED_MS });
    }
    await clients.stop();
    const { written, unknown } = clients.told;
    const [{ rows } = { rows: 0 }] = await target.postgres.sql<{ rows: number }>('select count(*)::int as rows from execution');
    if (rows < written || rows > written + unknown) throw new Error(`clients were told of ${written} written items (${unknown} unknown), and there are ${rows}`);
    process.stdout.write(`## At the end\n\nClients were told of ${written.toLocaleString('en')} written items, and of ${unknown.toLocaleString('en')} whose fate was not known then; ${rows.toLocaleString('en')} are in the table. Answers by status: ${[...clients.told.statuses].map(([status, n]) => `${n.toLocaleString('en')} × ${status}`).join(', ')}.\n`);
  } finally {
    await clients.stop();
    await pictures.close();
    await live.stop();
  }
}

async function play(breakage: Breakage, broken: Broken, live: LiveWatch, pictures: Pictures, env: Record<string, string>): Promise<Story> {
  const { name, title, steps, views, section } = breakage;
  say(`${title}: calm before it`);
  await pictures.go('flow');
  await sleep(CALM_MS);
  say(breakage.says);
  const from = performance.now();
  const putRight = await breakage.inflict(broken);
  try {
    await live.until(`the console to say that ${title}`, (snapshot) => breakage.shows(snapshot), { times: 1, timeoutMs: SEEN_MS });
    const seenAfterS = secondsSince(from);
    await sleep(LATER_MS);
    const finding = live.newest === undefined ? '' : firstFinding(live.newest);
    say(`after ${seenAfterS} s: ${finding}`);
    const taken = [await pictures.take(name, 'flow')];
    for (const view of views) taken.push(await pictures.take(`${name}-${view}`, view));
    const done: Story['done'] = [];
    for (const step of steps) {
      if ('act' in step) {
        say(step.says);
        await step.act(broken);
        done.push({ says: step.says });
        continue;
      }
      say(`$ ${step.run.replaceAll('\n', '; ')}`);
      const { code, outs } = await runCommand(step.run, env);
      if (code !== 0) throw new Error(`a command of "${section}" ended with ${code}:\n${step.run}\n${outs.join('')}`);
      done.push({ says: step.says, run: step.run.split('\n').map((line, i) => ({ line, out: outs[i] ?? '' })) });
    }
    const mending = performance.now();
    await live.until(`${title} to be over`, (snapshot) => snapshot.findings.length === 0 && (breakage.isOver?.(snapshot) ?? true), { times: SURE, timeoutMs: MENDED_MS });
    const mendedAfterS = secondsSince(mending);
    const { code, outs } = await runCommand('bin/sluice verify', env);
    if (code !== 0) throw new Error(`the law is broken after ${title}:\n${outs.join('')}`);
    const verdict = outs.join('').trim().split('\n').at(-1) ?? '';
    say(`mended after ${mendedAfterS} s; ${verdict}`);
    return { breakage, seenAfterS, finding, pictures: taken, done, mendedAfterS, verdict };
  } finally {
    await putRight();
  }
}

function secondsSince(from: number): number {
  return Math.round((performance.now() - from) / 1_000);
}
