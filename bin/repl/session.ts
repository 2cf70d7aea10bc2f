import { createInterface } from 'node:readline';
import pc from 'picocolors';
import { nodesWith } from '../../shared/runtime/fleet.ts';
import { EXIT, type ExitCode } from '../cli-error.ts';
import { complete } from './complete.ts';
import type { Joined } from './join-fleet.ts';
import { createReplProgram, type ReplParts } from './program.ts';
import { runWords } from './run-line.ts';
import { splitLine } from './split-line.ts';
import { watchWords } from './watch-words.ts';

/**
 * Reads commands from standard input, one after the other, until `exit`, Ctrl-D or its end.
 * @returns at a terminal always ok; where the input is a file or pipe, how its last command ended
 */
export async function session({ operate, joined }: { operate: boolean; joined?: Joined }): Promise<ExitCode> {
  const { stdin: input, stdout: output } = process;
  const terminal = input.isTTY && output.isTTY;
  let left = false;
  let busy = false;
  let code: ExitCode = EXIT.ok;
  const parts: ReplParts = {
    operate,
    ...(joined === undefined ? {} : { broker: joined.broker }),
    // What is repeated only reads, whatever the session may: nothing is changed twice by a clock.
    watch: (words, options) => watchWords(() => runWords(words, { ...parts, operate: false, watch: () => Promise.reject(new Error('A watch is not watched.')), leave: () => undefined }), options, { input, output }),
    leave: () => {
      left = true;
      lines.close();
    },
  };
  const offered = createReplProgram(parts);
  const values = (argument: string) => (argument === 'node' && joined !== undefined ? nodesWith(joined.broker, 'node') : []);
  const lines = createInterface({ input, output, terminal, prompt: terminal ? (operate ? pc.red('sluice operate> ') : 'sluice> ') : '', completer: (line: string) => complete(offered, line, values) });
  lines.on('SIGINT', () => {
    // A command under way listens to the signal itself, as on the command line.
    if (busy) return void process.emit('SIGINT');
    lines.write(null, { ctrl: true, name: 'u' });
    output.write(`\n${pc.dim('exit, or Ctrl-D, leaves.')}\n`);
    lines.prompt();
  });
  const run = async (line: string) => {
    if (left) return;
    busy = true;
    code = await runLine(line, parts);
    busy = false;
    if (left || !terminal) return;
    lines.write(null, { ctrl: true, name: 'u' }); // the key that ended a watch
    lines.prompt();
  };
  let last = Promise.resolve();
  lines.on('line', (line) => void (last = last.then(() => run(line))));
  const closed = new Promise((resolve) => lines.once('close', resolve));
  if (terminal) lines.prompt();
  await closed;
  await last;
  if (terminal) output.write('\n');
  return terminal ? EXIT.ok : code;
}

async function runLine(line: string, parts: ReplParts): Promise<ExitCode> {
  if (line.trimStart().startsWith('#')) return EXIT.ok;
  try {
    return await runWords(splitLine(line), parts);
  } catch (error) {
    process.stderr.write(`${pc.red('error:')} ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.usage;
  }
}
