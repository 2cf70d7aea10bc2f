import { Scoreboard } from '../../../bin/prove/promises.ts';
import { reportMarkdown, reportText, type RunReport } from '../../../bin/prove/report.ts';

const plain = { green: String, red: String, dim: String, bold: String };

function report(scoreboard: Scoreboard, more: Partial<RunReport> = {}): RunReport {
  return {
    held: scoreboard.allHeld, seed: 7, minutes: 2, fleet: { edge: 2, writer: 1 }, requests: 1_000, items: 50_000, rows: 49_000, messages: 49_500, repeats: 12, unanswered: 3, statuses: {},
    promises: scoreboard.rows(), faults: [{ name: 'kill-writer', says: 'kill -9 of one writer', alone: 1, paired: 2, recoveriesMs: [900, 2_300] }], troubles: [], command: 'bin/sluice prove --seed 7', ...more,
  };
}

test('a promise that held, one that was broken with its first cases, and one that was not tried each say so', () => {
  const scoreboard = new Scoreboard();
  scoreboard.tried('kept', 50_000);
  scoreboard.tried('once', 3);
  for (let i = 1; i <= 8; i++) scoreboard.broken('once', `request ${i} twice`);
  const text = reportText(report(scoreboard, { folder: '/tmp/x' }), plain);
  expect(text).toMatch(/No accepted item is lost.* 50,000 {2}held/);
  expect(text).toMatch(/No item is written twice.* 3 {2}BROKEN 8 times\n {4}request 1 twice\n(.*\n){4} {4}and 3 more/);
  expect(text).toMatch(/in order.* 0 {2}not tried/);
  expect(text).toContain('NOT EVERY PROMISE HELD.\nThe same again: bin/sluice prove --seed 7\nLogs and journal: /tmp/x');
  expect(text).toMatch(/kill-writer {6}1 {7}2 +2\.3 s/);
});

test('a run in which every promise held says so, and one that went wrong itself does not', () => {
  const scoreboard = new Scoreboard();
  scoreboard.tried('kept');
  expect(reportText(report(scoreboard), plain)).toContain('Every promise held.');
  expect(reportText(report(scoreboard, { held: false, troubles: ['kafka did not start'] }), plain)).toContain('The run itself went wrong: kafka did not start');
});

test('as tables for a page', () => {
  const scoreboard = new Scoreboard();
  scoreboard.tried('kept', 2_000);
  const text = reportMarkdown(report(scoreboard));
  expect(text).toContain('| No accepted item is lost: what was answered SUCCESS is in the table, with its content | 2,000 | held |');
  expect(text).toContain('| `kill-writer` | kill -9 of one writer | 1 | 2 | 2.3 s |');
});

test('only the first cases are kept and told, all are counted', () => {
  const told: string[] = [];
  const scoreboard = new Scoreboard((name, text) => told.push(`${name} ${text}`));
  for (let i = 0; i < 100; i++) scoreboard.broken('kept', `case ${i}`);
  expect(told).toHaveLength(5);
  expect(scoreboard.rows().find(({ name }) => name === 'kept')).toMatchObject({ broken: 100, cases: told.map((text) => text.slice(5)) });
});
