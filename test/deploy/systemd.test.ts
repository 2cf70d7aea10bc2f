import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { DRAIN_LAST_RESORT_MS } from '../../bin/node/until-stopped.ts';
import { ROLES } from '../../bin/node/roles.ts';
import { readSettings } from '../../shared/config/load.ts';
import { envOf, SETTINGS, type SettingName } from '../../shared/config/settings.ts';

const root = new URL('../../', import.meta.url);
const folder = new URL('deploy/systemd/', root);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
const shared = parseEnv(read('sluice.env')) as Record<string, string>;
const units = readdirSync(folder).filter((file) => file.endsWith('.service')).map((file) => [file, sectionsOf(read(file))] as const);

/** A unit's lines by section; a name that stands twice keeps all its values. */
function sectionsOf(text: string): Record<string, Record<string, string[]>> {
  const sections: Record<string, Record<string, string[]>> = {};
  let section = '';
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const header = /^\[(\w+)\]$/.exec(line)?.[1];
    if (header !== undefined) section = header;
    else {
      const at = line.indexOf('=');
      expect([line, at > 0]).toEqual([line, true]);
      ((sections[section] ??= {})[line.slice(0, at)] ??= []).push(line.slice(at + 1));
    }
  }
  return sections;
}

/** What systemd makes of a unit's own variables for the instance 1 on the machine `host`. */
const ownOf = (unit: Record<string, string[]> | undefined) => Object.fromEntries((unit?.Environment ?? []).flatMap((line) => line.replaceAll('%H', 'host').replaceAll('%i', '1').split(' ')).map((pair) => pair.split('=') as [string, string]));

test('there is a unit for every role, several of a writer', () => {
  expect(units.map(([file]) => file)).toEqual(['sluice-edge.service', 'sluice-relay.service', 'sluice-writer@.service']);
  expect(units.map(([, { Service }]) => Service?.ExecStart?.[0]?.split(' ')[1]).sort()).toEqual(Object.keys(ROLES).sort());
});

test.each(units)('%s: starts a program that there is, with settings that it takes', (_file, { Service }) => {
  const [program = ''] = Service?.ExecStart?.[0]?.split(' ') ?? [];
  expect(program.startsWith(`${Service?.WorkingDirectory?.[0] ?? ''}/`)).toBe(true);
  expect(existsSync(new URL(program.replace('/opt/sluice/', ''), root))).toBe(true);
  const given = { ...shared, ...ownOf(Service) };
  const known = (Object.keys(SETTINGS) as SettingName[]).map(envOf);
  expect(Object.keys(given).filter((name) => !known.includes(name))).toEqual([]);
  expect(() => readSettings(given)).not.toThrow();
});

test.each(units)('%s: a stopping node has time to finish what is in work', (_file, { Service }) => {
  const { drainTimeout } = readSettings({ ...shared, ...ownOf(Service) }).settings;
  expect(Number(Service?.TimeoutStopSec?.[0]) * 1_000).toBeGreaterThan(drainTimeout + DRAIN_LAST_RESORT_MS);
  expect(Service?.KillSignal).toEqual(['SIGTERM']);
  expect(Service?.KillMode).toEqual(['mixed']);
});

test('no two nodes of a machine want the same port or name', () => {
  const own = units.map(([, { Service }]) => ownOf(Service));
  expect(new Set(own.map(({ NODE_ID }) => NODE_ID)).size).toBe(units.length);
  const ports = own.flatMap(({ PORT, METRICS_PORT }) => [PORT, METRICS_PORT].filter((port) => port !== undefined));
  expect(new Set(ports).size).toBe(units.length);
});
