import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { runSluice } from '../bin/run-sluice.ts';

const file = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
const { services } = parse(file, { merge: true }) as { services: Record<string, { build?: string; command?: string[] }> };
const own = Object.entries(services).filter(([, s]) => s.build !== undefined);

describe('docker-compose.yml', () => {
  test.each(own)('%s: its command is a command of the command line', async (_name, service) => {
    const help = await runSluice(['--help']);
    const commands = [...help.out.slice(help.out.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)\b/gm)].map((m) => m[1]);
    expect(commands).toContain(service.command?.[0]);
  });
});
