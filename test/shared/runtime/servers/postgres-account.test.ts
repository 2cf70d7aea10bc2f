import { chown, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { postgresAccount } from '../../../../shared/runtime/servers/postgres-account.ts';
import { findPostgresBinaries } from '../../../../shared/runtime/servers/postgres-binaries.ts';
import { runCommand } from '../../../../shared/runtime/servers/run-command.ts';

let closed: string;
beforeEach(async () => {
  closed = await mkdtemp(join(tmpdir(), 'sluice-closed-')); // 0700
});
afterEach(() => rm(closed, { recursive: true, force: true }));

test('the programs run from, and write into, a folder that is closed to all but its owner', async () => {
  const { initdb } = await findPostgresBinaries();
  await cp(join(dirname(initdb), '..'), join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
  const program = join(closed, 'native', 'bin', 'initdb');
  const cluster = join(closed, 'data');
  const account = await postgresAccount([program, cluster]);
  await mkdir(cluster, { mode: 0o700 });
  if (account.ids) await chown(cluster, account.ids.uid, account.ids.gid);
  const { command, args, ...ids } = account.start(program, ['-D', cluster, '-U', 'sluice', '--no-sync']);
  await expect(runCommand(command, args, { cwd: '/', ...ids })).resolves.toContain('Success');
});

test('an ordinary user runs the programs as himself', async () => {
  const account = await postgresAccount(['/nowhere/bin/initdb'], 1000);
  expect(account.ids).toBeUndefined();
  expect(account.start('/nowhere/bin/initdb', ['-D', 'x'])).toEqual({ command: '/nowhere/bin/initdb', args: ['-D', 'x'] });
});
