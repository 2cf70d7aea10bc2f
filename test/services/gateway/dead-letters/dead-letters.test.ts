import pg from 'pg';
import type { LetterDesk } from '../../../../services/gateway/dead-letters/desk.ts';
import { discardLetters } from '../../../../services/gateway/dead-letters/discard.ts';
import { execution } from '../../../helpers/executions.ts';
import { send, type HttpAnswer } from '../../../helpers/http.ts';
import { query } from '../../../helpers/query.ts';
import { startSystem, type TestSystem } from '../../../helpers/system.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { plant, type Planted } from './plant.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem({ writers: 1, relays: 0, settings: { replayRate: 50, replayMaxRate: 200 } });
});
afterAll(() => system.stop());
beforeEach(() => sql('truncate dead_letter, replay, audit'));

const PATH = '/api/v1/dead-letters';
const NOBODY = '01930000-0000-7000-8000-0000000000ff';
const sql = (text: string, values: unknown[] = []) => query(system.databaseUrl, text, values);
const planted = (...letters: Planted[]) => plant(system.databaseUrl, letters);
const get = (path: string) => send(system.url, 'GET', path);
const post = (path: string, body: unknown, headers: Record<string, string> = {}) => send(system.url, 'POST', path, body, headers);
const replay = (body: unknown) => post(`${PATH}/replays`, body, { 'Sluice-Operator': 'ada' });
const content = ({ body }: HttpAnswer) => body.content as Record<string, unknown>[];
const idsOf = (answer: HttpAnswer) => content(answer).map((row) => row.id);
const states = async (...ids: number[]) => (await sql('select state from dead_letter where id = any($1) order by id', [ids])).map((row) => row.state);

/** Executions that are stored, with where their slice stands in the ledger. */
async function stored(count: number): Promise<{ batchId: string; ids: number[]; shard: number; sink: string }> {
  const { body } = await post('/api/v1/executions/batch', { executions: Array.from({ length: count }, () => execution()) }, { Prefer: 'return=minimal' });
  const [row] = await sql('select shard, sink from ledger where batch_id = $1', [body.batchId]);
  return { batchId: body.batchId as string, ids: (body.results ?? []).map((r) => r.id as number), shard: row?.shard as number, sink: row?.sink as string };
}

