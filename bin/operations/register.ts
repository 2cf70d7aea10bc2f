import { InvalidArgumentError, Option, type Command } from 'commander';
import pc from 'picocolors';
import { argumentsOf, readArgument, type Argument, type Operation } from '../../shared/operations/operation.ts';
import { OPERATIONS, type OperationName } from '../../shared/operations/operations.ts';
import { keyOption } from '../access-key.ts';
import { ask, operatorName } from '../dlq/ask.ts';
import { urlOption } from '../url-option.ts';
import { TEXTS } from './texts.ts';
import { watched } from './watched.ts';

type Given = Record<string, unknown> & { url: URL; json?: boolean; watch?: number };

/** Adds a subcommand for each operation of a part, such as `settings`: its words, arguments and help are the operation's own. */
export function registerOperations(parent: Command, part: string): void {
  for (const operation of OPERATIONS.filter(({ name }) => name.startsWith(`${part}.`))) {
    const command = parent.command(operation.name.slice(part.length + 1), { isDefault: operation.main === true }).description(operation.summary);
    if (operation.details !== undefined) command.addHelpText('after', `\n${operation.details}`);
    const all = argumentsOf(operation);
    const positional = all.filter(({ required }) => required);
    for (const argument of positional) command.argument(`<${kebab(argument.name)}>`, argument.meaning, (text: string) => checked(argument, text));
    for (const argument of all.filter(({ required }) => required !== true)) command.addOption(optionOf(argument));
    command.addOption(urlOption()).addOption(keyOption()).option('--json', 'as JSON');
    if (operation.method === 'GET') command.addOption(new Option('--watch [seconds]', 'show it anew, each two seconds or as said, until Ctrl-C').preset(2).argParser(secondsOf));
    command.action(async (...called: unknown[]) => {
      const given = called[positional.length] as Given;
      const values = Object.fromEntries([...positional.map((argument, i) => [argument.name, called[i]] as const), ...all.filter(({ required }) => required !== true).map(({ name }) => [name, given[name]] as const)]);
      const show = async () => shown(operation.name, await asked(operation, values, given.url), given.json === true);
      if (given.watch === undefined) process.stdout.write(await show());
      else await watched(given.watch * 1_000, show);
    });
  }
}

function shown(name: OperationName, answer: unknown, json: boolean): string {
  return json ? `${JSON.stringify(answer, null, 2)}\n` : TEXTS[name](answer as never, pc);
}

/** @throws CliError with what Sluice says */
function asked(operation: Operation, values: Record<string, unknown>, url: URL): Promise<unknown> {
  const at = (place: Argument['place']) => argumentsOf(operation).filter((argument) => argument.place === place && values[argument.name] !== undefined);
  const path = at('path').reduce((text, { name }) => text.replace(`{${name}}`, encodeURIComponent(String(values[name]))), operation.path);
  const query = new URLSearchParams(at('query').map(({ name }): [string, string] => [name, String(values[name])]));
  const body = operation.method === 'GET' ? undefined : Object.fromEntries(at('body').map(({ name }) => [name, values[name]]));
  return ask({ url, operator: operatorName() }, operation.method, `${path}${query.size === 0 ? '' : `?${query.toString()}`}`, body);
}

function optionOf(argument: Argument): Option {
  const flag = `--${kebab(argument.name)}`;
  if (argument.alone !== undefined) return new Option(`${flag} [${argument.type}]`, argument.meaning).preset(argument.alone).argParser((text: string) => checked(argument, text));
  return argument.type === 'switch' ? new Option(flag, argument.meaning) : new Option(`${flag} <${argument.type === 'whole' ? 'number' : argument.type}>`, argument.meaning).argParser((text: string) => checked(argument, text));
}

/** What is checked here is told before Sluice is asked; a time is sent as it was given. */
function checked(argument: Argument, text: string): unknown {
  const read = readArgument(argument, text);
  if ('fault' in read) throw new InvalidArgumentError(`It ${read.fault}.`);
  return argument.type === 'duration' ? text : read.value;
}

function secondsOf(text: string): number {
  const value = Number(text);
  if (!(value >= 0.2 && value <= 3_600)) throw new InvalidArgumentError('It must be from 0.2 to 3,600.');
  return value;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
