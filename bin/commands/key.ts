import { InvalidArgumentError, Option, type Command } from 'commander';
import pg from 'pg';
import pc from 'picocolors';
import { CLIENT_NAME, invalidity, newKey, ROLES, type Role } from '../../shared/access/api-keys.ts';
import { writeAudit } from '../../shared/db/audit.ts';
import { CREATE_API_KEY, dateOf, LIMIT_API_KEY, LIST_API_KEYS, listedKey, LOCK_API_KEY, REVOKE_API_KEY, type ListedKey } from '../../shared/db/queries/api-keys.ts';
import type { NamedStatement } from '../../shared/db/queries/flush.ts';
import { postgresAddress } from '../../shared/secure/postgres-address.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { operatorName } from '../dlq/ask.ts';
import { knownAddresses } from '../node/addresses.ts';
import { readSettingsOrFail } from '../node/settings.ts';
import { limitsText } from '../operations/texts-clients.ts';
import { table } from '../table.ts';

const DETAILS = `
Without any key Sluice listens on this machine's own addresses only, and whoever calls may do everything. With the first key everybody
needs one; edges hear of a new or a revoked key within two seconds. The key is shown once: only a hash of it is kept.

Roles: submit (send records, see and steer what one sent), read (see everything), operate (read, and change what runs).
Keys of one client share its batches and Idempotency-Keys: to replace a key make a second one, then revoke the first.

This command talks to the database of the Sluice that runs here, or to POSTGRES_URL.

Examples:
  $ sluice key create back-office --roles submit --kinds execution --rate 200
  $ sluice key create ada --roles operate --days 90
  $ sluice key list
  $ sluice key limit 3f9a0c12d4e5 --rate 20
  $ sluice key revoke 3f9a0c12d4e5
`;

interface CreateOptions {
  roles: Role[];
  kinds?: string[];
  rate?: number;
  inFlight?: number;
  days?: number;
  json?: boolean;
}

/** Adds `sluice key` and its subcommands. */
export function register(program: Command): void {
  const key = program.command('key').description('keys of the REST interface: create, list, limit, revoke').addHelpText('after', DETAILS);
  key.command('create').description('make a key; it is shown once')
    .argument('<client>', 'whose: letters, digits, . _ -', clientOf)
    .addOption(new Option('--roles <list>', 'submit, read, operate; several with commas between').argParser(rolesIn).makeOptionMandatory())
    .addOption(new Option('--kinds <list>', 'kinds that may be submitted (default: all)').argParser((text: string) => text.split(',').map((part) => part.trim()).filter((part) => part !== '')))
    .addOption(new Option('--rate <number>', 'most requests a second to each edge').argParser(wholeOf))
    .addOption(new Option('--in-flight <number>', 'most requests at a time in each edge').argParser(wholeOf))
    .addOption(new Option('--days <number>', 'until it expires (default: never)').argParser(wholeOf))
    .option('--json', 'as JSON')
    .action(create);
  key.command('new').description('print a key that is not kept anywhere: for SLUICE_INITIAL_KEY').action(() => {
    process.stdout.write(`${newKey().text}\n`);
  });
  key.command('list').description('every key that ever was, newest first').option('--json', 'as JSON').action(list);
  key.command('limit').description('change how much a key may').argument('<id>', 'its id, as listed')
    .addOption(new Option('--rate <number>', 'most requests a second to each edge; none takes the limit away').argParser(limitOf))
    .addOption(new Option('--in-flight <number>', 'most requests at a time in each edge; none takes the limit away').argParser(limitOf))
    .option('--dry-run', 'only tell what would change')
    .action(limit);
  key.command('revoke').description('end a key').argument('<id>', 'its id, as listed').option('--dry-run', 'only tell what would change').action(revoke);
}

async function create(client: string, { roles, kinds, rate, inFlight, days, json }: CreateOptions): Promise<void> {
  const { text, id, hash } = newKey();
  const expiresAt = await inDatabase(async (ask) => {
    const [row] = await ask(CREATE_API_KEY, [id, client, hash, roles, kinds ?? null, rate ?? null, inFlight ?? null, days ?? null, operatorName()]);
    await writeAudit(ask, { who: operatorName(), requestId: null }, { operation: 'keys.create', target: { id, client }, outcome: 'done', detail: { roles, kinds: kinds ?? null, ratePerSecond: rate ?? null, maxInFlight: inFlight ?? null, days: days ?? null } });
    return row?.[0] as Date | null;
  });
  if (json === true) process.stdout.write(`${JSON.stringify({ id, client, key: text, roles, kinds: kinds ?? null, expiresAt })}\n`);
  else process.stdout.write(`${text}\n${pc.dim(`id ${id}, for ${client}: ${roles.join(', ')}${expiresAt === null ? '' : `, until ${expiresAt.toISOString()}`}. It is not shown again.`)}\n`);
}

async function list({ json }: { json?: boolean }): Promise<void> {
  const { keys, now } = await inDatabase(async (ask) => {
    const rows = await ask(LIST_API_KEYS, []);
    return { keys: rows.map(listedKey), now: dateOf(rows[0]?.[11]) ?? new Date() };
  });
  const shown = keys.map(({ hash: _, ...key }) => ({ ...key, state: invalidity(key, now) ?? 'valid' }));
  if (json === true) process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  else process.stdout.write(shown.length === 0 ? 'There is no key: Sluice listens on this machine only.\n' : table(['ID', 'CLIENT', 'STATE', 'ROLES', 'KINDS', 'RATE', 'IN FLIGHT', 'EXPIRES', 'CREATED'], shown.map(line), pc) + '\n');
}

