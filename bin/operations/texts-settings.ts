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
}
interface History {
  content: { change: number; setting: string; from: Value; to: Value; who: string; why: string | null; at: string; reverts: number | null; revertedBy: number | null }[];
}

/** The answers of the operations on settings as a terminal shows them. */
export const SETTINGS_TEXTS = {
  'settings.list': ({ settings }: { settings: Shown[] }, paint: Paint): string => {
    if (settings.length === 0) return 'No setting was changed while Sluice runs.\n';
    const rows = settings.map((s) => [s.name, text(s.value), text(s.default), s.unit ?? '', s.live ? 'yes' : '', s.changed === null ? '' : `${seconds(s.changed.at)} by ${s.changed.who}`]);
    return `${table(['SETTING', 'VALUE', 'DEFAULT', 'UNIT', 'LIVE', 'CHANGED (UTC)'], rows, paint)}\n`;
  },
  'settings.get': (s: Shown & OnNodes, paint: Paint): string => {
    const facts: [string, string][] = [
      ['value', `${text(s.value)}${s.unit === null ? '' : ` ${s.unit}`}`], ['default', text(s.default)], ['bounds', s.bounds === null ? '-' : 'min' in s.bounds ? `${s.bounds.min} to ${s.bounds.max}` : s.bounds.choices.map(text).join(', ')],
      ['live', s.live ? 'can be changed while Sluice runs' : `set ${s.variable} and start the nodes again`], ['changed', s.changed === null ? 'not while Sluice runs' : `${s.changed.at} by ${s.changed.who} (change ${s.changed.change})`], ['meaning', s.meaning],
    ];
    return `${s.name}\n${facts.map(([name, value]) => `${paint.dim(name.padEnd(8))} ${value}`).join('\n')}\n${onNodes(s, paint)}`;
  },
  'settings.history': ({ content }: History, paint: Paint): string => {
    if (content.length === 0) return 'No setting was ever changed while Sluice ran.\n';
    const rows = content.map((c) => [String(c.change), seconds(c.at), c.setting, text(c.from), text(c.to), c.who, c.revertedBy === null ? (c.reverts === null ? '' : `takes ${c.reverts} back`) : `taken back by ${c.revertedBy}`, c.why ?? '']);
    return `${table(['CHANGE', 'AT (UTC)', 'SETTING', 'FROM', 'TO', 'WHO', '', 'WHY'], rows, paint)}\n`;
  },
  'settings.set': (c: Changed, paint: Paint): string => changedText(c, paint),
  'settings.revert': (c: Changed, paint: Paint): string => changedText(c, paint),
};

function changedText(c: Changed, paint: Paint): string {
  const what = `${c.setting}: ${text(c.from)} -> ${c.to === null ? 'what the environment says' : text(c.to)}`;
  if (c.dryRun === true) return `${what}\nNothing was changed. ${c.nodes === undefined ? '' : 'It would be on these nodes:'}\n${onNodes(c, paint)}`;
  return `${what}\nChange ${c.change ?? '?'}; every node takes it within two seconds. To take it back: sluice settings revert ${c.change ?? '?'}\n`;
}

function onNodes({ nodes, silent }: OnNodes, paint: Paint): string {
  if (nodes === undefined) return '';
  return `${table(['NODE', 'RUNS'], nodes.map(({ node, value }) => [node, text(value)]), paint)}\n${(silent ?? []).map((node) => `${node} does not answer\n`).join('')}`;
}

function text(value: Value): string {
  return value === null || value === '' ? '-' : String(value);
}
