import { envOf, SETTINGS } from '../../shared/config/settings.ts';
import type { SettingName, SettingRow } from '../../shared/config/settings.ts';
import { code, generatedFrom, table } from './markdown.ts';

/** docs/settings.md: every setting by group, with variable, default, unit, bounds and meaning. */
export function settingsPage(): string {
  const rows = (Object.keys(SETTINGS) as SettingName[]).map((name) => ({ variable: envOf(name), row: SETTINGS[name] as SettingRow }));
  const groups = [...new Set(rows.map(({ row }) => row.group))];
  const sections = groups.map((group) => {
    const cells = rows.filter(({ row }) => row.group === group).map(({ variable, row }) => [code(variable), code(String(row.default)), unit(row), bounds(row), row.live === true ? 'yes' : '', row.meaning]);
    return `## ${group}\n\n${table(['Variable', 'Default', 'Unit', 'Allowed', 'Live', 'Meaning'], cells)}`;
  });
  return `${[
    generatedFrom('shared/config/settings.ts'),
    '# Settings',
    'Each is an environment variable, or a line `NAME=value` in a file `.env` in the folder Sluice is started from; the environment wins. All are checked at the start, and one that cannot be used, or is misspelt, is named there. `bin/sluice settings` shows them with the values they have now. Those that are live can be changed while Sluice runs, on every node at once: `bin/sluice settings set NAME VALUE` ([live settings](live-settings.md)).',
    ...sections,
  ].join('\n\n')}\n`;
}

function unit(row: SettingRow): string {
  return row.type !== 'number' || row.unit === 'count' || row.unit === 'port' ? '' : row.unit;
}

function bounds(row: SettingRow): string {
  switch (row.type) {
    case 'number':
      return `${row.min} to ${row.max}${row.fraction === true ? ', fractions too' : ''}`;
    case 'choice':
      return row.choices.map(code).join(', ');
    case 'switch':
      return '`true`, `false`';
    case 'text':
      return row.pattern?.says ?? 'text';
  }
}
