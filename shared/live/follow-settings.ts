import type { Pool } from 'pg';
import { parseSetting } from '../config/load.ts';
import { SETTINGS, type SettingName, type SettingRow, type Settings } from '../config/settings.ts';
import { LIVE_SETTINGS } from '../db/queries/live-settings.ts';
import { runStatement } from '../db/run-statement.ts';
import { every } from '../runtime/every.ts';
import type { Logger } from '../runtime/log.ts';

/** Broadcast after a change; every node looks by itself all the same. */
export const SETTINGS_CHANGED = 'settings.changed';
const LOOK_MS = 2_000;

/** The settings that can be changed while Sluice runs. */
export const LIVE_NAMES: readonly SettingName[] = (Object.keys(SETTINGS) as SettingName[]).filter((name) => (SETTINGS[name] as SettingRow).live === true);

export interface FollowedSettings {
  /** Looks now instead of within two seconds. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

interface Tools {
  pool: Pool;
  /** Those that the node began with: what is changed while it runs is written into this object, and read from it by all. */
  settings: Settings;
  log: Logger;
}

/**
 * Keeps the live settings of a node as the database says. A value that this version does not know or take is left out, and
 * said once: what the node began with holds then.
 */
export function followSettings({ pool, settings, log }: Tools): FollowedSettings {
  const began = { ...settings };
  const refused = new Set<string>();
  const look = async () => {
    const rows = await runStatement(pool, LIVE_SETTINGS, [], began.statementTimeout);
    const kept = new Map(rows.map(([name, value]) => [name as string, value as string]));
    for (const name of LIVE_NAMES) {
      const text = kept.get(name);
      const value = text === undefined ? began[name] : (valueOf(name, text) ?? began[name]);
      if (text !== undefined && valueOf(name, text) === undefined && !refused.has(`${name}=${text}`)) {
        refused.add(`${name}=${text}`);
        log.warn({ setting: name, value: text }, 'a live setting has a value that this version does not take; what the node began with holds');
      }
      if (settings[name] === value) continue;
      log.info({ setting: name, from: settings[name], to: value }, 'a setting was changed');
      (settings as Record<string, unknown>)[name] = value;
      if (name === 'logLevel') log.level = String(value);
    }
  };
  const looking = every(LOOK_MS, look, (error) => log.warn({ err: error }, 'the live settings could not be read; those known go on'));
  looking.start();
  return { look, stop: () => looking.stop() };
}

function valueOf(name: SettingName, text: string): string | number | boolean | undefined {
  const parsed = parseSetting(SETTINGS[name], text);
  return 'value' in parsed ? parsed.value : undefined;
}
