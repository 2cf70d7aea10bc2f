import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import moleculer from 'moleculer';
import { connect } from 'nats';
import { brokerOptions } from '../../moleculer.config.ts';
import { readSettings } from '../../shared/config/load.ts';
import { newKey } from '../../shared/access/api-keys.ts';
import { freePort } from '../../shared/runtime/servers/free-port.ts';
import { startKafka } from '../../shared/runtime/servers/kafka.ts';
import { startNats } from '../../shared/runtime/servers/nats.ts';
import { execution } from '../helpers/executions.ts';
import { startFleet, type Fleet } from '../helpers/fleet.ts';
import { ownServers } from '../helpers/own-servers.ts';
import { query } from '../helpers/query.ts';
import { waitFor } from '../helpers/wait-for.ts';

const own = ownServers();
const NATS_PASSWORD = 'nats-password-Zq81';
const KAFKA_PASSWORD = 'kafka-password-Xw52';

test('secrets are in no log, no answer, no setting that is shown and nothing that the registry tells, whatever goes wrong; Kafka is reached by SASL', async () => {
  const folder = await own.folder();
  const port = await freePort();
  const [nats, kafka] = await Promise.all([
    own.start((options) => startNats({ ...options, config: `authorization { user: sluice, password: ${JSON.stringify(NATS_PASSWORD)} }\n` }), { dataDir: join(folder, 'nats') }),
    own.start((options) => startKafka({ ...options, wires: [{ port, advertisedPort: port, users: { sluice: KAFKA_PASSWORD } }] }), { dataDir: join(folder, 'kafka') }),
  ]);
  const credentials = join(folder, 'kafka.env');
  await writeFile(credentials, `username=sluice\npassword=${KAFKA_PASSWORD}\n`, { mode: 0o600 });
  const initial = newKey().text;
  const natsUrl = `nats://sluice:${NATS_PASSWORD}@127.0.0.1:${nats.port}`;
  const fleet = await startFleet({ writers: 1, relays: 1, env: { NATS_URL: natsUrl, KAFKA_BROKERS: `127.0.0.1:${port}`, KAFKA_SASL: 'plain', KAFKA_CREDENTIALS: credentials, SLUICE_INITIAL_KEY: initial, LOG_LEVEL: 'trace' } });
  try {
    const key = newKey().text;
    const secrets = { NATS_PASSWORD, KAFKA_PASSWORD, initial: initial.slice(17), key: key.slice(17), postgres: decodeURIComponent(new URL(fleet.databaseUrl).password) };
    const ask = async (method: string, path: string, body?: unknown) => (await fetch(fleet.url + path, { method, headers: { Authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })).text();
    const told: Record<string, string> = {};
    told.posted = await ask('POST', '/api/v1/executions', execution());
    await fleet.quiet(); // the relay reached Kafka, with its password
    expect(await query(fleet.databaseUrl, `select coalesce(sum(delivered), 0)::int as n from ledger`)).not.toEqual([{ n: 0 }]);

    told.registry = await registryOf(natsUrl, await namespaceOf(fleet));
    expect(told.registry).toContain('writer.write');
    for (const path of ['/api/v1/settings', '/api/v1/settings/natsUrl', '/api/v1/settings/postgresUrl', '/api/v1/nodes', '/api/v1/verify', '/health/ready', '/metrics', '/openapi.json']) told[path] = await ask('GET', path);
    expect(told['/api/v1/settings/natsUrl']).toContain('(set, hidden)');

    // What goes wrong is told at length, and not with everything.
    await kafka.stop();
    told.afterKafka = await ask('POST', '/api/v1/executions', execution());
    await waitFor(async () => (await fleet.ready()).delivery.status !== 'up', { timeoutMs: 60_000, what: 'the relay to notice that Kafka is away' });
    for (const [method, path, body] of [['GET', '/api/v1/nothing'], ['GET', '/api/v1/executions?x=1'], ['POST', '/api/v1/executions', { a: 1 }], ['GET', '/health/ready']] as const) told[`${method} ${path} refused`] = await ask(method, path, body);
    await nats.stop();
    await waitFor(async () => (await fetch(`${fleet.url}/health/ready`)).status === 503, { timeoutMs: 60_000, what: 'the edge to notice that NATS is away' });
    told.afterNats = await ask('GET', '/health/ready');
    for (const name of await readdir(fleet.logs)) told[`log ${name}`] = await readFile(join(fleet.logs, name), 'utf8');
    expect(Object.keys(told).filter((name) => name.startsWith('log ')).length).toBeGreaterThanOrEqual(3);

    const found = Object.entries(told).flatMap(([where, text]) => Object.entries(secrets).filter(([, secret]) => secret !== '' && text.includes(secret)).map(([secret]) => `${secret} in ${where}`));
    expect(found).toEqual([]);
  } finally {
    // Without NATS a node in order takes as long as its drain may.
    for (const node of fleet.nodes()) await node.kill9();
    await fleet.stop();
  }
}, 180_000);

async function namespaceOf(fleet: Fleet): Promise<string> {
  const { value } = (await (await fetch(`${fleet.url}/api/v1/settings/namespace`)).json()) as { value: string };
  return value;
}

/** All that goes over NATS while a node joins the fleet, is told of the others, and asks them what it can. */
async function registryOf(natsUrl: string, namespace: string): Promise<string> {
  const { username: user, password: pass, host: servers } = new URL(natsUrl);
  const wire = await connect({ servers, user, pass });
  const heard: string[] = [];
  wire.subscribe('>', { callback: (_error, message) => void heard.push(message.string()) });
  await wire.flush();
  const broker = new moleculer.ServiceBroker(brokerOptions({ ...readSettings({}).settings, natsUrl, namespace, heartbeat: 1 }, 'listener'));
  await broker.start();
  try {
    const nodes = () => (broker as unknown as { registry: { getNodeList(options: object): { id: string }[] } }).registry.getNodeList({ onlyAvailable: true, withServices: true });
    await waitFor(() => nodes().length >= 4, { timeoutMs: 30_000, what: 'the listener to know all nodes' });
    const others = nodes().map(({ id }) => id).filter((id) => id !== 'listener');
    for (const nodeID of others) await expect(broker.call('$node.options', {}, { nodeID, timeout: 5_000 })).rejects.toThrow(/not found|not available/i);
    const answers = await Promise.all(others.map((nodeID) => broker.call('$node.health', {}, { nodeID, timeout: 10_000 })));
    return [...heard, JSON.stringify(answers)].join('\n');
  } finally {
    await broker.stop();
    await wire.close();
  }
}
