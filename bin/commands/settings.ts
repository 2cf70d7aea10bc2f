import type { Command } from 'commander';
import pc from 'picocolors';
import { loadSettings, SettingsError, type LoadedSettings, type Origin } from '../../shared/config/load.ts';
import { envOf, SETTINGS, type SettingName, type SettingRow } from '../../shared/config/settings.ts';
import { registerOperations } from '../operations/register.ts';
import { CliError, EXIT } from '../cli-error.ts';

/** One line of the output: a setting with what it is now. */
export interface ShownSetting {
  name: SettingName;
  variable: string;
  group: string;
  value: string | number | boolean;
  default: string | number | boolean;
  unit: string | null;
  origin: Origin;
  meaning: string;
}

const EXAMPLES = `
Examples:
  $ sluice settings                                   what this environment says
  $ sluice settings --changed                         only what was set here
  $ PORT=9000 sluice settings port                    one, by name or variable
  $ sluice settings list --changed                    what was changed while Sluice runs
  $ sluice settings get maxRetries                    with the value that each node runs
  $ sluice settings set maxRetries 5 --why "broker upgrade" --dry-run
  $ sluice settings set parallelism 12 --guard 5m     takes itself back where things become worse
  $ sluice settings history --setting maxRetries
  $ sluice settings revert 12
`;

/** Adds `sluice settings`. */
export function register(program: Command): void {
  const command = program.command('settings').description('settings: what this environment says, and what a running Sluice runs with').addHelpText('after', EXAMPLES);
  registerOperations(command, 'settings');
  command
    .command('env', { isDefault: true })
    .description('every setting as this environment and .env say it, and where each value comes from')
    .argument('[names...]', 'only these (names or environment variables)')
    .option('--changed', 'only what was set in the environment or in .env')
    .option('--json', 'as JSON')
    .action((names: string[], options: { changed?: boolean; json?: boolean }) => {
      const all = shown(load());
      const wanted = select(all, names).filter((s) => options.changed !== true || s.origin !== 'default');
      process.stdout.write(options.json === true ? `${JSON.stringify(wanted, null, 2)}\n` : table(wanted));
    });
}

function load(): LoadedSettings {
  try {
    return loadSettings();
  } catch (error) {
    if (error instanceof SettingsError) throw new CliError(error.message, EXIT.usage, error);
    throw error;
  }
}

/** All settings as they are shown; the value of a secret is never among them, only whether it is set. */
export function shown({ settings, origins }: LoadedSettings): ShownSetting[] {
  return (Object.keys(SETTINGS) as SettingName[]).map((name) => {
    const row: SettingRow = SETTINGS[name];
    return {
      name,
      variable: envOf(name),
      group: row.group,
      value: row.secret === true && settings[name] !== '' ? '(set, hidden)' : settings[name],
      default: row.default,
      unit: row.type === 'number' ? row.unit : null,
      origin: origins[name],
      meaning: row.meaning,
    };
  });
}

function select(all: ShownSetting[], names: string[]): ShownSetting[] {
  if (names.length === 0) return all;
  return names.map((given) => {
    const found = all.find((s) => s.name === given || s.variable === given);
    if (found === undefined) throw new CliError(`"${given}" is no setting; \`sluice settings\` lists them.`, EXIT.usage);
    return found;
  });
}

const ORIGINS: Record<Origin, string> = { default: 'default', environment: 'environment', file: '.env' };

function table(settings: ShownSetting[]): string {
  const head = ['VARIABLE', 'VALUE', 'DEFAULT', 'FROM'];
  const rows = settings.map((s) => [s.variable, withUnit(s.value, s.unit), withUnit(s.default, s.unit), ORIGINS[s.origin]]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((r) => r[i]?.length ?? 0)));
  const line = (cells: string[]) => cells.map((c, i) => c.padEnd(widths[i] ?? 0)).join('  ');
  let text = `${pc.dim(`${line(head)}  MEANING`)}\n`;
  let group = '';
  for (const [i, setting] of settings.entries()) {
    if (setting.group !== group) text += `\n${pc.bold(setting.group)}\n`;
    group = setting.group;
    const cells = line(rows[i] ?? []);
    text += `${setting.origin === 'default' ? cells : pc.yellow(cells)}  ${pc.dim(setting.meaning)}\n`;
  }
  return text;
}

function withUnit(value: string | number | boolean, unit: string | null): string {
  if (value === '') return '-';
  return unit === null || unit === 'count' || unit === 'port' ? String(value) : `${value} ${unit}`;
}
