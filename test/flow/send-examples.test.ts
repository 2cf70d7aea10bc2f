import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Summary } from '../../bin/send/summary.ts';
import { runSluice } from '../bin/run-sluice.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';

const example = (name: string) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

interface Counted {
  rows: number;
  quantity: string;
}

describe('sluice send against a whole Sluice', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({ writers: 2 });
  });
  afterAll(() => system.stop());

  async function stored(): Promise<Counted> {
    const client = new pg.Client({ connectionString: system.databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<Counted>('SELECT count(*)::int AS rows, coalesce(sum(quantity), 0)::text AS quantity FROM execution');
      return rows[0] as Counted;
    } finally {
      await client.end();
    }
  }

  test('each format: the good ones are stored once with the same digits, the wrong ones refused as expected', async () => {
    const expected = JSON.parse(await readFile(example('expected-failures.json'), 'utf8')) as Record<string, { pointer: string; code: string }>;
    const sums: string[] = [];
    let before = await stored();
    for (const name of ['executions.ndjson', 'executions.csv', 'executions.json']) {
      const failedFile = join(await mkdtemp(join(tmpdir(), 'sluice-send-')), 'failed.ndjson');
      const ran = await runSluice(['send', example(name), '--url', system.url, '--json', '--quiet', '--failed', failedFile]);
      const summary = JSON.parse(ran.out) as Summary;
      expect({ code: ran.code, err: ran.err }).toEqual({ code: 1, err: '' });
      expect(summary).toMatchObject({ items: 10_000, successful: 9_900, failed: 100, unknown: 0 });
      const failed = (await readFile(failedFile, 'utf8')).trim().split('\n').map((l) => JSON.parse(l) as { index: number; errors: { pointer: string; code: string }[] });
      expect(Object.fromEntries(failed.map((f) => [f.index, f.errors.map(({ pointer, code }) => ({ pointer, code }))]))).toEqual(Object.fromEntries(Object.entries(expected).map(([i, f]) => [i, [f]])));
      const after = await stored();
      expect(after.rows - before.rows).toBe(9_900);
      sums.push(`${units(after.quantity) - units(before.quantity)}`);
      before = after;
    }
    expect(new Set(sums).size).toBe(1);
  });

  test('F46 the same run again, by its key prefix, is answered again and writes nothing', async () => {
    const args = ['send', example('executions.csv'), '--url', system.url, '--json', '--quiet', '--key-prefix', 'tuesday'];
    const first = await runSluice(args);
    const before = await stored();
    const again = await runSluice(args);
    expect(again.code).toBe(1);
    const { failures, failedByCode, successful } = JSON.parse(first.out) as Summary;
    expect(JSON.parse(again.out)).toMatchObject({ failures: expect.arrayContaining(failures.slice(0, 1)) as unknown, failedByCode, successful });
    expect(await stored()).toEqual(before);
  });
});

/** A sum of numeric(18,8) in units of its last digit. */
function units(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(8, '0'));
}
