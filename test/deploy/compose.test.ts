import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { newKey } from '../../shared/access/api-keys.ts';
import { envOf, SETTINGS, type SettingName } from '../../shared/config/settings.ts';
import { readSettings } from '../../shared/config/load.ts';

interface Service {
  image: string;
  build?: string;
  environment?: Record<string, string | number>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  volumes?: string[];
  deploy?: { replicas: number };
}

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service>; volumes: Record<string, unknown> };
const services = Object.entries(compose.services);
const own = services.filter(([, s]) => s.build !== undefined);

describe('docker-compose.yml', () => {
  test('has the servers, one edge, three writers and a relay, and what looks at them', () => {
    expect(Object.keys(compose.services).sort()).toEqual(['edge', 'grafana', 'kafka', 'nats', 'postgres', 'prometheus', 'relay', 'writer']);
    expect(own.map(([name, s]) => [name, s.deploy?.replicas ?? 1])).toEqual([['edge', 1], ['writer', 3], ['relay', 1]]);
  });

  test.each(own)('%s: every variable is in the settings table, with a value it takes', (_name, service) => {
    const known = (Object.keys(SETTINGS) as SettingName[]).map(envOf);
    // Node's own, and the key that whoever starts it makes.
    const { NODE_OPTIONS: _, ...settings } = service.environment ?? {};
    const given = { ...Object.fromEntries(Object.entries(settings).map(([k, v]) => [k, String(v)])), SLUICE_INITIAL_KEY: newKey().text };
    expect(settings.SLUICE_INITIAL_KEY).toMatch(/^\$\{SLUICE_KEY:\?/);
    expect(Object.keys(given).filter((variable) => !known.includes(variable))).toEqual([]);
    expect(() => readSettings(given)).not.toThrow();
  });

  test.each(services)('%s: every service that it waits for exists, and can become healthy', (_name, service) => {
    for (const [on, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services[on]?.healthcheck?.test.length).toBeGreaterThan(0);
      expect(condition).toBe('service_healthy');
    }
  });

  test.each(services)('%s: its image is pinned, its health is checked, its named volumes are declared', (_name, service) => {
    expect(service.image).toMatch(/^[a-z/]+:v?\d+\.\d+/);
    expect(service.healthcheck?.test.length).toBeGreaterThan(1);
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) expect(existsSync(new URL(source, root))).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  test.each(own)('%s: its health is asked on the port that it is given', (_name, service) => {
    const port = service.environment?.METRICS_PORT ?? service.environment?.PORT;
    expect(service.healthcheck?.test.join(' ')).toContain(`127.0.0.1:${String(port)}/health/live`);
  });
});

describe('the image', () => {
  const dockerfile = read('Dockerfile');

  test('runs as another user than root, on the Node that the project is pinned to', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: { node: string } };
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((m) => m[1]);
    expect(bases.every((base) => base?.startsWith(`node:${dependencies.node}-`))).toBe(true);
    expect(dockerfile).toMatch(/^USER node$/m);
  });

  test('leaves out what only this machine needs', () => {
    const ignored = read('.dockerignore').split('\n');
    for (const path of ['node_modules', '.git', '.env', '.sluice']) expect(ignored).toContain(path);
  });

  test('NATS keeps what it has acknowledged', () => {
    expect(read('deploy/nats.conf')).toMatch(/^\s*sync_interval: always$/m);
  });
});
