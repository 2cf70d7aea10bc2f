/**
 * `npm test`: runs Jest with the arguments it is given. Where CI is set it first checks types, style and generated files; every
 * step runs, whatever became of the one before, and the exit code tells whether all went well. There a test file that fails runs once
 * more, on its own: what passes then is named as unsteady and fails nothing, for on a crowded machine a limit that is kept everywhere
 * else can be missed; more than a few of them are no accident, and fail.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);

/** Jest needs Node's hooks to load ES modules; the two warnings are of Node itself and of kafkajs, and nothing can be done about them. */
const NODE_OPTIONS = [process.env.NODE_OPTIONS, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'].filter(Boolean).join(' ');

const jest = { name: 'tests', command: bin('jest'), args: process.argv.slice(2), env: { NODE_OPTIONS } };

/** So many files that fail are given a second run. */
const UNSTEADY_FILES = 3;

process.exitCode = process.env.CI ? runAll([...checks(), { name: jest.name, act: testTwice }]) : run(jest);

function checks() {
  const { scripts = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return [
    { name: 'types', command: bin('tsc'), args: ['--noEmit'] },
    { name: 'lint', command: bin('eslint'), args: ['.'] },
    ...('check:generated' in scripts ? [{ name: 'generated files', command: 'npm', args: ['run', '--silent', 'check:generated'] }] : []),
  ];
}

function runAll(steps) {
  const results = steps.map((step) => {
    console.log(`\n== ${step.name}`);
    const began = performance.now();
    const ok = (step.act ?? run)(step) === 0;
    const result = `${step.name} ${ok ? 'ok' : 'FAILED'} (${((performance.now() - began) / 1000).toFixed(1)} s)`;
    console.log(`== ${result}`);
    return { ok, result };
  });
  console.log(`\n${results.map(({ result }) => result).join(', ')}`);
  return results.every(({ ok }) => ok) ? 0 : 1;
}

/** Runs the tests, and the few files that failed once more, one after the other. */
function testTwice() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tests-'));
  const list = join(folder, 'failed');
  try {
    const status = run({ ...jest, args: [...jest.args, '--reporters=default', `--reporters=${join(root, 'scripts', 'failed-files.mjs')}`], env: { ...jest.env, FAILED_FILES: list } });
    const failed = status === 0 ? [] : readFileSync(list, 'utf8').split('\n').filter(Boolean);
    if (status === 0 || failed.length === 0 || failed.length > UNSTEADY_FILES) return status;
    console.log(`\n== ${failed.length} failed: once more, on its own`);
    const again = run({ ...jest, args: ['--runInBand', '--runTestsByPath', ...failed] });
    if (again === 0) console.log(`UNSTEADY, passed only on its own: ${failed.join(', ')}`);
    return again;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run({ command, args, env }) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) console.error(error.message);
  return status ?? 1;
}
