import { readdirSync, readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import { DRAIN_LAST_RESORT_MS } from '../../bin/node/until-stopped.ts';
import { heapOptions } from '../../bin/node/heap-options.ts';
import { ROLES } from '../../bin/node/roles.ts';
import { routesOf } from '../../services/gateway/routes-table.ts';
import { newKey } from '../../shared/access/api-keys.ts';
import { readSettings } from '../../shared/config/load.ts';
import { envOf, SETTINGS, type SettingName } from '../../shared/config/settings.ts';

interface Probe {
  httpGet: { path: string; port: string };
}
interface Container {
  image: string;
  args: string[];
  ports: { name: string; containerPort: number }[];
  env: { name: string }[];
  lifecycle?: { preStop: { sleep: { seconds: number } } };
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
  resources: { limits: { memory: string } };
  securityContext: object;
}
interface Manifest {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  spec: {
    selector?: { matchLabels?: Record<string, string> } & Record<string, unknown>;
    maxUnavailable?: number;
    replicas?: number;
    ports?: { targetPort: string }[];
    template: { metadata: { labels: Record<string, string> }; spec: { terminationGracePeriodSeconds: number; securityContext: object; containers: Container[] } };
  };
}

const folder = new URL('../../deploy/kubernetes/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
const { resources, images } = parse(read('kustomization.yaml')) as { resources: string[]; images: { name: string; newTag: string }[] };
const manifests = resources.flatMap((file) => parseAllDocuments(read(file)).map((document) => {
  expect(document.errors).toEqual([]);
  return document.toJS() as Manifest;
}));
const ofKind = (kind: string) => manifests.filter((one) => one.kind === kind);
const deployments = ofKind('Deployment').map((one) => [one.metadata.name, one, one.spec.template.spec.containers[0] as Container] as const);
const [settings] = ofKind('ConfigMap');
const SECRET = { POSTGRES_URL: 'postgres://sluice@postgres/sluice', NATS_URL: 'nats://nats:4222', SLUICE_INITIAL_KEY: newKey().text };

test('every file is in the kustomization, every role has a deployment and a budget for disruptions', () => {
  expect([...resources, 'kustomization.yaml'].sort()).toEqual(readdirSync(folder).sort());
  for (const kind of ['Deployment', 'PodDisruptionBudget']) expect(ofKind(kind).map(({ metadata }) => metadata.name)).toEqual(Object.keys(ROLES));
  for (const { metadata, spec } of ofKind('PodDisruptionBudget')) {
    const deployment = deployments.find(([name]) => name === metadata.name)?.[1];
    expect(spec.selector?.matchLabels).toEqual(deployment?.spec.template.metadata.labels);
    expect(spec.maxUnavailable).toBeLessThan(deployment?.spec.replicas ?? 0);
  }
});

test.each(deployments)('%s: every variable is in the settings table, with a value it takes', (_name, _deployment, { env }) => {
  const { NODE_OPTIONS: options, ...given }: Record<string, string> = { ...settings?.data, ...Object.fromEntries(env.map(({ name }) => [name, 'edge-1'])), ...SECRET };
  expect(options).toBe(heapOptions());
  const known = (Object.keys(SETTINGS) as SettingName[]).map(envOf);
  expect(Object.keys(given).filter((name) => !known.includes(name))).toEqual([]);
  expect(() => readSettings(given)).not.toThrow();
});

test.each(deployments)('%s: runs its role, is probed on its own port, and is given time to drain', (name, { spec }, container) => {
  const read = readSettings({ ...settings?.data, ...SECRET }).settings;
  expect(container.args).toEqual([name]);
  const [port] = container.ports;
  expect(port?.containerPort).toBe(name === 'edge' ? read.port : read.metricsPort);
  const paths = routesOf([]).map(({ path }) => path);
  for (const { httpGet } of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
    expect(httpGet.port).toBe(port?.name);
    expect(paths).toContain(httpGet.path);
  }
  expect(container.livenessProbe.httpGet.path).toBe('/health/live');
  const needed = (read.drainTimeout + DRAIN_LAST_RESORT_MS) / 1_000 + (container.lifecycle?.preStop.sleep.seconds ?? 0);
  expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(needed);
  expect(spec.selector?.matchLabels).toEqual(spec.template.metadata.labels);
});

test.each(deployments)('%s: runs without rights it does not need, with more memory than its heap may take', (_name, { spec }, container) => {
  expect(spec.template.spec.securityContext).toMatchObject({ runAsNonRoot: true });
  expect(container.securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
  expect(Number(/^(\d+)Mi$/.exec(container.resources.limits.memory)?.[1])).toBeGreaterThan(Number(/old-space-size=(\d+)/.exec(heapOptions())?.[1]));
});

test('the service leads to the edges, and the image is that of this version', () => {
  const [service] = ofKind('Service');
  const edge = deployments.find(([name]) => name === 'edge');
  expect(service?.spec.selector).toEqual(edge?.[1].spec.template.metadata.labels);
  expect(service?.spec.ports?.[0]?.targetPort).toBe(edge?.[2].ports[0]?.name);
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(images).toEqual([{ name: deployments[0]?.[2].image, newTag: version }]);
});
