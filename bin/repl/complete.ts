import type { Command } from 'commander';
import { OPERATIONS } from '../../shared/operations/operations.ts';

/**
 * What Tab offers at the end of a line: commands, their subcommands, options that are not there yet, and values where they are known.
 * @param values those of an argument by its name, such as the nodes that are there
 * @returns the candidates, and the beginning they complete, as node:readline wants them
 */
export function complete(program: Command, line: string, values: (argument: string) => readonly string[] = () => []): [string[], string] {
  const words = line.trimStart().split(/\s+/);
  const begun = words.pop() ?? '';
  let at = program;
  let given: string[] = [];
  for (const word of words) {
    const next = given.length > 0 ? undefined : at.commands.find((command) => command.name() === word || command.aliases().includes(word));
    if (next !== undefined) at = next;
    // What stands behind `watch` and `help` is a command from the beginning.
    else if (!word.startsWith('-')) given = [...given, word];
    if (at.parent === program && ['watch', 'help'].includes(at.name())) at = program;
  }
  const candidates = begun.startsWith('-') ? options(at, words) : at.commands.length > 0 ? at.commands.map((command) => command.name()) : known(at, given.length, values);
  return [candidates.filter((candidate) => candidate.startsWith(begun)).sort(), begun];
}

function options(at: Command, words: readonly string[]): string[] {
  return [...at.options.flatMap(({ long }) => long ?? []), '--help'].filter((long) => !words.includes(long));
}

function known(at: Command, position: number, values: (argument: string) => readonly string[]): readonly string[] {
  const name = at.registeredArguments[position]?.name();
  if (name === undefined) return [];
  const operation = OPERATIONS.find((one) => one.name === `${at.parent?.name() ?? ''}.${at.name()}`);
  const choices: readonly string[] | undefined = operation?.arguments.find((argument) => argument.name === name)?.choices;
  return choices ?? values(name);
}
