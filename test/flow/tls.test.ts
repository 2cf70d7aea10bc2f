import { readdir, readFile, stat, writeFile, chown } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { IncomingHttpHeaders } from 'node:http';
import pg from 'pg';
import { connect } from 'nats';
import { loadServices, ROLES } from '../../bin/node/roles.ts';
import { readSettings } from '../../shared/config/load.ts';
import type { Settings } from '../../shared/config/settings.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { loadKinds } from '../../shared/records/load-kinds.ts';
import { nodesWith } from '../../shared/runtime/fleet.ts';
import { startNode, type RunningNode } from '../../shared/runtime/node.ts';
import { startNats } from '../../shared/runtime/servers/nats.ts';
import { startPostgres } from '../../shared/runtime/servers/postgres.ts';
import { makeAuthority } from '../helpers/certificates.ts';
import { execution } from '../helpers/executions.ts';
import { uniqueName } from '../helpers/namespace.ts';
import { ownServers } from '../helpers/own-servers.ts';
import { startSystem } from '../helpers/system.ts';
import { waitFor } from '../helpers/wait-for.ts';

const own = ownServers();
const authority = makeAuthority('the authority of this test');
const stranger = makeAuthority('another authority');

interface Ask {
  ca: string;
  method?: string;
  body?: string;
  cert?: { cert: string; key: string };
  headers?: Record<string, string>;
}

function ask(url: string, { ca, method = 'GET', body, cert, headers = {} }: Ask): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const req = httpsRequest(url, { method, ca, agent: false, ...cert, headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers } }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (piece: string) => (text += piece)).on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }));
    });
    req.on('error', reject).end(body);
  });
}

