import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Checked } from '../../verify/report-text.ts';

const SLUICE = fileURLToPath(new URL('../../sluice.ts', import.meta.url));
const MOST_BYTES = 64 * 1024 * 1024;

/** Where verify finds the system. */
export interface VerifyAddresses {
  url: string;
  postgresUrl: string;
  kafkaBrokers: string;
}

/** Runs `sluice verify --json` with these further arguments, as an operator would. @throws Error when it could not be done */
export function runVerify({ url, postgresUrl, kafkaBrokers }: VerifyAddresses, args: readonly string[], signal: AbortSignal): Promise<Checked> {
  const env = { ...process.env, SLUICE_URL: url, POSTGRES_URL: postgresUrl, KAFKA_BROKERS: kafkaBrokers };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', SLUICE, 'verify', '--json', '--timeout', '900', ...args], { env, maxBuffer: MOST_BYTES, signal }, (error, out, err) => {
      // Exit code 1 says that something is not right: then the report names it.
      if (error !== null && error.code !== 1) return reject(new Error(`sluice verify ${args.join(' ')} failed: ${err.trim() || error.message}`, { cause: error }));
      resolve(JSON.parse(out) as Checked);
    });
  });
}

/** A breach in words. */
export function breachText({ what, where, expected, found }: Checked['breaches'][number]): string {
  return `${what}: ${Object.entries(where).map(([name, value]) => `${name} ${value}`).join(', ')}: expected ${expected}, found ${found}`;
}
