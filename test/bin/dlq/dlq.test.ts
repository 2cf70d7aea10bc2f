import { query } from '../../helpers/query.ts';
import { startSystem, type TestSystem } from '../../helpers/system.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { plant, type Planted } from '../../services/gateway/dead-letters/plant.ts';
import { runSluice, type Ran } from '../run-sluice.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ writers: 1, relays: 0 });
});
afterAll(() => system.stop());
beforeEach(() => sql('truncate dead_letter, replay, audit'));

const sql = (text: string, values: unknown[] = []) => query(system.databaseUrl, text, values);
const planted = (...letters: Planted[]) => plant(system.databaseUrl, letters);
const dlq = (...args: string[]): Promise<Ran> => runSluice(['dlq', ...args], { env: { SLUICE_URL: system.url, SLUICE_OPERATOR: 'ada' } });
const json = async (...args: string[]) => {
  const ran = await dlq(...args, '--json');
  if (ran.code !== 0) throw new Error(ran.err);
  return JSON.parse(ran.out) as Record<string, unknown>;
};

test('list, groups and show: tables for people, the answer of REST with --json', async () => {
  const [a = 0, b = 0] = await planted({ recordId: 71, fingerprint: 'F-1' }, { recordId: 72, fingerprint: 'F-2', code: 'INVALID_RECORD', failedAt: '2026-02-22T10:00:00Z' });
  const list = await dlq('list', '--oldest');
  expect(list).toMatchObject({ code: 0, err: '' });
  expect(list.out).toMatch(new RegExp(`^ID +STATE +RECORD.*\\n${a} +dead +execution 71 v1 +orders/2 +MESSAGE_TOO_LARGE +4 +0 +2026-01-22 10:00:00 +F-1\\n${b} `));
  expect((await dlq('list', '--limit', '1')).out).toContain(`--cursor ${b}`);
  expect(await json('list', '--group', 'F-2', '--since', '2026-02-01', '--state', 'dead')).toMatchObject({ content: [{ id: b, code: 'INVALID_RECORD' }], next: null });
  expect((await dlq('list', '--code', 'NONE')).out).toBe('No dead letter matches.\n');
  const groups = await dlq('groups');
  expect(groups.out).toMatch(/^GROUP +SINK +COUNT/);
  expect(groups.out).toMatch(new RegExp(`F-1 +kafka:orders +1 +1 +0 +2026-01-22 09:59:00 +2026-01-22 10:00:00 +${a} +The message is too large.`));
  const show = await dlq('show', String(a));
  expect(show.out).toContain('cause      MESSAGE_TOO_LARGE (message): The message is too large.');
  expect(show.out).toContain('{"quantity":1.50000000}');
});

test('replay: a dry run, the replay, its place in the list, its stop; --watch stays until it is over', async () => {
  const [id = 0] = await planted({ recordId: 4_999_998, fingerprint: 'F-1' });
  const plan = await dlq('replay', '--group', 'F-1', '--dry-run');
  expect(plan).toMatchObject({ code: 0 });
  expect(plan.out).toContain('Of 1 dead letters 0 would be sent to kafka:orders, 1 superseded');
  expect(plan.out).toMatch(new RegExp(`${id} +execution 4999998 v1 +supersede: the record is gone`));
  const begun = await json('replay', String(id), '--rate', '7');
  expect(begun).toMatchObject({ state: 'running', total: 1, rate: 7, requestedBy: 'ada' });
  expect((await dlq('replays')).out).toMatch(new RegExp(`^REPLAY +STATE.*\\n${String(begun.id)} +running +kafka:orders +0 +1 +7 +ada `));
  expect((await dlq('stop', String(begun.id), '--dry-run')).out).toBe(`Replay ${String(begun.id)} would release no more: 0 are released and still sent, 1 stay dead letters. Nothing was done.\n`);
  expect((await dlq('stop', String(begun.id))).out).toContain('stopped, 0 of 1 released');
  expect(await dlq('stop', String(begun.id), '--dry-run')).toMatchObject({ code: 1, err: expect.stringContaining('nothing to stop') as string });

  const watched = dlq('replay', '--group', 'F-1', '--watch');
  const again = await waitFor(async () => (await sql(`select id from replay where state = 'running'`))[0], { what: 'the second replay' });
  await sql(`insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, dead) values ($1, 0, 'replay', 'kafka:orders', 'execution', 1, 1, 1, 1, 1, 0, 'n', 'done', 1)`, [again.id]);
  await sql(`update replay set state = 'done', released = 1, ended_at = now() where id = $1`, [again.id]);
  expect(await watched).toMatchObject({ code: 1, out: expect.stringContaining('1 of 1 released at 100/s; 0 delivered, 0 superseded, 1 dead again') as string });
});

test('discard by ids and by what they have in common, with a reason; the audit tells', async () => {
  const [a = 0] = await planted({}, { fingerprint: 'F-1' }, { fingerprint: 'F-1' });
  expect((await dlq('discard', '--group', 'F-1', '--reason', 'x', '--dry-run')).out).toBe('2 dead letters would be discarded. Nothing was done.\n');
  expect(await dlq('discard', String(a), '--reason', 'by hand')).toMatchObject({ code: 0, out: '1 discarded.\n' });
  expect(await json('discard', '--group', 'F-1', '--reason', 'ticket 4711')).toEqual({ discarded: 2 });
  expect((await dlq('audit', '--who', 'ada')).out).toMatch(/ada +dead-letters.discard +filter=\{"fingerprint":"F-1"\} +sinks=\["kafka:orders"\] reason=ticket 4711 discarded=2 remaining=0/);
  expect((await runSluice(['audit', '--who', 'ada'], { env: { SLUICE_URL: system.url } })).out).toBe((await dlq('audit', '--who', 'ada')).out);
});

test('what is not possible ends with 1, wrong arguments with 2, no Sluice with 3, each in one line', async () => {
  const [closed = 0] = await planted({ state: 'delivered' });
  const cases = [
    [['show', '1'], 1, 'There is no dead letter with the id 1.'], [['replay', String(closed)], 1, 'closed'], [['discard', '--group', 'F-9', '--reason', 'x'], 1, 'matches this filter'], [['stop', '01930000-0000-7000-8000-0000000000ff'], 1, 'no replay'],
    [['replay'], 2, 'Which ones?'], [['replay', '1', '--group', 'F-1'], 2, 'Either ids'], [['discard', '1'], 2, "required option '--reason <text>'"], [['list', '--state', 'gone'], 2, 'takes dead'], [['show', 'x'], 2, 'An id is a whole number'], [['replay', '1', '--rate', '100000'], 2, 'rate must be'], [['stop', '7'], 2, 'UUID'], [['replays', '--watch'], 2, 'needs the id'],
    [['list', '--url', 'http://127.0.0.1:1'], 3, 'No Sluice answers'],
  ] as const;
  const ran = await Promise.all(cases.map(([args]) => dlq(...args)));
  for (const [i, [args, code, says]] of cases.entries()) expect([args, ran[i]]).toEqual([args, { code, out: '', err: expect.stringContaining(says) as string }]);
});
