import { readFileSync } from 'node:fs';
import { envOf, type SettingName } from '../config/settings.ts';

/**
 * The text of the file that a setting names.
 * @throws Error that names the setting and the path, never what the file holds
 */
export function settingFile(name: SettingName, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${envOf(name)} names ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`, { cause: error });
  }
}
