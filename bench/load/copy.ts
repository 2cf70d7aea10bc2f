/**
 * Raw COPY into the table of executions, a chunk a statement: the fastest that PostgreSQL takes rows, and the reference for all else.
 */
import pg from 'pg';
import type { Turn } from '../harness/rounds.ts';
import { columnsOfRows, type BenchRow } from '../harness/rows.ts';
import { serveLoad } from '../harness/serve-load.ts';

export interface CopyInit {
  databaseUrl: string;
  connections: number;
  chunkRows: number;
  /** Whether the text of the chunks is made before the clock runs, but for the ids. */
  prepared?: boolean;
}

/** A turn that begins no more work after this time, and ends when what was begun is done. */
export interface TimedSpec {
  seconds: number;
}

const TEXT = 'COPY execution (id, received_timestamp, execution_status, trade_type, destination, security_id, quantity, limit_price, trade_service_execution_id) FROM STDIN';
const DISTINCT_CHUNKS = 20;
const COLUMNS = ['executionStatus', 'tradeType', 'destination', 'securityId', 'quantity', 'limitPrice', 'tradeServiceExecutionId'] as const satisfies (keyof BenchRow)[];

type Columns = ReturnType<typeof columnsOfRows>;
/** The part of a connection that copies; node-postgres has it, its types do not. */
interface CopyConnection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** A query that sends one buffer as soon as PostgreSQL is ready to copy. */
class CopyIn extends (pg.Query as unknown as new (config: { text: string }, callback: (error: Error | null) => void) => object) {
  readonly #rows: Buffer;

  constructor(rows: Buffer, callback: (error: Error | null) => void) {
    super({ text: TEXT }, callback);
    this.#rows = rows;
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFromChunk(this.#rows);
    connection.endCopyFrom();
  }
}

/** The rest of each row's line, after its id. */
function lineEnds(columns: Columns, rows: number, receivedAt: string): string[] {
  return Array.from({ length: rows }, (_, i) => `\t${receivedAt}\t${COLUMNS.map((name) => columns[name][i] ?? '\\N').join('\t')}\n`);
}

serveLoad<CopyInit, TimedSpec, Turn>(async ({ databaseUrl, connections, chunkRows, prepared = false }) => {
  const clients = await Promise.all(Array.from({ length: connections }, async () => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    return client;
  }));
  const chunks = Array.from({ length: DISTINCT_CHUNKS }, (_, i) => columnsOfRows(i * chunkRows, chunkRows));
  const ready = prepared ? chunks.map((columns) => lineEnds(columns, chunkRows, new Date().toISOString())) : [];
  let nextId = 1;

  const copy = (client: pg.Client, rows: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      client.query(new CopyIn(rows, (error) => (error === null || error === undefined ? resolve() : reject(error))) as unknown as pg.Submittable);
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
          const ends = ready[at] ?? lineEnds(chunks[at] as Columns, chunkRows, new Date().toISOString());
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