test('the gateway and /metrics are served over TLS, every answer has its headers, and certificates of clients are asked for where they should be', async () => {
  const folder = await own.folder();
  const { cert, key, ca } = await authority.files(folder, 'edge');
  const system = await startSystem({ settings: { tlsCert: cert, tlsKey: key } });
  try {
    const url = system.url.replace('http:', 'https:');
    const posted = await ask(`${url}/api/v1/executions`, { ca: authority.cert, method: 'POST', body: JSON.stringify(execution()) });
    expect(posted.status).toBe(201);
    for (const path of ['/health/live', '/api/v1/executions', '/api/v1/nothing', '/docs', '/openapi.json']) {
      const { headers } = await ask(url + path, { ca: authority.cert, headers: { origin: 'https://elsewhere.example' } });
      expect([path, headers]).toEqual([path, expect.objectContaining({ 'strict-transport-security': 'max-age=31536000', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'content-security-policy': expect.stringContaining("frame-ancestors 'none'") as string })]);
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
    const targets = JSON.parse((await ask(`${url}/metrics/targets`, { ca: authority.cert })).text) as { targets: string[]; labels: { role: string; __scheme__?: string } }[];
    const writer = targets.find(({ labels }) => labels.role === 'writer');
    expect(writer?.labels.__scheme__).toBe('https');
    expect((await ask(`https://${writer?.targets[0] ?? ''}/metrics`, { ca: authority.cert })).text).toContain('sluice_');
    await expect(ask(`${url}/health/live`, { ca: stranger.cert })).rejects.toThrow(/unable to verify|self.signed|signature/);
    await expect(fetch(`${system.url}/health/live`)).rejects.toThrow(); // plain HTTP finds nobody

    const strict = await startNode('edge', { gateway: (await import('../../services/gateway/gateway.service.ts')).createGateway }, { ...system.settings, tlsClientCa: ca });
    try {
      const port = ((strict.broker.getLocalService('gateway') as unknown as { server: Server }).server.address() as AddressInfo).port;
      const at = `https://127.0.0.1:${port}`;
      expect((await ask(`${at}/health/live`, { ca: authority.cert })).status).toBe(200);
      for (const shown of [undefined, stranger.issue('somebody')]) expect((await ask(`${at}/api/v1/executions`, { ca: authority.cert, ...(shown === undefined ? {} : { cert: shown }) })).status).toBe(401);
      expect((await ask(`${at}/api/v1/executions`, { ca: authority.cert, cert: authority.issue('a client') })).status).toBe(200);
    } finally {
      await strict.stop();
    }
  } finally {
    await system.stop();
  }
}, 60_000);

test('without TLS answers have the same headers but HSTS, and nothing is let in for pages of other origins', async () => {
  const system = await startSystem({ writers: 0 });
  try {
    const preflight = await fetch(`${system.url}/api/v1/executions`, { method: 'OPTIONS', headers: { Origin: 'https://elsewhere.example', 'Access-Control-Request-Method': 'POST' } });
    expect(preflight.ok).toBe(false);
    for (const answer of [preflight, await fetch(`${system.url}/health/live`, { headers: { Origin: 'https://elsewhere.example' } })]) {
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.has('strict-transport-security')).toBe(false);
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
  } finally {
    await system.stop();
  }
});

test('a certificate without its key, a file that is not there and a key of another certificate are told at the start, by the setting\'s name', async () => {
  const folder = await own.folder();
  const { cert } = await authority.files(folder, 'one');
  const { key: other } = await authority.files(folder, 'other');
  const { serverTls } = await import('../../shared/secure/server-tls.ts');
  expect(() => serverTls({ tlsCert: cert, tlsKey: '', tlsClientCa: '' })).toThrow(/TLS_CERT and TLS_KEY go together/);
  expect(() => serverTls({ tlsCert: join(folder, 'none.pem'), tlsKey: other, tlsClientCa: '' })).toThrow(/TLS_CERT names .*none\.pem, which cannot be read \(ENOENT\)/);
  expect(() => serverTls({ tlsCert: cert, tlsKey: other, tlsClientCa: '' })).toThrow(/cannot be used together/);
});

test('a fleet works over NATS and PostgreSQL that speak TLS only, and refuses servers that a stranger has signed for', async () => {
  const folder = await own.folder();
  const files = await authority.files(folder, 'server');
  const strange = await stranger.files(folder, 'stranger');
  const nats = await own.start((options) => startNats({ ...options, config: `tls { cert_file: ${JSON.stringify(files.cert)}, key_file: ${JSON.stringify(files.key)} }\nauthorization { user: sluice, password: nats-pass-7Q }\n` }), { dataDir: join(folder, 'nats') });
  const postgres = await own.start(startPostgres, { dataDir: join(folder, 'postgres') });
  await demandTls(postgres.url, join(folder, 'postgres'), files);
  const settings: Settings = {
    ...readSettings({}).settings, namespace: uniqueName('fleet'), port: 0, logLevel: 'silent', heartbeat: 1,
    natsUrl: `tls://sluice:nats-pass-7Q@127.0.0.1:${nats.port}`, natsCa: files.ca, postgresUrl: `${postgres.url}?sslmode=verify-full`, postgresCa: files.ca,
  };
  await migrate(settings.postgresUrl, await loadKinds(''), settings);
  const nodes = [await startNode('edge', await loadServices(ROLES.edge), settings), await startNode('writer', await loadServices(ROLES.writer), settings)];
  try {
    await waitFor(() => nodesWith((nodes[0] as RunningNode).broker, 'writer').length === 1, { timeoutMs: 15_000, what: 'the nodes to see each other' });
    const port = ((nodes[0] as RunningNode).broker.getLocalService('gateway') as unknown as { server: Server }).server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port.port}/api/v1/executions`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(execution()) });
    expect(answer.status).toBe(201);
    const client = new pg.Client({ connectionString: postgres.url, ssl: { ca: authority.cert } });
    await client.connect();
    const { rows } = await client.query<{ all: boolean; n: number }>(`select bool_and(ssl) as all, count(*)::int as n from pg_stat_ssl join pg_stat_activity using (pid) where application_name like 'sluice %'`);
    await client.end();
    expect(rows[0]?.all).toBe(true);
    expect(rows[0]?.n).toBeGreaterThan(0);
    await expect(migrate(settings.postgresUrl, await loadKinds(''), { ...settings, postgresCa: strange.ca })).rejects.toThrow(/certificate|signature|verify/);
    await expect(migrate(`${postgres.url}?sslmode=disable`, await loadKinds(''), { ...settings, postgresCa: '' })).rejects.toThrow(/no encryption/);
    await expect(connect({ servers: `127.0.0.1:${nats.port}`, user: 'sluice', pass: 'nats-pass-7Q', reconnect: false, tls: { ca: stranger.cert } })).rejects.toThrow();
  } finally {
    for (const node of nodes) await node.stop();
  }
}, 90_000);

/** Lets a PostgreSQL that runs take TLS only, with this certificate. */
async function demandTls(url: string, dataDir: string, files: { cert: string; key: string }): Promise<void> {
  const cluster = join(dataDir, 'data');
  const { uid, gid } = await stat(cluster);
  // It reads them as its own user, and refuses a key that others could read.
  for (const [from, to, mode] of [[files.cert, 'server.crt', 0o644], [files.key, 'server.key', 0o600]] as const) {
    await writeFile(join(cluster, to), await readFile(from), { mode });
    await chown(join(cluster, to), uid, gid);
  }
  const hba = join(cluster, 'pg_hba.conf');
  await writeFile(hba, 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
  expect(await readdir(cluster)).toContain('server.key');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('alter system set ssl = on');
  await client.query('select pg_reload_conf()');
  await client.end();
}
