import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { SETTINGS, envOf, type SettingName, type SettingRow, type Settings } from './settings.ts';

/** Where a setting's value came from. */
export type Origin = 'default' | 'environment' | 'file';

export interface LoadedSettings {
  settings: Settings;
  origins: Record<SettingName, Origin>;
}

/** Every fault of the given settings at once, so that a start fails with the whole list. */
export class SettingsError extends Error {
  readonly faults: string[];
  constructor(faults: string[]) {
    super(`The settings can't be used:\n${faults.map((f) => `  - ${f}`).join('\n')}`);
    this.name = 'SettingsError';
    this.faults = faults;
  }
}

const NAMES = Object.keys(SETTINGS) as SettingName[];
/** Variables of PostgreSQL's own image, which a shared environment may hold: near to ours, and none of ours. */
const OTHERS: readonly string[] = ['POSTGRES_DB', 'POSTGRES_USER', 'POSTGRES_PASSWORD'];

/**
 * Reads all settings from the environment and, below it, from a `.env` file's text; checks every one.
 * A variable that nearly is a setting's name is an error that says which was meant.
 * @throws SettingsError naming every fault, with the variable, its bounds and what was given (secrets hidden)
 */
export function readSettings(env: Record<string, string | undefined>, fileText = ''): LoadedSettings {
  const file = parseEnv(fileText);
  const faults: string[] = [];
  const settings: Record<string, string | number | boolean> = {};
  const origins = {} as Record<SettingName, Origin>;
  for (const name of NAMES) {
    const variable = envOf(name);
    const origin: Origin = given(env[variable]) ? 'environment' : given(file[variable]) ? 'file' : 'default';
    origins[name] = origin;
    const row: SettingRow = SETTINGS[name];
    if (origin === 'default') {
      settings[name] = row.default;
      continue;
    }
    const text = (origin === 'environment' ? env[variable] : file[variable]) ?? '';
    const parsed = parseSetting(row, text.trim());
    if ('fault' in parsed) faults.push(`${variable} ${parsed.fault}${row.secret ? '' : `, but it is "${text}"`}`);
    else settings[name] = parsed.value;
  }
  faults.push(...misspelt(Object.keys(file), 'in .env ', true), ...misspelt(Object.keys(env), '', false));
  if (faults.length > 0) throw new SettingsError(faults);
  return { settings: settings as unknown as Settings, origins };
}

/** `readSettings` of this process's environment and the `.env` file in `folder`. */
export function loadSettings(folder: string = process.cwd()): LoadedSettings {
  const path = `${folder}/.env`;
  return readSettings(process.env, existsSync(path) ? readFileSync(path, 'utf8') : '');
}

function given(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== '';
}

/** Reads one setting's text by its row. */
export function parseSetting(row: SettingRow, text: string): { value: string | number | boolean } | { fault: string } {
  switch (row.type) {
    case 'number': {
      const value = Number(text.replace(/_/g, ''));
      const fits = Number.isFinite(value) && (row.fraction === true || Number.isInteger(value)) && value >= row.min && value <= row.max;
      return fits ? { value } : { fault: `must be a ${row.fraction ? 'number' : 'whole number'} from ${row.min} to ${row.max} (${row.unit})` };
    }
    case 'switch': {
      const value = ({ true: true, yes: true, on: true, '1': true, false: false, no: false, off: false, '0': false } as Record<string, boolean>)[text.toLowerCase()];
      return value === undefined ? { fault: 'must be true or false' } : { value };
    }
    case 'choice':
      return row.choices.includes(text) ? { value: text } : { fault: `must be one of ${row.choices.join(', ')}${didYouMean(text, row.choices)}` };
    case 'text':
      return row.pattern === undefined || row.pattern.test.test(text) ? { value: text } : { fault: `must be ${row.pattern.says}` };
  }
}

/**
 * Names that are no setting but nearly one. In the process's environment most names belong to others, so there only
 * a near miss counts; in Sluice's own `.env` file every unknown name is a fault.
 */
function misspelt(names: string[], where: string, strict: boolean): string[] {
  const known = NAMES.map(envOf);
  return names
    .filter((n) => !known.includes(n) && (strict || (n.length >= 6 && !OTHERS.includes(n))))
    .flatMap((n) => {
      const near = nearest(n, known, strict ? 3 : n.length >= 10 ? 2 : 1);
      if (near !== undefined) return [`${where}${n} is no setting; did you mean ${near}?`];
      return strict ? [`${where}${n} is no setting; \`bin/sluice settings\` lists them`] : [];
    });
}

function didYouMean(text: string, known: readonly string[]): string {
  const near = nearest(text, known, 2);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** The known word within `most` single-letter edits of `word`, if there is one. */
export function nearest(word: string, known: readonly string[], most: number): string | undefined {
  let best: string | undefined;
  let distance = most + 1;
  for (const candidate of known) {
    const d = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (d < distance) [best, distance] = [candidate, d];
  }
  return best;
}

/** Optimal string alignment distance (Damerau 1964): insert, delete, replace, swap of neighbours. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, (before[j - 2] ?? 0) + 1);
      next.push(d);
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
