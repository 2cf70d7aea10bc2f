import { InvalidArgumentError, Option } from 'commander';
import { readKey } from '../shared/access/api-keys.ts';

/** What somebody is told who came without a key, or with a wrong one. */
export const KEY_HINT = 'Put a key into SLUICE_KEY, or give it with --key; `sluice key create NAME --roles operate,submit` makes one.';

let given: string | undefined;

/** `--key` of every command that talks to a running Sluice. What it is given holds for all of this process's requests. */
export function keyOption(): Option {
  return new Option('--key <key>', 'key to show to Sluice; SLUICE_KEY keeps it out of the list of processes').argParser((text: string) => {
    given = checked(text);
    return given;
  });
}

/**
 * The header that shows this process's key to Sluice; none where there is no key.
 * @throws InvalidArgumentError where SLUICE_KEY holds something else
 */
export function keyHeader(): Record<string, string> {
  const key = given ?? (process.env.SLUICE_KEY ?? '').trim();
  return key === '' ? {} : { Authorization: `Bearer ${checked(key)}` };
}

function checked(text: string): string {
  if (readKey(text) === undefined) throw new InvalidArgumentError('It is no key of Sluice; they look like slc_0123456789ab_... (For the Idempotency-Key of a batch there is --idempotency-key.)');
  return text;
}
