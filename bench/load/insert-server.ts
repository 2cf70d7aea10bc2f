/**
 * The reference for single records: a bare HTTP server that inserts each record by a statement, and so a commit, of its own, and
 * answers with the row. No checks, no ledger, no delivery.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { serveLoad } from '../harness/serve-load.ts';

export interface InsertServerInit {
  databaseUrl: string;
  connections: number;
}

const INSERT = {
  name: 'insert-one',
  text: `INSERT INTO execution (id, execution_status, trade_type, destination, security_id, quantity, limit_price, received_timestamp, trade_service_execution_id)
         VALUES (nextval('bench_execution_id'), $1, $2, $3, $4, $5, $6, now(), $7) RETURNING *`,
};

serveLoad<InsertServerInit, never, never>(async ({ databaseUrl, connections }) => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  await pool.query('CREATE SEQUENCE IF NOT EXISTS bench_execution_id CACHE 1');
  const server = createServer((req, res) => {
    insert(pool, req).then(
      (body) => res.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }).end(body),
      (error: unknown) => res.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ready: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    run: () => Promise.reject(new Error('a server is called over HTTP')),
    async close() {
      server.closeAllConnections();
      await pool.end();
    },
  };
});

async function insert(pool: pg.Pool, req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  const item = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
  const values = [item.executionStatus, item.tradeType, item.destination, item.securityId, item.quantity, item.limitPrice, item.tradeServiceExecutionId ?? null];
  const { rows } = await pool.query({ ...INSERT, values });
  return JSON.stringify(rows[0]);
}
