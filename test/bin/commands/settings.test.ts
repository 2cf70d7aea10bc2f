import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SETTINGS } from '../../../shared/config/settings.ts';
import type { ShownSetting } from '../../../bin/commands/settings.ts';
import { runSluice } from '../run-sluice.ts';

describe('sluice settings', () => {
  test('shows every setting with its value, and where it comes from', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'sluice-settings-'));
    await writeFile(join(cwd, '.env'), 'WRITER_CONCURRENCY=7\n');
    const ran = await runSluice(['settings', '--json'], { env: { PORT: '9000' }, cwd });
    const shown = JSON.parse(ran.out) as ShownSetting[];
    expect(shown.map((s) => s.name)).toEqual(Object.keys(SETTINGS));
    expect(shown.find((s) => s.name === 'port')).toMatchObject({ variable: 'PORT', value: 9000, default: 8080, origin: 'environment' });
    expect(shown.find((s) => s.name === 'writerConcurrency')).toMatchObject({ value: 7, origin: 'file' });
    expect(shown.find((s) => s.name === 'shards')).toMatchObject({ origin: 'default' });
  });

  test('never prints a secret', async () => {
    const env = { POSTGRES_URL: 'postgres://me:hunter2@db/sluice' };
    for (const args of [['settings'], ['settings', '--json']]) {
      const ran = await runSluice(args, { env });
      expect(ran.code).toBe(0);
      expect(ran.out).toContain('(set, hidden)');
      expect(ran.out).not.toContain('hunter2');
    }
  });

  test('settings that cannot be used are all named, with exit code 2', async () => {
    const ran = await runSluice(['settings'], { env: { PORT: 'http', WRITER_CONCURENCY: '4' } });
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('PORT must be a whole number');
    expect(ran.err).toContain('did you mean WRITER_CONCURRENCY?');
  });

  test('a name that is no setting is an error', async () => {
    expect(await runSluice(['settings', 'prot'])).toMatchObject({ code: 2, out: '' });
  });
});
