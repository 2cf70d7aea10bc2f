import type { Command } from 'commander';
import { isOperation, OPERATIONS } from '../../shared/operations/operations.ts';

/** The commands beside the operations that change nothing. What is not named here counts as a change, so that a new one can't be forgotten. */
export const READING: readonly string[] = [
  'batch list', 'batch show', 'batch watch', 'batch errors', 'dlq list', 'dlq groups', 'dlq show', 'dlq replays', 'dlq audit',
  'audit', 'receipt', 'verify', 'fleet services', 'fleet actions', 'fleet events', 'watch', 'clear', 'exit',
];

/** The words of a command, without those of the program. */
export function wordsOf(command: Command): string {
  const words: string[] = [];
  for (let at = command; at.parent !== null; at = at.parent) words.unshift(at.name());
  return words.join(' ');
}

/** Why a command with these options is not carried out here; undefined where it may be. A dry run changes nothing, and is no change. */
export function refusal(words: string, { dryRun }: { dryRun?: unknown }, operate: boolean): string | undefined {
  if (words === 'batch submit') return '`batch submit` reads files: run it from a shell, as `sluice batch submit`. `batch watch` shows its course here.';
  if (operate || dryRun === true || !changes(words)) return undefined;
  return `\`${words}\` changes something, and this session only reads. Start \`sluice repl --operate\` for it, or add --dry-run to see what it would do.`;
}

function changes(words: string): boolean {
  const name = words.replace(' ', '.');
  return isOperation(name) ? OPERATIONS.find((operation) => operation.name === name)?.changes === true : !READING.includes(words);
}
