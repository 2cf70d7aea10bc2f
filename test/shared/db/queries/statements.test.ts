import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import type { NamedStatement } from '../../../../shared/db/queries/flush.ts';
import { createDatabase, type TestDatabase } from '../../../helpers/database.ts';

const FOLDER = join(import.meta.dirname, '../../../../shared/db/queries');

let temporary: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  temporary = await createDatabase();
  client = new pg.Client({ connectionString: temporary.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await temporary.drop();
});

const isStatement = (it: unknown): it is NamedStatement => typeof it === 'object' && it !== null && typeof (it as NamedStatement).text === 'string' && typeof (it as NamedStatement).name === 'string';

test('F5 PostgreSQL understands every statement that stands in the code, with the tables as the migrations make them', async () => {
  const faults: string[] = [];
  let checked = 0;
  for (const file of readdirSync(FOLDER)) {
    const module = (await import(pathToFileURL(join(FOLDER, file)).href)) as Record<string, unknown>;
    for (const [name, it] of Object.entries(module)) {
      if (!isStatement(it)) continue;
      checked++;
      await client.query(`prepare probe as ${it.text}`).then(() => client.query('deallocate probe'), (error: Error) => faults.push(`${file} ${name}: ${error.message}`));
    }
  }
  expect(faults).toEqual([]);
  expect(checked).toBeGreaterThan(60);
});

test('no two statements share a name: a connection would run the one for the other', async () => {
  const names: string[] = [];
  for (const file of readdirSync(FOLDER)) {
    const module = (await import(pathToFileURL(join(FOLDER, file)).href)) as Record<string, unknown>;
    for (const it of Object.values(module)) if (isStatement(it) && it.name !== '') names.push(it.name);
  }
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
