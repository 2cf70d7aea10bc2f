import { parseListQuery, type ListQuery } from '../../../../services/gateway/list/parse-list-query.ts';
import { ProblemError } from '../../../../shared/errors/problem.ts';
import execution from '../../../../shared/records/execution.kind.ts';

const parse = (query: string) => parseListQuery(execution, new URLSearchParams(query), 'reject');
const lenient = (query: string) => parseListQuery(execution, new URLSearchParams(query), 'ignore');

function refusal(query: string, read: (query: string) => ListQuery = parse): ProblemError {
  try {
    read(query);
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error(`${query} was not refused`);
}

test('without parameters: the first 50 by id', () => {
  expect(parse('')).toEqual({ offset: 0, limit: 50, filters: [], sorts: [], ignored: [] });
});

test('filters take comma lists and repeated parameters, each value once', () => {
  expect(parse('executionStatus=NEW,SENT&executionStatus=NEW&destination=NYSE').filters).toEqual([
    { property: 'executionStatus', values: ['NEW', 'SENT'] },
    { property: 'destination', values: ['NYSE'] },
  ]);
});

test('sortBy takes a comma list with - for descending', () => {
  expect(parse('sortBy=-executionStatus,id').sorts).toEqual([{ property: 'executionStatus', descending: true }, { property: 'id', descending: false }]);
});

test('F25 an offset is taken as it is, not rounded to a page', () => {
  expect(parse('offset=7&limit=5')).toMatchObject({ offset: 7, limit: 5 });
});

test.each(['limit=0', 'limit=101', 'limit=x', 'limit=', 'limit=1&limit=2', 'offset=-1', 'offset=1.5', 'offset=100001'])('F23 %s is 400 and names the parameter', (query) => {
  const problem = refusal(query);
  expect(problem).toMatchObject({ status: 400, code: 'invalid-query' });
  expect(problem.errors).toMatchObject([{ pointer: `?${query.split('=')[0] ?? ''}` }]);
});

test.each([
  ['executionStatus=GONE', '?executionStatus', 'unknown-value', 'CANCELLED'],
  ['executionStatus=new', '?executionStatus', 'unknown-value', 'NEW'],
  ['executionStatus=NEW,', '?executionStatus', 'unknown-value', 'NEW'],
  ['sortBy=price', '?sortBy', 'unknown-sort', 'limitPrice'],
  ['sortBy=', '?sortBy', 'unknown-sort', 'limitPrice'],
  ['status=NEW', '?status', 'unknown-parameter', 'executionStatus'],
  ['__proto__=NEW', '?__proto__', 'unknown-parameter', 'executionStatus'],
  ['id=abc', '?id', 'unknown-value', 'whole numbers'],
  ['id=99999999999999999999', '?id', 'unknown-value', 'whole numbers'],
  ['destination=a%00b', '?destination', 'unknown-value', 'text'],
])('F22 %s is 400, and the message lists what is known', (query, pointer, code, known) => {
  expect(refusal(query).errors).toEqual([{ pointer, code, message: expect.stringContaining(known) as string }]);
});

test('all faults are told at once', () => {
  expect(refusal('limit=101&colour=red&sortBy=price').errors?.map((e) => e.pointer).sort()).toEqual(['?colour', '?limit', '?sortBy']);
});

test('a page that ends beyond 100,000 is 400 and names the way', () => {
  expect(parse('offset=99950&limit=50').offset).toBe(99_950);
  expect(refusal('offset=99951&limit=50').errors).toMatchObject([{ pointer: '?offset', code: 'too-deep', message: expect.stringContaining('filter') as string }]);
});

test('more values than a filter takes are 400', () => {
  expect(refusal(`id=${Array.from({ length: 65 }, (_, i) => i).join(',')}`).errors).toMatchObject([{ pointer: '?id', code: 'too-many-values' }]);
});

test('F22 with unknownQuery=ignore what is not known is left out and named; an unknown value matches nothing', () => {
  expect(lenient('colour=red&sortBy=price,-id&executionStatus=GONE')).toEqual({
    offset: 0, limit: 50, filters: [{ property: 'executionStatus', values: [] }], sorts: [{ property: 'id', descending: true }],
    ignored: ['colour', 'executionStatus=GONE', 'sortBy=price'],
  });
});

test('F23 with unknownQuery=ignore a limit out of bounds still is 400', () => {
  expect(refusal('limit=101', lenient).status).toBe(400);
});

test('F23 a value or a name that is cut within a pair of surrogates is 400, or left out, as any other', () => {
  const long = encodeURIComponent('x'.repeat(63) + '\u{1f600}'.repeat(200));
  for (const query of [`destination=${long}`, `${long}=1`, `sortBy=${long}`]) {
    expect(refusal(query)).toMatchObject({ status: 400, code: 'invalid-query' });
    expect(lenient(query).ignored).toHaveLength(1);
  }
});
