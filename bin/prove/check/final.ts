import type { Chronicle } from '../chronicle.ts';
import type { LoadSeed } from '../load/items.ts';
import type { Journal } from '../load/journal.ts';
import type { Load } from '../load/load.ts';
import type { Scoreboard } from '../promises.ts';
import type { System } from '../system/system.ts';
import { checkAnswers } from './answers.ts';
import { checkOrders } from './orders.ts';
import { breachText, runVerify } from './law.ts';
import { judgeMemory, type MemoryWatch } from './memory.ts';
import { checkRevaluations } from './revaluations.ts';
import { untilQuiet } from './quiet.ts';
import type { TopicReader } from './read-new.ts';
import { rowsByMark } from './rows.ts';
import type { TopicWatch } from './topic.ts';

/** What the last check needs. */
export interface FinalTools {
  system: System;
  load: Load;
  loadSeed: LoadSeed;
  journal: Journal;
  chronicle: Chronicle;
  scoreboard: Scoreboard;
  watch: TopicWatch;
  reader: TopicReader;
  /** Of the topic of orders, from its beginning. */
  orderReader: TopicReader;
  memory: MemoryWatch;
  quietLimitMs: number;
  /** Since when the topic holds all there is, ISO 8601, where it was made anew in between. */
  topicSince: string | undefined;
  stage: (text: string) => void;
}

/** When all clients have ended: waits for quiet, then compares everything with everything. Returns the number of rows. */
export async function checkAll(tools: FinalTools): Promise<number> {
  const { system, scoreboard, stage, watch, chronicle } = tools;
  const { target } = system;
  stage('waiting until all is quiet');
  const owed = await untilQuiet(target, tools.quietLimitMs);
  scoreboard.tried('quiet');
  if (owed.batches > 0 || owed.rows > 0 || owed.orders > 0) scoreboard.broken('quiet', `${tools.quietLimitMs / 1_000} s after the last client: ${owed.batches} batches are open, ${owed.rows} ledger rows wait, ${owed.orders} orders are in submission`);
  for (const track of tools.memory.tracks) {
    scoreboard.tried('memory');
    const wrong = judgeMemory(track);
    if (wrong !== undefined) scoreboard.broken('memory', wrong);
  }
  stage('verify');
  await verify(tools);
  stage('reading the topic');
  await tools.reader.readNew((message) => watch.note(message));
  stage('comparing every answer with the tables');
  const states = new Map((await target.postgres.sql<{ id: string; state: 'open' | 'closed' }>('select id, state from batch')).map(({ id, state }) => [id, state]));
  const dead = new Set((await target.postgres.sql<{ id: string }>(`select record_id as id from dead_letter where state <> 'delivered'`)).map(({ id }) => Number(id)));
  const rows = await checkAnswers({
    load: tools.loadSeed, rows: rowsByMark(system.postgresUrl), journal: tools.journal, changes: tools.load.changes, batchState: (id) => states.get(id), chronicle, scoreboard,
    // A dead letter is known, and kept for its replay: it is no message that got lost.
    onRow: (row, entry) => watch.compare(row, entry, dead.has(row.id)),
  });
  watch.finish();
  await checkRevaluations(tools.load.revaluations, target.postgres, (id) => states.get(id), scoreboard, chronicle);
  await checkOrders({ load: tools.loadSeed, stories: tools.load.orders, postgres: target.postgres, trades: system.trades, reader: tools.orderReader, batchState: (id) => states.get(id), chronicle, scoreboard });
  return rows;
}

async function verify({ system, scoreboard, topicSince }: FinalTools): Promise<void> {
  const { target, edges } = system;
  const addresses = { url: edges[0] as string, postgresUrl: system.postgresUrl, kafkaBrokers: target.kafka.brokers };
  const runs = topicSince === undefined ? [['--kafka']] : [[], ['--kafka', '--since', topicSince]];
  for (const args of runs) {
    scoreboard.tried('law');
    const { breaches, holds } = await runVerify(addresses, args, target.stopped);
    for (const breach of breaches) scoreboard.broken('law', `verify ${args.join(' ')}: ${breachText(breach)}`);
    if (!holds && breaches.length === 0) scoreboard.broken('law', `verify ${args.join(' ')}: does not hold`);
  }
}
