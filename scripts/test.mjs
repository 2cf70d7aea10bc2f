/**
 * `npm test`: runs Jest with the arguments it is given. Where CI is set it first checks types, style and generated files; every
 * step runs, whatever became of the one before, and the exit code tells whether all went well.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);

/** Jest needs Node's hooks to load ES modules; the two warnings are of Node itself and of kafkajs, and nothing can be done about them. */
const NODE_OPTIONS = [process.env.NODE_OPTIONS, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'].filter(Boolean).join(' ');

const jest = { name: 'tests', command: bin('jest'), args: process.argv.slice(2), env: { NODE_OPTIONS } };

process.exitCode = process.env.CI ? runAll([...checks(), jest]) : run(jest);

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
    const ok = run(step) === 0;
    const result = `${step.name} ${ok ? 'ok' : 'FAILED'} (${((performance.now() - began) / 1000).toFixed(1)} s)`;
    console.log(`== ${result}`);
    return { ok, result };
  });
  console.log(`\n${results.map(({ result }) => result).join(', ')}`);
  return results.every(({ ok }) => ok) ? 0 : 1;
}

function run({ command, args, env }) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) console.error(error.message);
  return status ?? 1;
}
