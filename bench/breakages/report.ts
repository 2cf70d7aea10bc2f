import type { Snapshot } from '../../services/gateway/live/snapshot.ts';
import type { Breakage } from './breakage.ts';

/** What happened, in its order. */
export interface Story {
  breakage: Breakage;
  /** Seconds until the console said so. */
  seenAfterS: number;
  finding: string;
  pictures: string[];
  done: { says: string; run?: { line: string; out: string }[] }[];
  /** Seconds from the last step until nothing was slow or stuck any more. */
  mendedAfterS: number;
  verdict: string;
}

const MOST_LINES = 9;
const WIDEST = 170;

/** The first thing that the console says. */
export function firstFinding({ findings, stages }: Snapshot): string {
  const [first] = findings;
  return first === undefined ? `${stages.ledger.deadLetters} dead letters` : `${first.stage[0]?.toUpperCase() ?? ''}${first.stage.slice(1)}: ${first.says}`;
}

/** A story as Markdown. */
export function storyMarkdown({ breakage, seenAfterS, finding, pictures, done, mendedAfterS, verdict }: Story): string {
  const [first = '', ...others] = pictures;
  return [
    `## ${breakage.title}`, '', breakage.says, '', `${seenAfterS} s later the console says: **${finding}**`, '', `![${breakage.title}](images/${first})`, '',
    ...others.flatMap((picture) => [`![${breakage.title}, looked at closer](images/${picture})`, '']),
    `Runbook: [${breakage.section}](runbook.md#${breakage.section.toLowerCase().replaceAll(' ', '-')}).`, '',
    ...done.flatMap(({ says, run }, i) => (run === undefined ? [`${i + 1}. *${says}*`, ''] : [`${i + 1}. ${upper(says)}${/[?.]$/.test(says) ? '' : ':'}`, '', '   ```', ...run.flatMap(({ line, out }) => [`$ ${line}`, ...shortened(out)]).map((line) => `   ${line}`.trimEnd()), '   ```', ''])),
    `${mendedAfterS} s later nothing is slow or stuck any more, and \`sluice verify\` says: ${verdict}`, '',
  ].join('\n');
}

function shortened(out: string): string[] {
  if (out.trim() === '') return [];
  const lines = out.trimEnd().split('\n').map((line) => line.slice(line.lastIndexOf('\r') + 1)).map((line) => (line.length > WIDEST ? `${line.slice(0, WIDEST)}…` : line));
  return lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES - 1), `… ${lines.length - MOST_LINES + 1} more lines`];
}

const upper = (text: string) => `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`;
