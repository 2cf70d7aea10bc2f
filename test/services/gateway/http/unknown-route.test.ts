import type { Call } from '../../../../services/gateway/http/call.ts';
import { fallbackHandler } from '../../../../services/gateway/http/unknown-route.ts';
import type { Route } from '../../../../services/gateway/routes-table.ts';

const route = (method: Route['method'], path: string) => ({ method, path, operation: 'docs', summary: '' }) as Route;
const fallback = fallbackHandler([route('GET', '/api/v1/batches'), route('GET', '/api/v1/batches/{id}'), route('PATCH', '/api/v1/batches/{id}'), route('POST', '/api/v1/batches/executions')]);
const asked = (method: string, path: string) => {
  try {
    return fallback({ req: { method }, url: new URL(`http://sluice${path}`) } as unknown as Call);
  } catch (error) {
    return (error as { data: { status: number; detail: string; headers?: Record<string, string> } }).data;
  }
};

test('a method that is not offered names those that are, and where it is: such as the kinds that a batch may be of', () => {
  expect(asked('POST', '/api/v1/batches/orders')).toMatchObject({ status: 405, headers: { Allow: 'GET, PATCH' }, detail: 'POST is not offered here; GET, PATCH are. POST is offered for /api/v1/batches/executions.' });
  expect(asked('DELETE', '/api/v1/batches')).toMatchObject({ status: 405, detail: 'DELETE is not offered here; GET is.' });
});

test('a path that nobody knows is 404', () => {
  expect(asked('GET', '/api/v2/batches')).toMatchObject({ status: 404 });
});
