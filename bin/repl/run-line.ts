import { CommanderError } from 'commander';
import pc from 'picocolors';
import { CliError, EXIT, type ExitCode } from '../cli-error.ts';
import { createReplProgram, type ReplParts } from './program.ts';

/** Carries one command out, and tells what went wrong; a session outlives every fault. Each has a program of its own, so that no option stays from the one before. */
export async function runWords(words: readonly string[], parts: ReplParts): Promise<ExitCode> {
  if (words.length === 0) return EXIT.ok;
  process.exitCode = undefined;
  try {
    await createReplProgram(parts).parseAsync(words, { from: 'user' });
    return (process.exitCode ?? EXIT.ok) as ExitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    process.stderr.write(`${pc.red('error:')} ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof CliError ? error.exitCode : EXIT.system;
  } finally {
    process.exitCode = undefined;
  }
}