function line(key: Omit<ListedKey, 'hash'> & { state: string }): string[] {
  const or = (value: number | null) => (value === null ? '-' : String(value));
  return [key.id, key.client, key.state, key.roles.join(','), key.kinds?.join(',') ?? 'all', or(key.ratePerSecond), or(key.maxInFlight), key.expiresAt?.toISOString().slice(0, 16) ?? 'never', `${key.createdAt.toISOString().slice(0, 16)} by ${key.createdBy}`];
}

async function revoke(id: string, { dryRun }: { dryRun?: boolean }): Promise<void> {
  const [row] = await inDatabase(async (ask) => {
    if (dryRun === true) return ask(LOCK_API_KEY, [id]);
    const rows = await ask(REVOKE_API_KEY, [id, operatorName()]);
    if (rows[0]?.[1] === true) await writeAudit(ask, { who: operatorName(), requestId: null }, { operation: 'keys.revoke', target: { id }, outcome: 'done', detail: { client: rows[0][0] } });
    return rows;
  });
  if (row === undefined) throw new CliError(`There is no key with the id "${id}"; \`sluice key list\` shows them.`, EXIT.failed);
  const valid = row[1] === true;
  if (dryRun === true) process.stdout.write(valid ? `${id} of ${String(row[0])} would be revoked: whoever comes with it is refused, and what goes on under it is cut. Nothing was changed.\n` : `${id} was revoked before.\n`);
  else process.stdout.write(valid ? `Revoked: ${id} of ${String(row[0])}. Every edge knows within two seconds.\n` : `${id} was revoked before.\n`);
}

const NO_LIMIT = 'none';

interface LimitOptions {
  rate?: number | typeof NO_LIMIT;
  inFlight?: number | typeof NO_LIMIT;
  dryRun?: boolean;
}

async function limit(id: string, { rate, inFlight, dryRun }: LimitOptions): Promise<void> {
  if (rate === undefined && inFlight === undefined) throw new CliError('Say what is to change: --rate, --in-flight, or both.', EXIT.usage);
  const changed = await inDatabase(async (ask) => {
    const [row] = await ask(LOCK_API_KEY, [id]);
    if (row === undefined) return undefined;
    const [client, valid, oldRate, oldInFlight] = row as [string, boolean, number | null, number | null];
    const from = { ratePerSecond: oldRate, maxInFlight: oldInFlight };
    const to = { ratePerSecond: changedTo(rate, oldRate), maxInFlight: changedTo(inFlight, oldInFlight) };
    if (valid && dryRun !== true) {
      await ask(LIMIT_API_KEY, [id, to.ratePerSecond, to.maxInFlight]);
      await writeAudit(ask, { who: operatorName(), requestId: null }, { operation: 'keys.limit', target: { id, client }, outcome: 'done', detail: { from, to } });
    }
    return { client, valid, from, to };
  });
  if (changed === undefined) throw new CliError(`There is no key with the id "${id}"; \`sluice key list\` shows them.`, EXIT.failed);
  if (!changed.valid) throw new CliError(`${id} of ${changed.client} was revoked.`, EXIT.failed);
  process.stdout.write(`${id} of ${changed.client}: ${limitsText(changed.from)} → ${limitsText(changed.to)}. ${dryRun === true ? 'Nothing was changed.' : 'Every edge knows within two seconds.'}\n`);
}

/** Runs work in one transaction on the database of the Sluice that runs here. */
async function inDatabase<T>(work: (ask: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>) => Promise<T>): Promise<T> {
  const settings = readSettingsOrFail();
  const { postgresUrl } = knownAddresses(settings);
  if (postgresUrl === '') throw new CliError('No Sluice runs here; POSTGRES_URL must name the database.', EXIT.usage);
  const client = new pg.Client({ ...postgresAddress(postgresUrl, settings), connectionTimeoutMillis: 5_000, application_name: 'sluice key' });
  try {
    await client.connect();
    await client.query('begin');
    const result = await work(async (statement, values) => (await client.query<unknown[]>({ text: statement.text, values, rowMode: 'array' })).rows);
    await client.query('commit');
    return result;
  } catch (error) {
    if ((error as { code?: string }).code === '42P01') throw new CliError('This database has no table for keys yet; a start of Sluice makes it.', EXIT.failed, error);
    throw error instanceof CliError ? error : new CliError(`The database can't be used: ${(error as Error).message}`, EXIT.system, error);
  } finally {
    await client.end();
  }
}

function clientOf(text: string): string {
  if (!CLIENT_NAME.test(text)) throw new InvalidArgumentError('It takes 1 to 64 letters, digits and . _ - and begins and ends with a letter or digit.');
  return text;
}

function rolesIn(text: string): Role[] {
  const given = [...new Set(text.split(',').map((part) => part.trim()))];
  const unknown = given.find((role) => !(ROLES as readonly string[]).includes(role));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is no role; there are ${ROLES.join(', ')}.`);
  return given as Role[];
}

function limitOf(text: string): number | typeof NO_LIMIT {
  return text === NO_LIMIT ? NO_LIMIT : wholeOf(text);
}

function changedTo(given: number | typeof NO_LIMIT | undefined, old: number | null): number | null {
  return given === undefined ? old : given === NO_LIMIT ? null : given;
}

function wholeOf(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 1_000_000) throw new InvalidArgumentError('It must be a whole number from 1 to 1,000,000.');
  return value;
}