describe('reading', () => {
  test('F29 F30 lists every dead letter with its cause, with no broker anywhere, newest first, page by page without gap or repeat', async () => {
    const ids = await planted({}, {}, {}, {}, {});
    const first = await get(`${PATH}?limit=2`);
    expect(content(first)[0]).toMatchObject({ id: ids[4], state: 'dead', sink: 'kafka:orders', kind: 'execution', version: 1, topic: 'orders', partition: 2, code: 'MESSAGE_TOO_LARGE', class: 'message', reason: 'The message is too large.', fingerprint: 'MESSAGE_TOO_LARGE-1', attempts: 4, replays: 0, firstFailedAt: '2026-01-22T09:59:00.000Z', lastFailedAt: '2026-01-22T10:00:00.000Z', closedAt: null });
    const second = await get(`${PATH}?limit=2&cursor=${String(first.body.next)}`);
    const third = await get(`${PATH}?limit=2&cursor=${String(second.body.next)}`);
    expect([...idsOf(first), ...idsOf(second), ...idsOf(third)]).toEqual([...ids].reverse());
    expect(third.body.next).toBeNull();
    expect(idsOf(await get(`${PATH}?order=oldest&cursor=${String(ids[2])}`))).toEqual([ids[3], ids[4]]);
  });

  test('each filter narrows the list, and they narrow it together', async () => {
    const [a, b, c] = await planted(
      { sink: 'kafka:a', code: 'X', fingerprint: 'X-1', recordId: 71, batchId: NOBODY, failedAt: '2026-01-01T00:00:00Z' },
      { sink: 'kafka:b', code: 'Y', fingerprint: 'Y-1', recordId: 72, failedAt: '2026-02-01T00:00:00Z' },
      { sink: 'kafka:b', code: 'Y', fingerprint: 'Y-2', recordId: 73, failedAt: '2026-03-01T00:00:00Z', state: 'discarded', kind: 'note' },
    );
    for (const [filter, found] of [
      ['sink=kafka:a', [a]], ['sink=kafka:a,kafka:b', [c, b, a]], ['kind=note', [c]], ['state=dead', [b, a]], ['state=discarded,delivered', [c]], ['code=Y', [c, b]], ['fingerprint=Y-2', [c]],
      [`batchId=${NOBODY}`, [a]], ['recordId=72', [b]], ['recordId=71,73', [c, a]], ['since=2026-02-01', [c, b]], ['until=2026-02-01T00:00:00Z', [b, a]], ['code=Y&state=dead', [b]], ['code=Z', []],
    ] as const) expect([filter, idsOf(await get(`${PATH}?${filter}`))]).toEqual([filter, found]);
  });

  test('groups those of one sink and cause, the largest first, with first, last and the newest as an example', async () => {
    const ids = await planted(
      { fingerprint: 'F-1', failedAt: '2026-01-01T00:00:00Z' }, { fingerprint: 'F-1', failedAt: '2026-03-01T00:00:00Z' }, { fingerprint: 'F-1', failedAt: '2026-02-01T00:00:00Z', state: 'replaying', recordId: 99 },
      { fingerprint: 'F-1', sink: 'kafka:other' }, { fingerprint: 'F-2', state: 'delivered' },
    );
    const groups = await get(`${PATH}/groups`);
    expect(groups.body).toMatchObject({ more: false, content: [
      { sink: 'kafka:orders', fingerprint: 'F-1', count: 3, dead: 2, replaying: 1, kinds: ['execution'], firstFailedAt: '2025-12-31T23:59:00.000Z', lastFailedAt: '2026-03-01T00:00:00.000Z', code: 'MESSAGE_TOO_LARGE', example: { id: ids[2], recordId: 99 } },
      { sink: 'kafka:other', fingerprint: 'F-1', count: 1, example: { id: ids[3] } },
    ] });
    expect(content(groups)).toHaveLength(2);
    expect(content(await get(`${PATH}/groups?state=delivered`))).toMatchObject([{ fingerprint: 'F-2', count: 1, dead: 0 }]);
  });

  test('F29 F39 one is shown whole: payload as sent, headers, tries, and the very item that it came from', async () => {
    const { batchId, ids, shard, sink } = await stored(3);
    const [id = 0] = await planted({ sink, batchId, recordId: ids[2] ?? 0, shard });
    const { status, body } = await get(`${PATH}/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id, recordId: ids[2], payload: '{"quantity":1.50000000}', headers: { ce_id: 'x' }, tries: [{ at: '2026-01-22T10:00:00Z', code: 'MESSAGE_TOO_LARGE' }], mirroredAt: null,
      provenance: { batchId, op: 'insert', firstIndex: 0, index: 2, shard, node: expect.stringContaining('writer') as string, writtenAt: expect.stringMatching(/Z$/) as string, client: 'anonymous', clientReference: null },
      waitingBehind: [], moreWaiting: false,
    });
  });

  test('one whose slice is not in the ledger any more is shown all the same', async () => {
    const [id = 0] = await planted({ batchId: NOBODY });
    expect((await get(`${PATH}/${id}`)).body).toMatchObject({ id, provenance: { batchId: NOBODY, index: null, node: null } });
  });

  test('bad questions are 400 with the place of each fault, an unknown id is 404', async () => {
    for (const [path, fault] of [
      [`${PATH}?colour=red`, { pointer: '?colour', code: 'unknown-parameter' }], [`${PATH}?state=gone`, { pointer: '?state', code: 'unknown-value' }], [`${PATH}?limit=1001`, { pointer: '?limit', code: 'range' }],
      [`${PATH}?batchId=7`, { pointer: '?batchId', code: 'format' }], [`${PATH}?recordId=x`, { pointer: '?recordId', code: 'format' }], [`${PATH}?since=yesterday`, { pointer: '?since', code: 'format' }], [`${PATH}?since=2026-02-30`, { pointer: '?since', code: 'format' }],
      [`${PATH}?order=up`, { pointer: '?order', code: 'unknown-value' }], [`${PATH}?cursor=0`, { pointer: '?cursor', code: 'range' }], [`${PATH}?order=oldest&order=newest`, { pointer: '?order', code: 'repeated' }], [`${PATH}?sink=%00`, { pointer: '?sink', code: 'unknown-value' }],
      [`${PATH}/groups?limit=5`, { pointer: '?limit', code: 'unknown-parameter' }], [`${PATH}/replays?state=dead`, { pointer: '?state', code: 'unknown-value' }], [`${PATH}/replays?cursor=7`, { pointer: '?cursor', code: 'format' }], ['/api/v1/audit?until=x', { pointer: '?until', code: 'format' }],
    ] as const) {
      const answer = await get(path);
      expect([path, answer.status, answer.body.code, answer.body.errors?.[0]]).toEqual([path, 400, 'invalid-query', expect.objectContaining(fault)]);
    }
    expect(await get(`${PATH}/x`)).toMatchObject({ status: 400, body: { code: 'invalid-id' } });
    expect(await get(`${PATH}/replays/7`)).toMatchObject({ status: 400, body: { code: 'invalid-id' } });
    expect(await get(`${PATH}/1`)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await get(`${PATH}/replays/${NOBODY}`)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await post(`${PATH}/groups`, {})).toMatchObject({ status: 405 });
  });
});

describe('replays', () => {
  test('a dry run says what would be sent, where and in which order, what would be superseded, and does nothing', async () => {
    const { batchId, ids, sink, shard } = await stored(3);
    await sql('update execution set version = 4 where id = $1', [ids[1]]);
    const letters = await planted(...[...ids, 4_999_999].map((recordId, i) => ({ sink, batchId, recordId, shard, partition: i % 2 })));
    const answer = await replay({ filter: { sink, code: 'MESSAGE_TOO_LARGE' }, dryRun: true });
    expect(answer).toMatchObject({ status: 200, body: { dryRun: true, sink, rate: 50, total: 4, wouldSend: 3, wouldSupersede: 1, seconds: 1 } });
    const topic = system.settings.ordersTopic;
    expect(answer.body.destinations).toEqual([{ topic, partition: 0, messages: 2 }, { topic, partition: 1, messages: 1 }]);
    expect(answer.body.first).toMatchObject([
      { id: letters[0], recordId: ids[0], version: 1, outcome: 'send', sendsVersion: 1, topic, partition: 0, waitingBehind: 0 },
      { id: letters[1], recordId: ids[1], version: 1, outcome: 'send', sendsVersion: 4, partition: 1 },
      { id: letters[2], outcome: 'send' },
      { id: letters[3], recordId: 4_999_999, outcome: 'supersede', sendsVersion: null },
    ]);
    expect(await sql('select 1 from replay union all select 1 from audit')).toEqual([]);
    expect(await states(...letters)).toEqual(['dead', 'dead', 'dead', 'dead']);
  });

  test('of two letters of one record a dry run sends the later alone; the older by itself is sent', async () => {
    const { batchId, ids, sink, shard } = await stored(1);
    await sql('update execution set version = 3 where id = $1', [ids[0]]);
    const [older = 0, later = 0] = await planted(...[1, 3].map((version) => ({ sink, batchId, recordId: ids[0] ?? 0, shard, version })));
    expect((await replay({ ids: [older, later], dryRun: true })).body).toMatchObject({ total: 2, wouldSend: 1, wouldSupersede: 1, first: [{ id: older, outcome: 'supersede', sendsVersion: null }, { id: later, outcome: 'send', sendsVersion: 3 }] });
    expect((await replay({ ids: [older], dryRun: true })).body).toMatchObject({ total: 1, wouldSend: 1, first: [{ id: older, outcome: 'send', sendsVersion: 3 }] });
  });

  test('F39 a replay is a row that the relay carries out, with its rate and its total, and a line in the audit', async () => {
    const [a = 0, b = 0] = await planted({ code: 'X' }, { code: 'X' }, { code: 'Y' });
    const begun = await replay({ filter: { sink: 'kafka:orders', code: 'X', since: '2026-01-01' }, rate: 120 });
    expect(begun).toMatchObject({ status: 202, body: { sink: 'kafka:orders', rate: 120, state: 'running', total: 2, released: 0, delivered: 0, superseded: 0, deadAgain: 0, onTheWay: 0, requestedBy: 'ada', endedAt: null } });
    const id = begun.body.id as unknown as string;
    expect(begun.headers.get('location')).toBe(`${PATH}/replays/${id}`);
    expect(await sql('select id, sink, filter, rate, state, total, released, requested_by from replay')).toEqual([{ id, sink: 'kafka:orders', filter: { code: 'X', since: '2026-01-01T00:00:00.000Z' }, rate: 120, state: 'running', total: 2, released: 0, requested_by: 'ada' }]);
    expect((await get(`${PATH}/replays/${id}`)).body).toEqual(begun.body);
    expect((await get('/api/v1/audit')).body).toMatchObject({ next: null, content: [{ who: 'ada', operation: 'dead-letters.replay', target: { filter: { sink: 'kafka:orders', code: 'X' } }, outcome: 'done', detail: { replayId: id, total: 2, rate: 120 }, requestId: begun.headers.get('x-request-id') }] });
    expect(await states(a, b)).toEqual(['dead', 'dead']);
  });

  test('progress is what became of the ledger rows of the replay', async () => {
    const [id = 0] = await planted({});
    const begun = await replay({ ids: [id] });
    expect(await sql('select filter from replay')).toEqual([{ filter: { ids: [id] } }]);
    const rows = [['done', 1, 0, 0], ['done', 1, 0, 0], ['done', 0, 1, 0], ['done', 0, 0, 1], ['waiting', 0, 0, 0]] as const;
    for (const [i, [state, delivered, superseded, dead]] of rows.entries()) {
      await sql(`insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, node, state, delivered, superseded, dead) values ($1, $2, 'replay', 'kafka:orders', 'execution', 1, 1, 1, 1, 1, 0, 'n', $3, $4, $5, $6)`, [begun.body.id, i, state, delivered, superseded, dead]);
    }
    const progress = await get(`${PATH}/replays/${String(begun.body.id)}`);
    await sql(`delete from ledger where op = 'replay'`);
    expect(progress.body).toMatchObject({ delivered: 2, superseded: 1, deadAgain: 1, onTheWay: 1 });
  });

  test('the default rate is the setting', async () => {
    const ids = await planted({});
    expect((await replay({ ids })).body).toMatchObject({ rate: 50, total: 1 });
  });

  test('what is not there is 404; what is closed, or on its way already, is 409, and names each; nothing is begun', async () => {
    const [dead = 0, ...closed] = await planted({}, { state: 'delivered' }, { state: 'discarded' }, { state: 'superseded' });
    for (const path of ['replays', 'discards']) {
      const ask = (body: object) => post(`${PATH}/${path}`, path === 'discards' ? { ...body, reason: 'no use' } : body);
      expect(await ask({ ids: [dead, 1, 2] })).toMatchObject({ status: 404, body: { code: 'not-found', errors: [{ index: 1, pointer: '/ids/1' }, { index: 2, pointer: '/ids/2' }] } });
      for (const dryRun of [false, true]) {
        const answer = await ask({ ids: [dead, ...closed], dryRun });
        expect(answer).toMatchObject({ status: 409, body: { code: 'letter-closed', errors: [{ pointer: '/ids/1', code: 'delivered' }, { pointer: '/ids/2', code: 'discarded' }, { pointer: '/ids/3', code: 'superseded' }] } });
      }
    }
    await sql(`update dead_letter set state = 'replaying' where id = $1`, [dead]);
    expect(await replay({ ids: [dead] })).toMatchObject({ status: 409, body: { code: 'replaying', errors: [{ pointer: '/ids/0', code: 'replaying' }] } });
    expect(await post(`${PATH}/discards`, { ids: [dead], reason: 'no use' })).toMatchObject({ status: 409, body: { code: 'replaying' } });
    expect(await sql('select 1 from replay union all select 1 from audit')).toEqual([]);
  });

  test('F39 two replays of one group at once are 409, whichever way they are asked for; of another group, or after its end, they are not', async () => {
    const [a = 0, b = 0, c = 0] = await planted({ fingerprint: 'F-1' }, { fingerprint: 'F-1' }, { fingerprint: 'F-2' });
    const first = await replay({ filter: { fingerprint: 'F-1' } });
    const id = first.body.id;
    for (const body of [{ filter: { fingerprint: 'F-1' } }, { filter: { sink: 'kafka:orders' } }, { filter: { fingerprint: 'F-1', kind: 'execution' }, dryRun: true }, { ids: [c, b] }]) {
      expect([body, await replay(body)]).toMatchObject([body, { status: 409, body: { code: 'replay-running', replayId: id } }]);
    }
    await sql(`update dead_letter set state = 'replaying', replay_id = $1 where fingerprint = 'F-1'`, [id]);
    await sql(`update replay set after_id = $1`, [b]);
    expect(await replay({ filter: { fingerprint: 'F-1' } })).toMatchObject({ status: 409, body: { code: 'replay-running', replayId: id } });
    const other = await replay({ filter: { fingerprint: 'F-2' } });
    expect(other.status).toBe(202);
    await sql(`update replay set state = 'done', ended_at = now()`);
    await sql(`update dead_letter set state = 'dead'`);
    expect((await replay({ ids: [a, b, c] })).status).toBe(202);
    expect(await replay({ filter: { fingerprint: 'F-2' } })).toMatchObject({ status: 409, body: { code: 'replay-running' } });
  });

  test('F39 of two that ask for one group at the same moment one begins it', async () => {
    await planted({ fingerprint: 'F-1' }, { fingerprint: 'F-1' });
    const gate = new pg.Client({ connectionString: system.databaseUrl });
    await gate.connect();
    await gate.query('begin; lock table replay in share mode'); // it can be read, and nothing can be put into it
    const asked = [replay({ filter: { fingerprint: 'F-1' } }), replay({ filter: { fingerprint: 'F-1' } })];
    await waitFor(async () => (await sql(`select 1 from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()`)).length === 2, { what: 'both to stand before the gate' });
    await gate.query('commit');
    await gate.end();
    expect((await Promise.all(asked)).map((a) => a.status).sort()).toEqual([202, 409]);
    expect(await sql('select 1 as n from replay')).toHaveLength(1);
    expect(await sql('select 1 as n from audit')).toHaveLength(1);
  });

  test('a replay is of one sink; a filter that finds nothing dead begins none', async () => {
    const ids = await planted({ sink: 'kafka:a', fingerprint: 'F-1' }, { sink: 'kafka:b', fingerprint: 'F-1' }, { fingerprint: 'F-9', state: 'delivered' });
    expect(await replay({ filter: { fingerprint: 'F-1' } })).toMatchObject({ status: 400, body: { code: 'several-sinks', sinks: ['kafka:a', 'kafka:b'] } });
    expect(await replay({ ids: ids.slice(0, 2) })).toMatchObject({ status: 400, body: { code: 'several-sinks' } });
    expect((await replay({ filter: { fingerprint: 'F-1', sink: 'kafka:b' } })).body).toMatchObject({ sink: 'kafka:b', total: 1 });
    for (const filter of [{ fingerprint: 'F-9' }, { fingerprint: 'F-1', sink: 'kafka:a', until: '2020-01-01' }]) expect(await replay({ filter })).toMatchObject({ status: 400, body: { code: 'nothing-matches' } });
  });

  test('stopping ends it once; the list shows replays newest first, by state', async () => {
    await planted({ fingerprint: 'F-1' }, { fingerprint: 'F-2' });
    const [one, two] = [await replay({ filter: { fingerprint: 'F-1' } }), await replay({ filter: { fingerprint: 'F-2' } })];
    const path = `${PATH}/replays/${String(one.body.id)}/stop`;
    expect(await post(path, undefined, { 'Sluice-Operator': 'bob' })).toMatchObject({ status: 200, body: { id: one.body.id, state: 'stopped', total: 1, endedAt: expect.stringMatching(/Z$/) as string } });
    expect(await post(path, {})).toMatchObject({ status: 409, body: { code: 'replay-ended' } });
    expect(await post(path, { now: true })).toMatchObject({ status: 400, body: { code: 'invalid-body' } });
    expect(await post(`${PATH}/replays/${NOBODY}/stop`, {})).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(content(await get('/api/v1/audit?who=bob'))).toMatchObject([{ operation: 'dead-letters.stop-replay', target: { replayId: one.body.id }, detail: { total: 1, released: 0 } }]);
    expect(idsOf(await get(`${PATH}/replays`))).toEqual([two.body.id, one.body.id]);
    const page = await get(`${PATH}/replays?limit=1`);
    expect(idsOf(await get(`${PATH}/replays?limit=1&cursor=${String(page.body.next)}`))).toEqual([one.body.id]);
    expect(idsOf(await get(`${PATH}/replays?state=running&sink=kafka:orders`))).toEqual([two.body.id]);
    expect((await replay({ filter: { fingerprint: 'F-1' } })).status).toBe(202);
  });

  test('a body that is not as it should be is 400 with the place of each fault', async () => {
    const [id = 0] = await planted({});
    for (const [body, pointer, code] of [
      [{}, '', 'required'], [[], '', 'type'], [{ ids: [id], filter: { code: 'X' } }, '/filter', 'either-or'], [{ ids: [] }, '/ids', 'length'], [{ ids: 'all' }, '/ids', 'length'], [{ ids: ['7'] }, '/ids/0', 'type'], [{ ids: [id, 1.5] }, '/ids/1', 'type'],
      [`{"ids":[9007199254740993]}`, '/ids/0', 'type'], [`{"ids":[1],"ids":[2]}`, '/ids', 'duplicate-key'], [{ ids: [id], all: true }, '/all', 'unknown-member'], [{ filter: {} }, '/filter', 'required'], [{ filter: [] }, '/filter', 'type'],
      [{ filter: { colour: 'red' } }, '/filter/colour', 'unknown-member'], [{ filter: { code: '' } }, '/filter/code', 'length'], [{ filter: { code: 'a\u0000b' } }, '/filter/code', 'length'], [{ filter: { since: 'x' } }, '/filter/since', 'format'], [{ filter: { until: '2026-02-30' } }, '/filter/until', 'format'],
      [{ ids: [id], rate: 0 }, '/rate', 'range'], [{ ids: [id], rate: 201 }, '/rate', 'range'], [{ ids: [id], rate: 1.5 }, '/rate', 'range'], [{ ids: [id], dryRun: 'yes' }, '/dryRun', 'type'], [{ ids: Array.from({ length: 1_001 }, (_, i) => i + 1) }, '/ids', 'length'],
    ] as const) {
      const answer = await replay(body);
      expect([body, answer.status, answer.body.code, answer.body.errors?.[0]]).toEqual([body, 400, 'invalid-body', expect.objectContaining({ pointer, code })]);
    }
    expect(await replay('{"ids":[1')).toMatchObject({ status: 400, body: { code: 'invalid-json' } });
    expect(await post(`${PATH}/replays?dryRun=true`, { ids: [id] })).toMatchObject({ status: 400, body: { code: 'invalid-query' } });
    expect(await post(`${PATH}/replays`, 'x', { 'Content-Type': 'text/plain' })).toMatchObject({ status: 415 });
    expect(await post(`${PATH}/replays`, ' '.repeat(70_000))).toMatchObject({ status: 413 });
    for (const name of ['x'.repeat(101), ' ', 'ad\u00e4']) expect(await post(`${PATH}/replays`, { ids: [id] }, { 'Sluice-Operator': name })).toMatchObject({ status: 400, body: { code: 'invalid-operator' } });
    expect(await sql('select 1 from replay')).toEqual([]);
  });
});

describe('discards', () => {
  test('close one, a list, a group or a filter for good, say who and why, and write it down', async () => {
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = await planted({}, {}, { fingerprint: 'F-1' }, { fingerprint: 'F-1', sink: 'kafka:b' }, { code: 'Z' });
    const discard = (body: object) => post(`${PATH}/discards`, { reason: ' sent by hand ', ...body }, { 'Sluice-Operator': 'ada' });
    expect((await discard({ filter: { fingerprint: 'F-1' }, dryRun: true })).body).toEqual({ dryRun: true, sinks: { 'kafka:b': 1, 'kafka:orders': 1 }, total: 2 });
    expect(await states(a, b, c, d, e)).toEqual(['dead', 'dead', 'dead', 'dead', 'dead']);
    expect(await discard({ ids: [a, b] })).toMatchObject({ status: 200, body: { discarded: 2, remaining: 0 } });
    expect((await discard({ filter: { fingerprint: 'F-1' } })).body).toEqual({ discarded: 2, remaining: 0 });
    expect(await states(a, b, c, d, e)).toEqual(['discarded', 'discarded', 'discarded', 'discarded', 'dead']);
    expect((await get(`${PATH}/${a}`)).body).toMatchObject({ state: 'discarded', closedBy: 'ada', closedReason: 'sent by hand', closedAt: expect.stringMatching(/Z$/) as string });
    expect(content(await get('/api/v1/audit?operation=dead-letters.discard&order=oldest'))).toMatchObject([
      { who: 'ada', target: { ids: [a, b] }, detail: { reason: 'sent by hand', discarded: 2, remaining: 0, sinks: ['kafka:orders'] } },
      { target: { filter: { fingerprint: 'F-1' } }, detail: { sinks: ['kafka:b', 'kafka:orders'] } },
    ]);
    expect(await discard({ filter: { fingerprint: 'F-1' } })).toMatchObject({ status: 400, body: { code: 'nothing-matches' } });
  });

  test('leave alone what is closed or on its way, whatever the filter says', async () => {
    const ids = await planted({ fingerprint: 'F-1' }, { fingerprint: 'F-1', state: 'replaying' }, { fingerprint: 'F-1', state: 'delivered' }, { fingerprint: 'F-1', state: 'superseded' });
    expect((await post(`${PATH}/discards`, { filter: { fingerprint: 'F-1' }, reason: 'x' })).body).toEqual({ discarded: 1, remaining: 0 });
    expect(await states(...ids)).toEqual(['discarded', 'replaying', 'delivered', 'superseded']);
  });

  test('one discard closes a bounded number, the lowest ids first, and says what remains', async () => {
    const ids = await planted({}, {}, {});
    const pool = new pg.Pool({ connectionString: system.databaseUrl, max: 1 });
    const desk: LetterDesk = { pool, timeoutMs: 10_000, stateTables: [], rate: { default: 1, max: 1 } };
    const request = { selection: { filter: { sink: 'kafka:orders' } }, reason: 'x' };
    const done = [await discardLetters(desk, { who: 'ada', requestId: null }, request, 2), await discardLetters(desk, { who: 'ada', requestId: null }, request, 2)];
    await pool.end();
    expect(done).toEqual([{ discarded: 2, remaining: 1 }, { discarded: 1, remaining: 0 }]);
    expect(await states(...ids)).toEqual(['discarded', 'discarded', 'discarded']);
    expect(content(await get('/api/v1/audit'))).toMatchObject([{ detail: { discarded: 1, remaining: 0 } }, { detail: { discarded: 2, remaining: 1 } }]);
  });

  test('nothing is done that cannot be written down', async () => {
    const [id = 0] = await planted({});
    await sql('alter table audit add constraint full_up check (false) not valid');
    const answers = [await replay({ ids: [id] }), await post(`${PATH}/discards`, { ids: [id], reason: 'x' })];
    await sql('alter table audit drop constraint full_up');
    expect(answers.map((a) => a.status)).toEqual([503, 503]);
    expect(await states(id)).toEqual(['dead']);
    expect(await sql('select 1 from replay')).toEqual([]);
  });

  test('without a reason nothing is closed', async () => {
    const [id = 0] = await planted({});
    for (const [reason, code] of [[undefined, 'required'], ['', 'length'], ['  ', 'length'], ['x'.repeat(501), 'length'], [7, 'length'], ['\ud800', 'length']] as const) {
      expect(await post(`${PATH}/discards`, { ids: [id], reason })).toMatchObject({ status: 400, body: { code: 'invalid-body', errors: [{ pointer: '/reason', code }] } });
    }
    expect(await states(id)).toEqual(['dead']);
  });
});
