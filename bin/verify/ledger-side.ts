import type { Client } from 'pg';
import { claimsQuery, owedEventsQuery, owedRowsQuery, VERSIONS_QUERY } from '../../shared/db/queries/verify-topic.ts';
import type { OwedEvent } from './check-events.ts';
import type { Claim } from './match-claims.ts';
import type { OwedRow } from './check-topic.ts';

/** The batches that were asked for. */
export interface TopicScope {
  batchId: string | null;
  fromBatchId: string | null;
}

const FETCH = 2_000;

/** All rows of a query by a cursor of the transaction that is open, a few thousand at a time. */
async function* rowsOf(client: Client, name: string, query: string): AsyncGenerator<unknown[][]> {
  await client.query(`declare ${name} no scroll cursor for ${query}`);
  for (;;) {
    const { rows } = await client.query<unknown[]>({ text: `fetch ${FETCH} from ${name}`, rowMode: 'array' });
    yield rows;
    if (rows.length < FETCH) break;
  }
  await client.query(`close ${name}`);
}

/** What the sink is said to have acknowledged, in the order of partition and offset. Needs an open transaction. */
export async function* claimsOf(client: Client, sink: string, scope: TopicScope): AsyncGenerator<Claim[]> {
  const literal = literalOf(client);
  for await (const rows of rowsOf(client, 'claims', claimsQuery(literal(sink), literal(scope.batchId), literal(scope.fromBatchId)))) {
    yield rows.map(([partition, base, low, high, complete, batchId, firstIndex, op, kind, firstId, version, rejected]) => ({
      partition: Number(partition), base: Number(base), low: Number(low), high: Number(high), complete: complete as boolean, batchId: batchId as string, firstIndex: Number(firstIndex),
      op: op as string, kind: kind as string, firstId: Number(firstId), version: Number(version), rejected: rejected as number[],
    }));
  }
}

/** Every later version that was made. Needs an open transaction. */
export async function* versionsMade(client: Client): AsyncGenerator<{ kind: string; id: number; version: number }> {
  for await (const rows of rowsOf(client, 'versions', VERSIONS_QUERY)) for (const [kind, id, version] of rows) yield { kind: kind as string, id: Number(id), version: Number(version) };
}

/**
 * The ledger rows of a sink, in no order. Needs an open transaction.
 * @param instant PostgreSQL's text of an instant: what was done by then must be on the topic
 */
export async function* owedRows(client: Client, sink: string, instant: string, scope: TopicScope): AsyncGenerator<OwedRow> {
  const literal = literalOf(client);
  for await (const rows of rowsOf(client, 'owed', owedRowsQuery(literal(sink), literal(instant), literal(scope.batchId), literal(scope.fromBatchId)))) {
    for (const [batchId, firstIndex, op, kind, finished, inScope, firstId, span, version, delivered, superseded, rejected, letters] of rows) {
      yield {
        batchId: batchId as string, firstIndex: Number(firstIndex), op: op as string, kind: kind as string, finished: finished as boolean, inScope: inScope as boolean,
        firstId: Number(firstId), span: Number(span), version: Number(version), delivered: Number(delivered), superseded: Number(superseded), rejected: rejected as number[], letters: (letters as string[]).map(Number),
      };
    }
  }
}

/** The events of large batches, or the items handed out, that a sink is owed, in no order. Needs an open transaction. @param instant as for owedRows */
export async function* owedEvents(client: Client, sink: string, instant: string, scope: TopicScope): AsyncGenerator<OwedEvent> {
  const literal = literalOf(client);
  for await (const rows of rowsOf(client, 'events', owedEventsQuery(literal(sink), literal(instant), literal(scope.batchId), literal(scope.fromBatchId)))) {
    for (const [kind, key, version, batchId, firstIndex, delivered, inScope, partition, offset] of rows) {
      yield { kind: kind as string, key: key as string, version: Number(version), batchId: batchId as string, firstIndex: Number(firstIndex), delivered: delivered as boolean, inScope: inScope as boolean, place: partition === null ? null : { partition: Number(partition), offset: Number(offset) } };
    }
  }
}

function literalOf(client: Client): (value: string | null) => string {
  return (value) => (value === null ? 'null' : client.escapeLiteral(value));
}
