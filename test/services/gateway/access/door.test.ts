import { createDoor } from '../../../../services/gateway/access/door.ts';
import { routesOf } from '../../../../services/gateway/routes-table.ts';
import { SUBMIT } from '../../../../shared/access/access.ts';
import { loadKinds } from '../../../../shared/records/load-kinds.ts';

const door = createDoor({} as Parameters<typeof createDoor>[0], { of: () => Promise.resolve(undefined) });
const handler = () => Promise.reject(new Error('nobody calls'));

test('no route that submits is served that does not say its kind: a key for other kinds would pass', async () => {
  for (const route of routesOf(await loadKinds(''))) expect(() => door(route, handler)).not.toThrow();
  expect(() => door({ method: 'POST', path: '/new', operation: 'submit-orders', access: SUBMIT, summary: '' }, handler)).toThrow('POST /new does not say what kind it submits');
});
