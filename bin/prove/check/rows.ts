import pg from 'pg';

/** A row of the kind `execution`, as text where digits count. */
export interface Row {
  id: number;
  securityId: string;
  tradeType: string;
  destination: string;
  quantity: string;
  limitPrice: string | null;
  quantityFilled: string;
  averagePrice: string | null;
  version: number;
}

const FETCH = 5_000;

/** Every row of the table in the order of its mark, a few thousand at a time. */
export async function* rowsByMark(url: string): AsyncGenerator<Row> {
  const client = new pg.Client({ connectionString: url, application_name: 'sluice-prove' });
  client.on('error', () => undefined); // a broken connection fails the fetch under way
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query(`declare by_mark no scroll cursor for select id, security_id, trade_type, destination, quantity::text, limit_price::text, quantity_filled::text, average_price::text, version
      from execution order by security_id, id`);
    for (;;) {
      const { rows } = await client.query<[string, string, string, string, string, string | null, string, string | null, number]>({ text: `fetch ${FETCH} from by_mark`, rowMode: 'array' });
      for (const [id, securityId, tradeType, destination, quantity, limitPrice, quantityFilled, averagePrice, version] of rows) {
        yield { id: Number(id), securityId, tradeType, destination, quantity, limitPrice, quantityFilled, averagePrice, version };
      }
      if (rows.length < FETCH) return;
    }
  } finally {
    await client.end();
  }
}
