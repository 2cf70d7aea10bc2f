import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from 'nats';
import { loadServices, ROLES } from '../../bin/node/roles.ts';
import type { Settings } from '../../shared/config/settings.ts';
import { startNode } from '../../shared/runtime/node.ts';
import { freePort } from '../../shared/runtime/servers/free-port.ts';
import { startKafka } from '../../shared/runtime/servers/kafka.ts';
import { startNats } from '../../shared/runtime/servers/nats.ts';
import { makeAuthority } from '../helpers/certificates.ts';
import { execution } from '../helpers/executions.ts';
import { send } from '../helpers/http.ts';
import { makeNatsOperator } from '../helpers/nats-operator.ts';
import { ownServers } from '../helpers/own-servers.ts';
import { query } from '../helpers/query.ts';
import { startSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const own = ownServers();
const authority = makeAuthority('the authority of this test');
const stranger = makeAuthority('another authority');
const LONG = { timeoutMs: 60_000 };

test('a fleet works with a credentials file of NATS and with Kafka over TLS and SCRAM, and says what is wrong with others', async () => {
  const folder = await own.folder();
  const { config, credentials } = makeNatsOperator();
  const [server, strange, port] = [await authority.files(folder, 'server'), await stranger.files(folder, 'stranger'), await freePort()];
  const [nats] = await Promise.all([
    own.start((options) => startNats({ ...options, config }), { dataDir: join(folder, 'nats') }),
    own.start((options) => startKafka({ ...options, wires: [{ port, advertisedPort: port, users: { sluice: 'right-8K' }, mechanism: 'SCRAM-SHA-512', tls: server }] }), { dataDir: join(folder, 'kafka') }),
  ]);
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const settings: Partial<Settings> = {
    natsUrl: nats.url, natsCredentials: await file('right.creds', credentials),
    kafkaBrokers: `127.0.0.1:${port}`, kafkaTls: true, kafkaCa: server.ca, kafkaSasl: 'scram-sha-512', kafkaCredentials: await file('right', 'username=sluice\npassword=right-8K\n'),
  };
  const system = await startSystem({ relays: 1, settings });
  try {
    expect((await send(system.url, 'POST', '/api/v1/executions', execution())).status).toBe(201);
    await waitFor(async () => (await query(system.databaseUrl, 'select coalesce(sum(delivered), 0)::int as n from ledger'))[0]?.n === 1, { ...LONG, what: 'the delivery' });
    await system.relays[0]?.stop();

    const says = async (what: RegExp, changed: Partial<Settings>) => {
      const relay = await startNode('relay', await loadServices(ROLES.relay), { ...system.settings, ...changed });
      try {
        const why = async () => (JSON.parse((await send(system.url, 'GET', '/health/ready')).text) as { delivery: { why?: string } }).delivery.why ?? '';
        await waitFor(async () => what.test(await why()), { ...LONG, what: `the relay to say what is wrong (${what.source})` });
      } finally {
        await relay.stop();
      }
    };
    await says(/SASL SCRAM SHA512 authentication failed/, { kafkaCredentials: await file('wrong', 'username=sluice\npassword=wrong-9L\n') });
    await says(/unable to verify the first certificate/, { kafkaCa: strange.ca });
    await expect(connect({ servers: `127.0.0.1:${nats.port}`, reconnect: false })).rejects.toThrow(/Authorization/i);
    // Another operator's user is refused; a node that starts with one says so, and goes on trying.
    const env = { POSTGRES_URL: system.databaseUrl, NATS_URL: nats.url, NATS_CREDENTIALS: await file('other.creds', makeNatsOperator().credentials), LOG_LEVEL: 'error' };
    await refused(env, /Authorization Violation.*NATS cannot be reached/i);
  } finally {
    await system.stop();
  }
}, 240_000);

/** Starts a writer in a process of its own until it says so. */
async function refused(env: Record<string, string>, what: RegExp): Promise<void> {
  const writer = spawn(fileURLToPath(new URL('../../bin/sluice', import.meta.url)), ['writer'], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let log = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => (log += text));
  try {
    await waitFor(() => what.test(log), { ...LONG, what: 'the writer to say why it does not start' });
  } finally {
    writer.kill('SIGKILL');
    await once(writer, 'exit');
  }
}
