/**
 * Raw COPY into the table of executions or orders, a chunk a statement: the fastest that PostgreSQL takes rows, and the reference for all else.
 */
import pg from 'pg';
import type { Turn } from '../harness/rounds.ts';
import { columnsOfOrders, type OrderRow } from '../harness/order-rows.ts';
import { columnsOfRows, type BenchRow } from '../harness/rows.ts';
import { serveLoad } from '../harness/serve-load.ts';

export interface CopyInit {
  databaseUrl: string;
  connections: number;
  chunkRows: number;
  /** Whether the text of the chunks is made before the clock runs, but for the ids. */
  prepared?: boolean;
  /** Kind of the rows. */
  kind?: 'execution' | 'order';
}

/** A turn that begins no more work after this time, and ends when what was begun is done. */
export interface TimedSpec {
  seconds: number;
}

const DISTINCT_CHUNKS = 20;
type Columns = Readonly<Record<string, readonly (string | null)[]>>;

/** How rows of a kind are copied; a stamp is the instant that Sluice sets at intake. */
interface Layout {
  text: string;
  stamped: boolean;
  members: readonly string[];
  columns(from: number, count: number): Columns;
}
const LAYOUTS: Record<'execution' | 'order', Layout> = {
  execution: {
    text: 'COPY execution (id, received_timestamp, execution_status, trade_type, destination, security_id, quantity, limit_price, trade_service_execution_id) FROM STDIN',
    stamped: true,
    members: ['executionStatus', 'tradeType', 'destination', 'securityId', 'quantity', 'limitPrice', 'tradeServiceExecutionId'] satisfies (keyof BenchRow)[],
    columns: columnsOfRows,
  },
  order: {
    text: 'COPY orders (id, blotter_id, status_id, portfolio_id, order_type_id, security_id, quantity, limit_price, order_timestamp, trade_order_id) FROM STDIN',
    stamped: false,
    members: ['blotterId', 'statusId', 'portfolioId', 'orderTypeId', 'securityId', 'quantity', 'limitPrice', 'orderTimestamp', 'tradeOrderId'] satisfies (keyof OrderRow)[],
    columns: columnsOfOrders,
  },
};

/** The part of a connection that copies; node-postgres has it, its types do not. */
interface CopyConnection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** A query that sends one buffer as soon as PostgreSQL is ready to copy. */
class CopyIn extends (pg.Query as unknown as new (config: { text: string }, callback: (error: Error | null) => void) => object) {
  readonly #rows: Buffer;

  constructor(text: string, rows: Buffer, callback: (error: Error | null) => void) {
    super({ text }, callback);
    this.#rows = rows;
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFromChunk(this.#rows);
    connection.endCopyFrom();
  }
}

/** The rest of each row's line, after its id. */
function lineEnds({ members, stamped }: Layout, columns: Columns, rows: number, receivedAt: string): string[] {
  const stamp = stamped ? `${receivedAt}\t` : '';
  return Array.from({ length: rows }, (_, i) => `\t${stamp}${members.map((name) => columns[name]?.[i] ?? '\\N').join('\t')}\n`);
}

serveLoad<CopyInit, TimedSpec, Turn>(async ({ databaseUrl, connections, chunkRows, prepared = false, kind = 'execution' }) => {
  const layout = LAYOUTS[kind];
  const clients = await Promise.all(Array.from({ length: connections }, async () => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    return client;
  }));
  const chunks = Array.from({ length: DISTINCT_CHUNKS }, (_, i) => layout.columns(i * chunkRows, chunkRows));
  const ready = prepared ? chunks.map((columns) => lineEnds(layout, columns, chunkRows, new Date().toISOString())) : [];
  let nextId = 1;

  const copy = (client: pg.Client, rows: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      client.query(new CopyIn(layout.text, rows, (error) => (error === null || error === undefined ? resolve() : reject(error))) as unknown as pg.Submittable);
    });

  return {
    async run({ seconds }) {
      let done = 0;
      const began = performance.now();
      const worker = async (client: pg.Client) => {
        while (performance.now() - began < seconds * 1_000) {
          const at = done++ % DISTINCT_CHUNKS;
          const first = nextId;
          nextId += chunkRows;
          const ends = ready[at] ?? lineEnds(layout, chunks[at] as Columns, chunkRows, new Date().toISOString());
          let text = '';
          for (let i = 0; i < chunkRows; i++) text += `${first + i}${ends[i] as string}`;
          await copy(client, Buffer.from(text, 'latin1'));
        }
      };
      await Promise.all(clients.map(worker));
      return { records: done * chunkRows, seconds: (performance.now() - began) / 1_000 };
    },
    async close() {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
});
