import { gzipSync } from 'node:zlib';
import { batchText, execution, executionText } from '../helpers/executions.ts';
import { send, type HttpAnswer } from '../helpers/http.ts';
import { countRows, query, storedIds } from '../helpers/query.ts';
import { startSystem, type TestSystem } from '../helpers/system.ts';

const BATCH = '/api/v1/executions/batch';
const MANY_MEMBERS = 100_000;

describe('bad input over HTTP', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({ writers: 1, settings: { maxBodyBytes: 16_777_216 } });
  });
  afterAll(() => system.stop());

  const post = (body: unknown, headers?: Record<string, string>) => send(system.url, 'POST', BATCH, body, headers);
  const rows = () => countRows(system.databaseUrl, 'execution');

  /** The item that is bad fails with these faults, and its good neighbours are stored. */
  async function failsAlone(badItem: string, faults: [pointer: string, code: string][], says: RegExp): Promise<HttpAnswer> {
    const answer = await post(batchText([executionText(), badItem, executionText()]));
    const [first, bad, last] = answer.body.results ?? [];
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 207, body: { status: 'PARTIAL_SUCCESS', totalRequested: 3, successful: 2, failed: 1 } });
    expect(bad).toMatchObject({ requestIndex: 1, status: 'FAILED', execution: null, code: faults[0]?.[1], errors: faults.map(([pointer, code]) => ({ index: 1, pointer: `/executions/1${pointer}`, code })) });
    expect(bad?.errors).toHaveLength(faults.length);
    expect(bad?.message).toMatch(says);
    const ids = [first?.execution?.id, last?.execution?.id];
    expect(await storedIds(system.databaseUrl, 'execution', ids)).toEqual(ids);
    return answer;
  }

  /** The body is refused as a whole with this problem, and nothing is stored. */
  function expectProblem(answer: HttpAnswer, status: number, code: string, says: RegExp): void {
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ type: `urn:sluice:problem:${code}`, status, message: answer.body.detail });
    expect(answer.body.detail).toMatch(says);
  }

  describe('an item that is no record', () => {
    test.each<[string, string, string]>([
      ['null', 'null', 'null'],
      ['a number', '7', 'a number'],
      ['a number beyond doubles', '1e400', 'a number'],
      ['an array', '[]', 'an array'],
      ['a string', '"BUY"', 'a string'],
      ['a truth value', 'true', 'a boolean'],
    ])('%s is named as what it is', async (_name, item, called) => {
      await failsAlone(item, [['', 'not-an-object']], new RegExp(`must be an object, not ${called}`));
    });
  });

  describe('members', () => {
    test('every missing one is named', async () => {
      await failsAlone('{}', [['/tradeType', 'required'], ['/destination', 'required'], ['/securityId', 'required'], ['/quantity', 'required']], /"quantity" is missing/);
    });

    test.each<[string, Record<string, string>, string, string, RegExp]>([
      ['unknown', { colour: '"blue"' }, '/colour', 'unknown-field', /known are executionStatus, tradeType, destination, securityId, quantity, limitPrice, tradeServiceExecutionId/],
      ['__proto__', { ['__proto__']: '{"quantity":5}' }, '/__proto__', 'unknown-field', /not a member/],
      ['constructor', { constructor: '{"prototype":{}}' }, '/constructor', 'unknown-field', /not a member/],
      ['prototype', { prototype: '1' }, '/prototype', 'unknown-field', /not a member/],
      ['hasOwnProperty', { hasOwnProperty: '1' }, '/hasOwnProperty', 'unknown-field', /not a member/],
      ['a name with slash and tilde', { 'a/b~c': '1' }, '/a~1b~0c', 'unknown-field', /not a member/],
      ['an object for a number', { quantity: '{"amount":5}' }, '/quantity', 'type', /must be a number/],
      ['a truth value for a number', { quantity: 'true' }, '/quantity', 'type', /must be a number/],
      ['a number for a text', { destination: '5' }, '/destination', 'type', /must be a string/],
      ['a text for a whole number', { tradeServiceExecutionId: '"7"' }, '/tradeServiceExecutionId', 'type', /must be a whole number/],
      ['a fraction for a whole number', { tradeServiceExecutionId: '7.5' }, '/tradeServiceExecutionId', 'type', /must be a whole number/],
      ['a whole number beyond int4', { tradeServiceExecutionId: '2147483648' }, '/tradeServiceExecutionId', 'range', /from 0 to 2147483647/],
      ['a whole number beyond doubles', { tradeServiceExecutionId: '1e400' }, '/tradeServiceExecutionId', 'range', /from 0 to 2147483647/],
      ['null where one is required', { quantity: 'null' }, '/quantity', 'required', /missing or null/],
      ['an unknown choice', { tradeType: '"BUYY"' }, '/tradeType', 'enum', /one of BUY, SELL, SHORT, COVER, EXRC/],
      ['a choice of another case', { tradeType: '"buy"' }, '/tradeType', 'enum', /one of BUY, SELL, SHORT, COVER, EXRC/],
      ['a number for a choice', { executionStatus: '3' }, '/executionStatus', 'enum', /one of NEW, SENT, PENDING, WORK, PART, FULL, FILLED, HOLD, CANCELLED, REJECTED/],
    ])('%s', async (_name, members, pointer, code, says) => {
      await failsAlone(executionText(members), [[pointer, code]], says);
    });

    test('a key that stands twice', async () => {
      await failsAlone(executionText().replace('"quantity":100', '"quantity":100,"quantity":200'), [['/quantity', 'duplicate-key']], /more than once/);
    });

    test('nothing of a name like __proto__ reaches other objects', async () => {
      await post(batchText([executionText({ ['__proto__']: '{"polluted":true}' }), '{"constructor":{"prototype":{"polluted":true}}}']));
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    });
  });

  describe('F6 numbers that numeric(18,8) cannot hold', () => {
    test.each<[string, string, string, RegExp]>([
      ['eleven digits before the point', '10000000000', 'range', /at most 10 digits before the point/],
      ['zero', '0', 'range', /greater than 0/],
      ['minus zero', '-0', 'range', /greater than 0/],
      ['less than zero', '-1', 'range', /greater than 0/],
      ['nine decimals', '0.000000001', 'scale', /more than 8 digits/],
      ['thirty decimals', '1.123456789012345678901234567890', 'scale', /more than 8 digits/],
      ['thirty digits', '123456789012345678901234567890', 'range', /at most 10 digits/],
      ['1e400', '1e400', 'range', /at most 10 digits/],
      ['1e-400', '1e-400', 'scale', /more than 8 digits/],
      ['an exponent of a thousand digits', `1e${'9'.repeat(1_000)}`, 'format', /not the text of a decimal/],
      ['the text NaN', '"NaN"', 'format', /not the text of a decimal/],
      ['the text Infinity', '"Infinity"', 'format', /not the text of a decimal/],
      ['an empty text', '""', 'format', /not the text of a decimal/],
      ['a text with a comma', '"1,5"', 'format', /not the text of a decimal/],
      ['a hexadecimal text', '"0x10"', 'format', /not the text of a decimal/],
    ])('%s', async (_name, text, code, says) => {
      await failsAlone(executionText({ quantity: text }), [['/quantity', code]], says);
    });
  });

  describe('F6 texts that the table cannot hold', () => {
    test.each<[string, string, string, string, RegExp]>([
      ['a NUL', 'destination', '"M\\u0000L"', 'characters', /NUL/],
      ['half of a surrogate pair', 'destination', '"M\\ud800L"', 'characters', /surrogate/],
      ['ten megabytes', 'destination', JSON.stringify('x'.repeat(10_000_000)), 'length', /1 to 20 characters/],
      ['nothing', 'destination', '""', 'length', /1 to 20 characters/],
      ['21 characters', 'destination', JSON.stringify('x'.repeat(21)), 'length', /1 to 20 characters/],
      ['23 characters for 24', 'securityId', JSON.stringify('x'.repeat(23)), 'length', /exactly 24/],
      ['25 characters for 24', 'securityId', JSON.stringify('x'.repeat(25)), 'length', /exactly 24/],
    ])('%s', async (_name, member, text, code, says) => {
      const answer = await failsAlone(executionText({ [member]: text }), [[`/${member}`, code]], says);
      expect(answer.text.length).toBeLessThan(5_000); // values are not sent back
    });

    test('24 characters of four bytes each are 24 characters', async () => {
      const answer = await post({ executions: [execution({ securityId: '😀'.repeat(24) })] });
      expect(answer.status).toBe(201);
      expect(answer.body.results?.[0]?.execution?.securityId).toBe('😀'.repeat(24));
    });
  });

  describe('nesting', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    test.each([40, 100_000])('%i levels in an item are that item\'s fault', async (levels) => {
      await failsAlone(executionText({ quantity: nested(levels) }), [['', 'too-deep']], /nested deeper/);
    });
    test('a body that is nothing but brackets is no object with items', async () => {
      expectProblem(await post(nested(100_000)), 400, 'missing-member', /"executions"/);
    });
  });

  describe('a body that is refused as a whole', () => {
    const cases: [string, string | Buffer, Record<string, string>, number, string, RegExp][] = [
      ['broken JSON, with its place', '{"executions":[\n{"quantity": 1,}]}', {}, 400, 'invalid-json', /line 2, column 16 \(byte 31\)/],
      ['NaN as a number', batchText([executionText({ quantity: 'NaN' })]), {}, 400, 'invalid-json', /line 1, column \d+/],
      ['JSON that ends too early', '{"executions":[{"quantity":1', {}, 400, 'invalid-json', /ends too early/],
      ['nothing at all', '', {}, 400, 'empty-body', /empty/],
      ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), {}, 400, 'invalid-utf8', /byte 2/],
      ['another content type', batchText([executionText()]), { 'Content-Type': 'text/xml' }, 415, 'unsupported-content-type', /application\/json or application\/x-ndjson/],
      ['another charset', batchText([executionText()]), { 'Content-Type': 'application/json; charset=latin1' }, 415, 'unsupported-content-type', /utf-8/],
      ['an unknown encoding', batchText([executionText()]), { 'Content-Encoding': 'rot13' }, 415, 'unsupported-content-encoding', /gzip/],
      ['gzip that is none', batchText([executionText()]), { 'Content-Encoding': 'gzip' }, 400, 'invalid-content-encoding', /gzip/],
      ['half of a gzip', gzipSync(batchText([executionText()])).subarray(0, 40), { 'Content-Encoding': 'gzip' }, 400, 'invalid-content-encoding', /gzip/],
      ['an empty batch', '{"executions":[]}', {}, 400, 'empty-batch', /at least one/],
      ['items that are no array', '{"executions":{}}', {}, 400, 'not-an-array', /must be an array of items, not an object/],
      ['items that are null', '{"executions":null}', {}, 400, 'not-an-array', /not null/],
      ['no object', '[{}]', {}, 400, 'missing-member', /"executions"/],
      ['null', 'null', {}, 400, 'missing-member', /"executions"/],
      ['no items', '{"orders":[]}', {}, 400, 'missing-member', /"executions".*\/orders/],
      ['an unknown member beside the items', '{"executions":[{}],"colour":1}', {}, 400, 'unknown-member', /\/colour/],
      ['its items twice', '{"executions":[{}],"executions":[{}]}', {}, 400, 'duplicate-key', /\/executions/],
      ['more items than are answered at once', batchText(new Array<string>(5_001).fill('1')), {}, 413, 'too-many-items', /5001 items; at most 5000.*\/api\/v1\/batches\/executions/],
      ['a bomb: little gzip, much JSON', gzipSync(Buffer.alloc(20_000_000, ' ')), { 'Content-Encoding': 'gzip' }, 413, 'body-too-large', /after decompression/],
      ['NDJSON without a line', '\n\n', { 'Content-Type': 'application/x-ndjson' }, 400, 'empty-body', /empty/],
    ];
    test.each(cases)('%s', async (_name, body, headers, status, code, says) => {
      const before = await rows();
      expectProblem(await post(body, headers), status, code, says);
      expect(await rows()).toBe(before);
    });

    test('its pointer is a place in the body', async () => {
      expect((await post('{"executions":[{}],"colour":1}')).body.errors).toMatchObject([{ pointer: '/colour', code: 'unknown-member' }]);
      expect((await post('{"executions":[]}')).body.errors).toMatchObject([{ pointer: '/executions', code: 'empty-batch' }]);
    });
  });

  describe('NDJSON', () => {
    test('a broken line fails alone, with its place, and its neighbours are stored', async () => {
      const answer = await post(`${executionText()}\n{"quantity":1,}\n\n${executionText()}\r\n`, { 'Content-Type': 'application/x-ndjson' });
      expect(answer.status).toBe(207);
      expect(answer.body.results).toMatchObject([{ status: 'SUCCESS' }, { status: 'FAILED', errors: [{ index: 1, pointer: '/1', code: 'invalid-json', message: expect.stringMatching(/^Line 2 .*column 15/) as string }] }, { status: 'SUCCESS' }]);
    });
  });

  describe('many faults', () => {
    test('a batch whose every item is bad is FAILED with 400, and each item has its reasons', async () => {
      const before = await rows();
      const answer = await post({ executions: [execution({ quantity: 0 }), null, execution({ tradeType: 'X', securityId: '' })] });
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ status: 'FAILED', totalRequested: 3, successful: 0, failed: 3 });
      expect(answer.body.results?.map((r) => r.errors?.map((e) => `${e.pointer} ${e.code}`))).toEqual([
        ['/executions/0/quantity range'],
        ['/executions/1 not-an-object'],
        ['/executions/2/tradeType enum', '/executions/2/securityId length'],
      ]);
      expect(await rows()).toBe(before);
      const ledger = await query<{ written: string; rejected: string }>(system.databaseUrl, 'select sum(written) as written, sum(rejected) as rejected from ledger where batch_id = $1', [answer.body.batchId]);
      expect(ledger).toEqual([{ written: '0', rejected: '3' }]);
    });

    test('5,000 items that are all bad are all answered for', async () => {
      const answer = await post({ executions: Array.from({ length: 5_000 }, () => execution({ colour: 'blue', size: 3, quantity: -1 })) });
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ status: 'FAILED', failed: 5_000 });
      expect(answer.body.results?.every((r, i) => r.requestIndex === i && r.errors?.[0]?.code === 'unknown-field')).toBe(true);
    });

    test('5,000 items, every second one bad: the others are stored, each under its own index', async () => {
      const answer = await post({ executions: Array.from({ length: 5_000 }, (_, i) => execution({ quantity: i % 2 === 0 ? i + 1 : -i })) });
      expect(answer.status).toBe(207);
      expect(answer.body).toMatchObject({ successful: 2_500, failed: 2_500 });
      const good = (answer.body.results ?? []).filter((r) => r.status === 'SUCCESS');
      expect(good.every((r) => r.execution?.quantity === r.requestIndex + 1)).toBe(true);
      const ids = good.map((r) => r.execution?.id);
      const stored = await query<{ id: string; quantity: string }>(system.databaseUrl, 'select id, quantity from execution where id = any($1::bigint[]) order by quantity', [ids]);
      expect(stored.map((row) => [Number(row.id), Number(row.quantity)])).toEqual(good.map((r) => [r.execution?.id, r.requestIndex + 1]));
    });

    test('an item of a hundred thousand unknown members costs its neighbours nothing, and the answer stays short', async () => {
      const members = Array.from({ length: MANY_MEMBERS }, (_, i) => `"m${i}":0`).join(',');
      const answer = await post(batchText([executionText(), `{${members}}`, executionText()]));
      expect(answer.status).toBe(207);
      expect(answer.body.results).toMatchObject([{ status: 'SUCCESS' }, { status: 'FAILED', code: 'unknown-field' }, { status: 'SUCCESS' }]);
      expect(answer.text.length).toBeLessThan(50_000);
    });
  });

  describe('one record', () => {
    test('that is bad: 400 with pointers into the body, and nothing is recorded', async () => {
      const batches = await countRows(system.databaseUrl, 'batch');
      const answer = await send(system.url, 'POST', '/api/v1/executions', execution({ quantity: 0, tradeType: 'HOLD' }));
      expectProblem(answer, 400, 'invalid-record', /greater than 0/);
      expect(answer.body.errors).toMatchObject([{ pointer: '/tradeType', code: 'enum' }, { pointer: '/quantity', code: 'range' }]);
      expect(await countRows(system.databaseUrl, 'batch')).toBe(batches);
    });

    test.each([['null', 'null'], ['an array', '[]'], ['a number', '12'], ['too deep', '['.repeat(100) + ']'.repeat(100)]])('that is %s: 400', async (_name, body) => {
      expect((await send(system.url, 'POST', '/api/v1/executions', body)).status).toBe(400);
    });
  });

  describe('routes', () => {
    test.each([
      ['GET', '/nowhere'], ['POST', '/api/v1/nothing'], ['GET', '/api/v2/executions'], ['GET', '/%00'], ['GET', '//'], ['GET', '/api/v1/execution/1/2/3'], ['GET', '/?__proto__[a]=1'],
    ])('%s %s is not there: 404 with a problem document', async (method, path) => {
      const answer = await send(system.url, method, path);
      expectProblem(answer, 404, 'no-such-route', /\/docs/);
    });

    test('a path that cannot be read: 400', async () => {
      expectProblem(await send(system.url, 'GET', '/api/v1/execution/%zz'), 400, 'invalid-path', /percent/);
    });

    test.each([
      ['DELETE', '/api/v1/execution/1', 'GET, PUT'],
      ['PATCH', '/api/v1/executions', 'GET, POST'],
      ['GET', BATCH, 'POST'],
      ['PUT', '/health/live', 'GET'],
      ['DELETE', '/health/live', 'GET'],
    ])('%s %s is not offered: 405 that names what is', async (method, path, allowed) => {
      const answer = await send(system.url, method, path, undefined, { 'Content-Type': 'application/json' });
      expectProblem(answer, 405, 'method-not-allowed', /not offered/);
      expect(answer.headers.get('allow')?.split(', ').sort().join(', ')).toBe(allowed);
    });

    test.each(['abc', '0', '-1', '1.5', '99999999999999999999', '%00', '1%2F2'])('the id %s: 400 with a pointer', async (id) => {
      const answer = await send(system.url, 'PUT', `/api/v1/execution/${id}`, { quantityFilled: 1, version: 1 });
      expectProblem(answer, 400, 'invalid-id', /whole number/);
    });
  });

  describe('query parameters of writing calls', () => {
    test.each([
      ['POST', '/api/v1/executions?colour=blue', execution()],
      ['POST', `${BATCH}?priority=high`, { executions: [execution()] }],
      ['PUT', '/api/v1/execution/1?version=1', { quantityFilled: 1, version: 1 }],
    ])('%s %s: one that is not known is 400 and nothing is written', async (method, path, body) => {
      const before = await rows();
      const answer = await send(system.url, method, path, body);
      expectProblem(answer, 400, 'invalid-query', /not known/);
      expect(answer.body.errors).toMatchObject([{ pointer: `?${new URL(path, system.url).searchParams.keys().next().value}`, code: 'unknown-parameter' }]);
      expect(await rows()).toBe(before);
    });
  });
});
