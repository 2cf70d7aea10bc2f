import type { Settings } from '../../shared/config/settings.ts';
import { isRunning } from '../../shared/runtime/servers/process-identity.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { dataFolder } from '../up/data-folder.ts';
import { readRunRecord, type RunRecord } from '../up/run-file.ts';

/**
 * The settings with the addresses a node needs: those given, else those of the Sluice that `sluice up` runs on SLUICE_DATA, so that a
 * node started by hand beside it joins it.
 * @throws CliError when POSTGRES_URL or NATS_URL is missing and none runs there
 */
export function withAddresses(settings: Settings): Settings {
  if (settings.postgresUrl !== '' && settings.natsUrl !== '') return settings;
  const found = knownAddresses(settings);
  const missing = [...(found.postgresUrl === '' ? ['POSTGRES_URL'] : []), ...(found.natsUrl === '' ? ['NATS_URL'] : [])];
  if (missing.length > 0) {
    throw new CliError(`${missing.join(' and ')} must name the fleet's servers, for no Sluice runs here whose servers this node could use. \`sluice up\` starts everything.`, EXIT.usage);
  }
  return { ...settings, ...found };
}

/** Where the Sluice that `sluice up` runs on SLUICE_DATA answers; empty where none runs. */
export function urlOfRunning(settings: Settings): string {
  return running(settings)?.url ?? '';
}

/** The addresses that are given, and for the others those of the Sluice that runs here; empty where there is neither. */
export function knownAddresses(settings: Settings): RunRecord['addresses'] {
  const there = running(settings)?.addresses ?? { postgresUrl: '', natsUrl: '', kafkaBrokers: '' };
  return {
    postgresUrl: settings.postgresUrl || there.postgresUrl,
    natsUrl: settings.natsUrl || there.natsUrl,
    kafkaBrokers: settings.kafkaBrokers || there.kafkaBrokers,
  };
}

function running(settings: Settings): RunRecord | null {
  const record = readRunRecord(dataFolder(settings.dataDir).path);
  return record !== null && isRunning(record.launcher) ? record : null;
}
