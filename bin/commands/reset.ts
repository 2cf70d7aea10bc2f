import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { CliError, EXIT } from '../cli-error.ts';
import { readSettingsOrFail } from '../node/settings.ts';
import { dataFolder, deleteData, isDataFolder, type DataFolder } from '../up/data-folder.ts';
import { finishLeftovers } from '../up/leftovers.ts';
import { takeLock } from '../up/lock.ts';
import { readRunRecord } from '../up/run-file.ts';

const GUARD_MS = 30_000;
const STOP_MS = 10_000;

/** Adds `sluice reset`. */
export function register(program: Command): void {
  program
    .command('reset')
    .description('delete the data of the servers that `sluice up` starts')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nDeletes what lies in SLUICE_DATA (.sluice in the project): all records, the ledger, topics, logs.\nServers that POSTGRES_URL, NATS_URL or KAFKA_BROKERS name are not touched.\n')
    .action(async (options: { yes?: boolean }) => {
      await reset(dataFolder(readSettingsOrFail().dataDir), options.yes === true);
    });
}

async function reset(folder: DataFolder, yes: boolean): Promise<void> {
  if (!(await isDataFolder(folder))) throw new CliError(`${folder.path} is no data folder of Sluice's making; nothing was deleted.`, EXIT.usage);
  // Held until this process ends, so that nothing is started on it meanwhile.
  const holder = await takeLock(folder.path);
  if (holder) throw new CliError(`Sluice runs on ${folder.path} (process ${holder.pid}). Stop it first; nothing was deleted.`, EXIT.usage);
  if (!yes && !(await confirmed(folder))) {
    process.stdout.write('Nothing was deleted.\n');
    return;
  }
  await finishLeftovers(readRunRecord(folder.path), { guardMs: GUARD_MS, stopMs: STOP_MS, begins: () => process.stdout.write('An earlier run was cut off; waiting until all of it has stopped ...\n') });
  const others = await deleteData(folder);
  process.stdout.write(`Deleted the data in ${folder.path}.${others.length > 0 ? ` Left alone, since Sluice did not make it: ${others.join(', ')}.` : ''}\n`);
}

async function confirmed(folder: DataFolder): Promise<boolean> {
  if (!process.stdin.isTTY) throw new CliError(`This deletes all records in ${folder.path}. Where nobody can be asked, add --yes.`, EXIT.usage);
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await prompt.question(`Delete all records, the ledger, topics and logs in ${folder.path}? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}
