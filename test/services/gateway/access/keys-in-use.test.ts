import type { IncomingMessage } from 'node:http';
import { KeysInUse } from '../../../../services/gateway/access/keys-in-use.ts';
import type { Found } from '../../../../shared/access/key-ring.ts';

test('what a revoked key or an ended session has in work is cut, and nothing else', () => {
  const worth = new Map<string, Found>();
  const uses = new KeysInUse({ byId: (id) => worth.get(id) ?? ({ key: { id } } as Found) });
  const cut: string[] = [];
  const enter = (name: string, keyId: string, until?: Date) => uses.enter({ keyId, until, req: { socket: { destroy: () => cut.push(name) } } as unknown as Pick<IncomingMessage, 'socket'> });
  enter('stream', 'one');
  enter('session', 'two', new Date(5_000));
  const done = enter('done', 'one');
  uses.look(4_999);
  expect(cut).toEqual([]);
  done();
  worth.set('one', { fault: 'revoked' });
  uses.look(5_000);
  uses.look(5_001);
  expect(cut).toEqual(['stream', 'session']);
});
