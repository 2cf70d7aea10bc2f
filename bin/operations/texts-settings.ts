import type { Paint } from '../send/summary.ts';
import { seconds, table } from '../table.ts';

type Value = string | number | boolean | null;
interface Shown {
  name: string;
  variable: string;
  group: string;
  meaning: string;
  value: Value;
  default: Value;
  unit: string | null;
  bounds: { min: number; max: number } | { choices: Value[] } | null;
  live: boolean;
  changed: { change: number; at: string; who: string } | null;
}
interface Figures {
  errors: number;
  p99: number;
  poolWait: number;
}
interface Guard {
  until: string;
  outcome: string | null;
  reason: string | null;
  before: Figures & { requests: number };
  after: { requests: number; last: Figures | null };
}
interface OnNodes {
  nodes?: { node: string; value: Value }[];
  silent?: string[];
}
interface Changed extends OnNodes {
  dryRun?: true;
  change?: number;
  setting: string;
  from: Value;
  to: Value;
  unit: string | null;
  bounds: Shown['bounds'];
  guard?: { ms: number; before: Figures & { rounds: number; requests: number } };
}
interface History {
  content: { change: number; setting: string; from: Value; to: Value; who: string; why: string | null; at: string; reverts: number | null; revertedBy: number | null; guard: Guard | null }[];
}

/** The answers of the operations on settings as a terminal shows them. */
export const SETTINGS_TEXTS = {
  'settings.list': ({ settings }: { settings: Shown[] }, paint: Paint): string => {
    if (settings.length === 0) return 'No setting was changed while Sluice runs.\n';
    const rows = settings.map((s) => [s.name, text(s.value), text(s.default), s.unit ?? '', s.live ? 'yes' : '', s.changed === null ? '' : `${seconds(s.changed.at)} by ${s.changed.who}`]);
    return `${table(['SETTING', 'VALUE', 'DEFAULT', 'UNIT', 'LIVE', 'CHANGED (UTC)'], rows, paint)}\n`;
  },
  'settings.get': (s: Shown & OnNodes & { guard?: Guard | null }, paint: Paint): string => {
    const facts: [string, string][] = [
      ['value', `${text(s.value)}${s.unit === null ? '' : ` ${s.unit}`}`], ['default', text(s.default)], ['bounds', boundsText(s.bounds)],
      ['live', s.live ? 'can be changed while Sluice runs' : `set ${s.variable} and start the nodes again`], ['changed', s.changed === null ? 'not while Sluice runs' : `${s.changed.at} by ${s.changed.who} (change ${s.changed.change})`], ['meaning', s.meaning],
      ...(s.guard === null || s.guard === undefined ? [] : [['guard', guardText(s.guard)] satisfies [string, string]]),
    ];
    return `${s.name}\n${facts.map(([name, value]) => `${paint.dim(name.padEnd(8))} ${value}`).join('\n')}\n${onNodes(s, paint)}`;
  },
  'settings.history': ({ content }: History, paint: Paint): string => {
    if (content.length === 0) return 'No setting was ever changed while Sluice ran.\n';
    const rows = content.map((c) => [String(c.change), seconds(c.at), c.setting, text(c.from), text(c.to), c.who, c.revertedBy === null ? (c.reverts === null ? '' : `takes ${c.reverts} back`) : `taken back by ${c.revertedBy}`, c.guard === null ? '' : guardText(c.guard), c.why ?? '']);
    return `${table(['CHANGE', 'AT (UTC)', 'SETTING', 'FROM', 'TO', 'WHO', '', 'GUARD', 'WHY'], rows, paint)}\n`;
  },
  'settings.set': (c: Changed, paint: Paint): string => changedText(c, paint),
  'settings.revert': (c: Changed, paint: Paint): string => changedText(c, paint),
};

function changedText(c: Changed, paint: Paint): string {
  const what = `${c.setting}: ${text(c.from)} -> ${c.to === null ? 'what the environment says' : text(c.to)}`;
  const guarded = c.guard === undefined ? '' : guardedText(c.guard);
  if (c.dryRun === true) return `${what}\n${guarded}${c.bounds === null ? '' : `It may be: ${boundsText(c.bounds)}${c.unit === null ? '' : ` (${c.unit})`}. `}Nothing was changed. ${c.nodes === undefined ? '' : 'It would be on these nodes:'}\n${onNodes(c, paint)}`;
  return `${what}\n${guarded}Change ${c.change ?? '?'}; every node takes it within two seconds. To take it back: sluice settings revert ${c.change ?? '?'}\n`;
}

function boundsText(bounds: Shown['bounds']): string {
  if (bounds === null) return '-';
  return 'min' in bounds ? `${bounds.min} to ${bounds.max}` : bounds.choices.map(text).join(', ');
}

function guardedText({ ms, before }: NonNullable<Changed['guard']>): string {
  const past = before.rounds === 0 ? 'Too few requests came of late to compare with: there will be no verdict' : `It takes itself back where things become worse within ${ms / 1_000} s than over the last ${before.requests} requests (${figuresText(before)})`;
  return `${past}; sluice settings history shows how it ends.\n`;
}

function guardText({ until, outcome, reason, after }: Guard): string {
  if (outcome !== null) return `${outcome}: ${reason ?? ''}`;
  return `watches until ${seconds(until)}${after.last === null ? '' : `, now ${figuresText(after.last)}`}`;
}

function figuresText({ errors, p99, poolWait }: Figures): string {
  return `errors ${(errors * 100).toFixed(1)} %, p99 up to ${p99} ms, wait for a connection ${poolWait.toFixed(1)} ms`;
}

function onNodes({ nodes, silent }: OnNodes, paint: Paint): string {
  if (nodes === undefined) return '';
  return `${table(['NODE', 'RUNS'], nodes.map(({ node, value }) => [node, text(value)]), paint)}\n${(silent ?? []).map((node) => `${node} does not answer\n`).join('')}`;
}

function text(value: Value): string {
  return value === null || value === '' ? '-' : String(value);
}
