import { nearest, parseSetting } from '../../../shared/config/load.ts';
import { envOf, SETTINGS, type SettingName, type SettingRow } from '../../../shared/config/settings.ts';
import { inTransaction, type Ask } from '../../../shared/db/in-transaction.ts';
import { LIVE_SETTINGS, LOCK_SETTINGS, SETTING_CHANGE, SETTING_CHANGES } from '../../../shared/db/queries/live-settings.ts';
import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { SETTINGS_CHANGED } from '../../../shared/live/follow-settings.ts';
import { keepChange } from '../../../shared/live/keep-change.ts';
import type { OperationName } from '../../../shared/operations/operations.ts';
import type { ArgumentValues } from '../../../shared/operations/operation.ts';
import { askAll } from '../../../shared/runtime/fleet.ts';
import { toIso } from '../../../shared/records/wire.ts';
import { askBaseline, openGuard, shownGuard } from './guards.ts';
import type { OperateTools, Run } from './handlers.ts';

const ASK_MS = 1_500;
const DEFAULT_LIMIT = 50;
const NAMES = Object.keys(SETTINGS) as SettingName[];

type Value = string | number | boolean;
interface Live {
  value: string;
  change: number;
  at: string;
  who: string;
}

/** What the operations on settings do. */
export function settingsOperations({ node, broker }: OperateTools): Record<Extract<OperationName, `settings.${string}`>, Run> {
  const { database: { pool }, settings } = node;
  const run = (statement: NamedStatement, values: unknown[]) => runStatement(pool, statement, values, settings.statementTimeout);
  const write = <T>(work: (ask: Ask) => Promise<T>) => inTransaction(pool, 'write', settings.transactionTimeout, work);
  const readLive = async () => new Map((await run(LIVE_SETTINGS, [])).map(([name, value, change, at, who]): [string, Live] => [name as string, { value: value as string, change: Number(change), at: toIso(at), who: who as string }]));
  const nodesOf = async (name: SettingName) => {
    const { answers, silent } = await askAll(broker, 'node.about', ASK_MS);
    return { nodes: answers.map((about) => ({ node: about.node, value: about.settings[name] ?? null })).sort((a, b) => (a.node < b.node ? -1 : 1)), silent };
  };
  const shown = (name: SettingName, live: Live | undefined) => {
    const row: SettingRow = SETTINGS[name];
    return {
      name, variable: envOf(name), group: row.group, meaning: row.meaning, value: row.secret === true && settings[name] !== '' ? '(set, hidden)' : settings[name], default: row.default,
      ...unitAndBounds(name), live: row.live === true, changed: live === undefined ? null : { change: live.change, at: live.at, who: live.who },
    };
  };
  return {
    'settings.list': async ({ changed }) => {
      const live = await readLive();
      return { settings: NAMES.filter((name) => changed !== true || live.has(name)).map((name) => shown(name, live.get(name))) };
    },
    'settings.get': async (given) => {
      const name = nameOf(given);
      const [live, nodes, [newest]] = await Promise.all([readLive(), nodesOf(name), run(SETTING_CHANGES, [name, 1])]);
      return { ...shown(name, live.get(name)), guard: shownGuard(newest?.[9]), ...(isLive(name) ? nodes : {}) };
    },
    'settings.history': async (given) => {
      const name = given.setting === undefined ? null : nameOf({ name: given.setting });
      const rows = await run(SETTING_CHANGES, [name, given.limit ?? DEFAULT_LIMIT]);
      return { content: rows.map(([change, setting, before, after, who, why, at, reverts, revertedBy, guard]) => ({ change: Number(change), setting, from: before, to: after, who, why, at: toIso(at), reverts: numberOrNull(reverts), revertedBy: numberOrNull(revertedBy), guard: shownGuard(guard) })) };
    },
    'settings.set': async (given, actor) => {
      const name = nameOf(given);
      if (!isLive(name)) throw new ProblemError({ status: 409, code: 'not-live', title: 'Not while Sluice runs', detail: `${name} can't be changed while Sluice runs: set ${envOf(name)} and start the nodes again.` });
      const parsed = parseSetting(SETTINGS[name], String(given.value));
      if ('fault' in parsed) throw new ProblemError({ status: 400, code: 'invalid-value', title: 'Invalid value', detail: `${name} ${parsed.fault}.`, errors: [{ pointer: '/value', code: 'range', message: parsed.fault }] });
      const guardMs = given.guard === undefined ? undefined : Number(given.guard);
      const [onNodes, before] = await Promise.all([nodesOf(name), guardMs === undefined ? undefined : askBaseline(broker)]);
      const preview = { setting: name, from: settings[name], to: parsed.value, ...unitAndBounds(name), ...onNodes, ...(before === undefined ? {} : { guard: { ms: guardMs, before } }) };
      if (given.dryRun === true) return { dryRun: true, ...preview };
      const change = await write(async (ask) => {
        const kept = await keepChange(ask, { name, after: String(parsed.value), why: textOrNull(given.why), reverts: null }, actor, 'settings.set', guardMs === undefined ? {} : { guardMs });
        if (guardMs !== undefined && before !== undefined) await openGuard(ask, { change: kept, name, forMs: guardMs, before });
        return kept;
      });
      await broker.broadcast(SETTINGS_CHANGED, {});
      return { change, ...preview };
    },
    'settings.revert': async (given, actor) => {
      const reverts = Number(given.change);
      const reverted = await write(async (ask) => {
        await ask(LOCK_SETTINGS, []);
        const [found] = await ask(SETTING_CHANGE, [reverts]);
        if (found === undefined) throw new ProblemError({ status: 404, code: 'not-found', title: 'No such change', detail: `There is no change ${reverts}; GET /api/v1/settings/history lists them.` });
        const [setting, before, after, newest] = found as [SettingName, string | null, string | null, boolean];
        if (!newest) throw new ProblemError({ status: 409, code: 'not-newest', title: 'Not the newest change', detail: `${setting} was changed again after change ${reverts}: take the newest one back, or set the value that you want.` });
        const preview = { setting, from: after, to: before, ...unitAndBounds(setting) };
        if (given.dryRun === true) return { dryRun: true, ...preview };
        return { change: await keepChange(ask, { name: setting, after: before, why: textOrNull(given.why), reverts }, actor, 'settings.revert'), ...preview };
      });
      if (!('dryRun' in reverted)) await broker.broadcast(SETTINGS_CHANGED, {});
      return { ...reverted, ...(await nodesOf(reverted.setting)) };
    },
  };
}

/** @throws ProblemError 404, with the name that was perhaps meant */
function nameOf({ name }: ArgumentValues): SettingName {
  const given = String(name);
  const found = NAMES.find((known) => known === given || envOf(known) === given);
  if (found !== undefined) return found;
  const near = nearest(given, NAMES, 3);
  throw new ProblemError({ status: 404, code: 'not-found', title: 'No such setting', detail: `There is no such setting${near === undefined ? '' : `; did you mean ${near}?`} GET /api/v1/settings lists them.` });
}

function isLive(name: SettingName): boolean {
  return (SETTINGS[name] as SettingRow).live === true;
}

function unitAndBounds(name: SettingName): { unit: string | null; bounds: ReturnType<typeof boundsOf> } {
  const row: SettingRow = SETTINGS[name];
  return { unit: row.type === 'number' ? row.unit : null, bounds: boundsOf(row) };
}

function boundsOf(row: SettingRow): { min: number; max: number } | { choices: readonly Value[] } | null {
  if (row.type === 'number') return { min: row.min, max: row.max };
  return row.type === 'choice' ? { choices: row.choices } : null;
}

function textOrNull(value: Value | undefined): string | null {
  return value === undefined ? null : String(value);
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}
