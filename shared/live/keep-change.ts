import type { SettingName } from '../config/settings.ts';
import { writeAudit, type Actor } from '../db/audit.ts';
import type { Ask } from '../db/in-transaction.ts';
import { CHANGE_SETTING, FORGET_SETTING, KEEP_SETTING, LOCK_SETTINGS } from '../db/queries/live-settings.ts';
import { SUPERSEDE_GUARD } from '../db/queries/setting-guards.ts';

/** One change of a live setting. */
export interface SettingChange {
  name: SettingName;
  /** Null: what the environment says holds again. */
  after: string | null;
  why: string | null;
  /** The change that it takes back. */
  reverts: number | null;
}

/**
 * Value, history and audit in one transaction: none of them is ever there without the others. A guard of the same setting ends.
 * @param detail what else the audit says
 * @returns the number of the change
 */
export async function keepChange(ask: Ask, { name, after, why, reverts }: SettingChange, actor: Actor, operation: 'settings.set' | 'settings.revert', detail: Record<string, unknown> = {}): Promise<number> {
  await ask(LOCK_SETTINGS, []);
  const [row] = await ask(CHANGE_SETTING, [name, after, actor.who, actor.requestId, why, reverts]);
  const change = Number(row?.[0]);
  await ask(SUPERSEDE_GUARD, [name, change]);
  await (after === null ? ask(FORGET_SETTING, [name]) : ask(KEEP_SETTING, [name, after, change]));
  await writeAudit(ask, actor, { operation, target: { setting: name }, outcome: 'done', detail: { change, from: row?.[1] ?? null, to: after, why, ...(reverts === null ? {} : { reverts }), ...detail } });
  return change;
}
