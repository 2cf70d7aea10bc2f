import type { PlannedMessage, ReplayPlan } from '../../../shared/contracts/dead-letters.ts';
import type { Ask } from '../../../shared/db/in-transaction.ts';
import { currentVersions, FIRST_OF_PLAN, planReplay as planStatement } from '../../../shared/db/queries/dead-letter-operations.ts';
import { COUNT_BEHIND } from '../../../shared/db/queries/dead-letters.ts';
import type { LetterDesk, Selection } from './desk.ts';
import { selected } from './select-letters.ts';

/** Messages that a plan lists one by one. */
const LISTED = 100;

/** What a replay of the selected would do now; reads only. */
export async function planReplay(ask: Ask, desk: LetterDesk, selection: Selection, sink: string, rate: number): Promise<ReplayPlan> {
  const chosen = selected(selection);
  const places = (await ask(planStatement(desk.stateTables), chosen)).map(([topic, partition, count, gone]) => ({ topic: topic as string | null, partition: partition as number | null, messages: (count as number) - (gone as number), gone: gone as number }));
  const wouldSend = places.reduce((sum, p) => sum + p.messages, 0);
  const wouldSupersede = places.reduce((sum, p) => sum + p.gone, 0);
  const total = wouldSend + wouldSupersede;
  return {
    dryRun: true, sink, rate, total, wouldSend, wouldSupersede, seconds: Math.ceil(total / rate),
    destinations: places.filter((p) => p.messages > 0).map(({ topic, partition, messages }) => ({ topic, partition, messages })),
    first: await firstOf(ask, desk, chosen),
  };
}

async function firstOf(ask: Ask, desk: LetterDesk, chosen: unknown[]): Promise<PlannedMessage[]> {
  const rows = (await ask(FIRST_OF_PLAN, [...chosen, LISTED])).map(([id, kind, recordId, version, topic, partition, stoodFor, deletion]) => ({ stoodFor: stoodFor as boolean, deletion: deletion as boolean, letter: { id: Number(id), kind: kind as string, recordId: Number(recordId), version: version as number, topic: topic as string | null, partition: partition as number | null } }));
  const versions = new Map<string, Map<number, number>>();
  for (const table of desk.stateTables) {
    const ids = rows.filter(({ letter }) => letter.kind === table.kind).map(({ letter }) => letter.recordId);
    versions.set(table.kind, new Map(ids.length === 0 ? [] : (await ask(currentVersions(table), [ids])).map(([id, version]) => [Number(id), version as number])));
  }
  const events = rows.filter(({ letter }) => !versions.has(letter.kind)).map(({ letter }) => letter.id);
  const behind = new Map(events.length === 0 ? [] : (await ask(COUNT_BEHIND, [events])).map(([id, count]) => [Number(id), count as number]));
  return rows.map(({ letter, stoodFor, deletion }): PlannedMessage => {
    const current = versions.get(letter.kind);
    const sendsVersion = current === undefined ? letter.version : stoodFor ? null : deletion ? letter.version : (current.get(letter.recordId) ?? null);
    return { ...letter, outcome: sendsVersion === null ? 'supersede' : 'send', sendsVersion, waitingBehind: behind.get(letter.id) ?? 0 };
  });
}
