import pg from 'pg';
import { countStatements, frontendMessages } from '../../../bench/harness/statement-counter.ts';
import { createDatabase } from '../../helpers/database.ts';

describe('counting statements on the wire', () => {
  test('simple, extended and named statements count once each', async () => {
    const database = await createDatabase();
    const counter = await countStatements(database.url);
    const client = new pg.Client({ connectionString: counter.url });
    try {
      await client.connect();
      await client.query('select 1');
      await client.query('select $1::text', ['x'.repeat(100_000)]);
      for (const value of [1, 2]) await client.query({ name: 'again', text: 'select $1::int', values: [value] });
      expect(counter.count()).toBe(4);
    } finally {
      await client.end();
      await counter.close();
      await database.drop();
    }
  });

  test('messages are told apart wherever the stream is cut', () => {
    const message = (type: string, body: string) => {
      const head = Buffer.alloc(5);
      head.write(type);
      head.writeInt32BE(body.length + 4, 1);
      return Buffer.concat([head, Buffer.from(body)]);
    };
    const startup = message('?', 'user').subarray(1);
    const stream = Buffer.concat([startup, message('P', 'select'), message('B', ''), message('E', 'QQQQQ'), message('S', '')]);
    for (let cut = 1; cut < stream.length; cut++) {
      const types: string[] = [];
      const read = frontendMessages((type) => types.push(String.fromCharCode(type)));
      read(stream.subarray(0, cut));
      read(stream.subarray(cut));
      expect(types.join('')).toBe('PBES');
    }
  });
});
