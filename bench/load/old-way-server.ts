/**
 * "The old way": an HTTP server that takes a batch, inserts its items one statement at a time in one transaction, and
 * then sends each record to Kafka in a request of its own, awaited, before it answers.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import kafkajs from 'kafkajs';
import pg from 'pg';
import { serveLoad } from '../harness/serve-load.ts';

export interface OldWayInit {
  databaseUrl: string;
  /** Size of its pool. */
  connections: number;
  kafkaBrokers: string;
  topic: string;
}

/** Asked after a turn: the most requests that waited for a connection at once. */
export interface OldWayReport {
  mostWaiting: number;
}

const INSERT = `INSERT INTO execution (id, execution_status, trade_type, destination, security_id, quantity, limit_price, received_timestamp, trade_service_execution_id)
                VALUES (nextval('bench_execution_id'), $1, $2, $3, $4, $5, $6, now(), $7) RETURNING *`;

type Row = Record<string, unknown>;

serveLoad<OldWayInit, null, OldWayReport>(async ({ databaseUrl, connections, kafkaBrokers, topic }) => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections, connectionTimeoutMillis: 30_000 });
  await pool.query('CREATE SEQUENCE IF NOT EXISTS bench_execution_id CACHE 1');
  const kafka = new kafkajs.Kafka({ clientId: 'bench-old-way', brokers: kafkaBrokers.split(','), logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  let mostWaiting = 0;

  const take = async (req: IncomingMessage): Promise<string> => {
    const { executions } = JSON.parse(await readAll(req)) as { executions: Row[] };
    const connecting = pool.connect();
    mostWaiting = Math.max(mostWaiting, pool.waitingCount);
    const stored = await insertAll(await connecting, executions);
    for (const row of stored) await producer.send({ topic, acks: -1, messages: [{ key: String(row.id), value: JSON.stringify(row) }] });
    return JSON.stringify({ status: 'SUCCESS', results: stored.map((execution, requestIndex) => ({ requestIndex, status: 'SUCCESS', execution })) });
  };
  const server = createServer((req, res) => {
    take(req).then(
      (body) => res.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }).end(body),
      (error: unknown) => res.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ready: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    run: async () => {
      const report = { mostWaiting };
      mostWaiting = 0;
      return report;
    },
    async close() {
      server.closeAllConnections();
      await producer.disconnect();
      await pool.end();
    },
  };
});

async function insertAll(client: pg.PoolClient, items: readonly Row[]): Promise<Row[]> {
  const stored: Row[] = [];
  try {
    await client.query('BEGIN');
    for (const item of items) {
      const { rows } = await client.query<Row>(INSERT, [item.executionStatus, item.tradeType, item.destination, item.securityId, item.quantity, item.limitPrice, item.tradeServiceExecutionId ?? null]);
      if (rows[0] !== undefined) stored.push(rows[0]);
    }
    await client.query('COMMIT');
    client.release();
    return stored;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function readAll(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
