import { loadSettings, SettingsError } from '../../shared/config/load.ts';
import type { Settings } from '../../shared/config/settings.ts';
import { CliError, EXIT } from '../cli-error.ts';

/**
 * All settings of this process, checked.
 * @throws CliError naming every fault
 */
export function readSettingsOrFail(): Settings {
  try {
    return loadSettings().settings;
  } catch (error) {
    if (error instanceof SettingsError) throw new CliError(error.message, EXIT.usage, error);
    throw error;
  }
}
