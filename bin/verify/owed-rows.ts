import type { Client } from 'pg';
import type { OwedRow } from './check-topic.ts';
import { owedRowsQuery } from '../../shared/db/queries/verify-topic.ts';

const FETCH = 2_000;

/**
 * The ledger rows of a sink, and those that made later versions, in no order and a few thousand at a time.
 * @param since PostgreSQL's text of an instant: what was done by then must be on the topic
 */
export async function* owedRows(client: Client, sink: string, since: string, scope: { batchId: string | null; fromBatchId: string | null }): AsyncGenerator<OwedRow> {
  const literal = (value: string | null) => (value === null ? 'null' : client.escapeLiteral(value));
  await client.query('begin isolation level repeatable read read only');
  await client.query(`declare owed no scroll cursor for ${owedRowsQuery(literal(sink), literal(since), literal(scope.batchId), literal(scope.fromBatchId))}`);
  for (;;) {
    const { rows } = await client.query<unknown[]>({ text: `fetch ${FETCH} from owed`, rowMode: 'array' });
    for (const [batchId, firstIndex, op, kind, mine, finished, inScope, firstId, span, version, delivered, superseded, rejected] of rows) {
      yield {
        batchId: batchId as string, firstIndex: Number(firstIndex), op: op as string, kind: kind as string, mine: mine as boolean, finished: finished as boolean, inScope: inScope as boolean,
        firstId: Number(firstId), span: Number(span), version: Number(version), delivered: Number(delivered), superseded: Number(superseded), rejected: rejected as number[],
      };
    }
    if (rows.length < FETCH) break;
  }
  await client.query('commit');
}
