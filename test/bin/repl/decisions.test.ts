import type { Command } from 'commander';
import { complete } from '../../../bin/repl/complete.ts';
import { READING, refusal, wordsOf } from '../../../bin/repl/permitted.ts';
import { createReplProgram } from '../../../bin/repl/program.ts';
import { splitLine } from '../../../bin/repl/split-line.ts';
import { OPERATIONS } from '../../../shared/operations/operations.ts';

const program = createReplProgram({ operate: false, watch: async () => undefined, leave: () => undefined });
const leaves = (command: Command): Command[] => (command.commands.length === 0 ? [command] : command.commands.flatMap(leaves));

test('every operation is a command, with no line of its own', () => {
  expect(leaves(program).map(wordsOf)).toEqual(expect.arrayContaining(OPERATIONS.map(({ name }) => name.replace('.', ' '))));
});

test('a session that only reads takes every operation that changes nothing, and of the others their dry run alone', () => {
  for (const { name, ...operation } of OPERATIONS) {
    const words = name.replace('.', ' ');
    expect([words, refusal(words, {}, false) === undefined]).toEqual([words, !('changes' in operation)]);
    expect(refusal(words, { dryRun: true }, false)).toBeUndefined();
    expect(refusal(words, {}, true)).toBeUndefined();
  }
});

test('what changes something beside the operations is refused without --operate, and so is what nobody has named', () => {
  const refused = leaves(program).map(wordsOf).filter((words) => words !== 'help' && !OPERATIONS.some(({ name }) => name.replace('.', ' ') === words) && refusal(words, {}, false) !== undefined);
  expect(refused.sort()).toEqual(['batch cancel', 'batch pause', 'batch resume', 'batch retry', 'batch start', 'batch submit', 'batch tune', 'dlq discard', 'dlq replay', 'dlq stop']);
  expect(refusal('shards seize', {}, false)).toContain('--operate');
});

test('every command that changes something takes --dry-run', () => {
  const changing = leaves(program).filter((command) => wordsOf(command) !== 'batch submit' && wordsOf(command) !== 'help' && refusal(wordsOf(command), {}, false) !== undefined);
  expect(changing.length).toBeGreaterThan(20);
  expect(changing.filter(({ options }) => !options.some(({ long }) => long === '--dry-run')).map(wordsOf)).toEqual([]);
});

test('what is named as reading is there', () => {
  expect(leaves(program).map(wordsOf)).toEqual(expect.arrayContaining([...READING]));
});

test('nothing that goes past the audit or shows the environment is there', () => {
  const names = [...program.commands, ...(program.commands.find((one) => one.name() === 'fleet')?.commands ?? [])].map((one) => one.name());
  for (const name of ['call', 'dcall', 'emit', 'broadcast', 'load', 'loadFolder', 'destroy', 'env', 'info', 'bench', 'listener', 'cache', 'key']) expect(names).not.toContain(name);
});

test('Tab completes commands, subcommands, options and values, also behind watch and help', () => {
  const nodes = (argument: string) => (argument === 'node' ? ['edge-1', 'writer-1'] : []);
  expect(complete(program, 'nod')).toEqual([['nodes'], 'nod']);
  expect(complete(program, 'settings re')).toEqual([['revert'], 're']);
  expect(complete(program, 'settings set a b --d')).toEqual([['--dry-run'], '--d']);
  expect(complete(program, 'settings set a b --dry-run --d')).toEqual([[], '--d']);
  expect(complete(program, 'nodes log-level w', nodes)).toEqual([['writer-1'], 'w']);
  expect(complete(program, 'nodes log-level writer-1 de', nodes)).toEqual([['debug'], 'de']);
  expect(complete(program, 'watch nod')).toEqual([['nodes'], 'nod']);
  expect(complete(program, 'help dlq gr')).toEqual([['groups'], 'gr']);
  expect(complete(program, '')[0]).toEqual(expect.arrayContaining(['nodes', 'exit', 'watch']));
});

test('a line is read as a shell reads it', () => {
  expect(splitLine(`settings set  a "b c" --why 'it''s' x\\ y ""`)).toEqual(['settings', 'set', 'a', 'b c', '--why', 'its', 'x y', '']);
  expect(splitLine('  ')).toEqual([]);
  expect(() => splitLine('say "so')).toThrow('not closed');
});
