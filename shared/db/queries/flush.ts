import type { Slice } from '../../contracts/slices.ts';
import type { Column } from '../../records/columns.ts';
import { int4Array, int8Array, textArray } from '../binary-array.ts';

/** A statement that PostgreSQL plans once per connection. */
export interface NamedStatement {
  name: string;
  text: string;
}

/** The rows of a flush, by column. */
export interface FlushRows {
  /** For each row, the position of its slice. */
  sliceOf: readonly number[];
  /** For each row, its index less the slice's first index. */
  offsetOf: readonly number[];
  columns: Readonly<Record<string, readonly (string | null)[]>>;
}

export interface FlushTarget {
  kind: string;
  table: string;
  columns: readonly Column[];
  /** Properties that rows carry. */
  carried: readonly string[];
  /** Property that takes the batch's instant of intake. */
  receivedAt: string | undefined;
  /** Sinks that each slice is owed to; the first one counts the slice. */
  sinks: readonly string[];
}

/** Parameters before the rows': fifteen of slices, and the node. */
const LEADING = 16;

/**
 * The flush: one statement that, for every slice whose batch is open at the slice's epoch, writes ledger rows and records,
 * or nothing. It answers the positions of the slices written now; a slice that isn't among them is already in the
 * ledger, or fenced.
 *
 * - `made` inserts the batches of sole slices, closed: nothing else will ever be written for them;
 * - `held` locks the batches of the others FOR SHARE, so that settling (which moves the epoch) waits for this flush;
 * - `led` inserts the ledger rows; a repeat of the same slice conflicts and is left out;
 * - the records join the ledger rows really inserted, by the slice's position: one array per column, unnested side by
 *   side in a select list, which streams them (as functions in FROM each would fill a tuplestore first: 9 % more CPU).
 */
export function flushStatement(target: FlushTarget): NamedStatement {
  const { names, carried, received } = insertColumns(target);
  const values = ['acc.first_ids[r.no] + r.off', ...(received === undefined ? [] : ['acc.received[r.no]']), ...carried.map((c, i) => castText(`r.c${i}`, c))];
  const sinkList = target.sinks.length === 0 ? [''] : target.sinks;
  const rowParams = carried.map((_, i) => `$${LEADING + 3 + i}::text[]`);
  const text = `
with s as materialized (
  select * from unnest($1::text[]::uuid[], $2::int4[], $3::int4[], $4::text[], $5::int4[], $6::int4[], $7::int4[], $8::int8[], $9::int4[],
                       $10::int4[], $11::int4[], $12::text[], $13::text[]::timestamptz[], $14::text[], $16::text[]) with ordinality
    as s(batch_id, epoch, sole, client, requested, first_index, span, first_id, shard, written, rejected, rejects, received_at, trace, client_reference, no)
),
made as (
  insert into batch (id, kind, client, epoch, state, requested, received_at, closed_at, client_reference)
  select distinct on (batch_id) batch_id, '${target.kind}', client, epoch, 'closed', requested, received_at, now(), client_reference from s where sole = 1 order by batch_id
  on conflict (id) do nothing
  returning id, epoch
),
held as (
  select id, epoch from batch where id = any($1::text[]::uuid[]) and state = 'open' for share
),
led as (
  insert into ledger (batch_id, first_index, op, sink, kind, span, shard, first_id, version, written, rejected, rejects, node, state, trace)
  select s.batch_id, s.first_index, 'insert', k.sink, '${target.kind}', s.span, s.shard, s.first_id, 1, s.written, s.rejected, s.rejects::jsonb, $15,
         case when k.sink = '' or s.written = 0 then 'none' else 'waiting' end, nullif(s.trace, '')
  from s
  join (select id, epoch from made union all select id, epoch from held) ok on ok.id = s.batch_id and ok.epoch = s.epoch
  cross join (values ${sinkList.map((sink) => `('${sink}')`).join(', ')}) k(sink)
  on conflict (batch_id, first_index, op, sink) do nothing
  returning batch_id, first_index, sink
),
acc as materialized (
  select array_agg(case when led.batch_id is null then 0 else s.first_id end order by s.no) as first_ids,
         array_agg(s.received_at order by s.no) as received
  from s left join led on led.batch_id = s.batch_id and led.first_index = s.first_index and led.sink = '${sinkList[0] ?? ''}'
),
rec as (
  insert into "${target.table}" (${names.join(', ')})
  select ${values.join(', ')}
  from acc, (select unnest($17::int4[]) as no, unnest($18::int4[]) as off${rowParams.map((p, i) => `, unnest(${p}) as c${i}`).join('')}) r
  where acc.first_ids[r.no] <> 0
)
select first_ids from acc`;
  return { name: `flush-${target.kind}`, text };
}

/** The columns that an insert of this kind names: the id, the instant of intake, what items carry. */
export function insertColumns(target: FlushTarget): { names: string[]; carried: Column[]; received: Column | undefined } {
  const find = (property: string) => {
    const column = target.columns.find((c) => c.property === property);
    if (column === undefined) throw new Error(`kind ${target.kind}: "${property}" is no property of its entity`);
    return column;
  };
  const id = target.columns.find((c) => c.primary);
  if (id === undefined) throw new Error(`kind ${target.kind}: its entity has no primary key`);
  const carried = target.carried.map(find);
  const received = target.receivedAt === undefined ? undefined : find(target.receivedAt);
  return { names: [id, ...(received === undefined ? [] : [received]), ...carried].map((c) => `"${c.column}"`), carried, received };
}

/** A text value as the column's type. */
export function castText(expression: string, column: Column): string {
  return column.sqlType.startsWith('varchar') || column.sqlType === 'text' ? expression : `${expression}::${column.sqlType}`;
}

/** The parameters of the flush for these slices and rows; arrays go in binary. */
export function flushParameters(target: Pick<FlushTarget, 'carried'>, slices: readonly Slice[], rows: FlushRows, node: string): unknown[] {
  const written = new Array<number>(slices.length).fill(0);
  for (const no of rows.sliceOf) written[no] = (written[no] ?? 0) + 1;
  return [
    textArray(slices.map((s) => s.batchId)),
    int4Array(slices.map((s) => s.epoch)),
    int4Array(slices.map((s) => (s.sole ? 1 : 0))),
    textArray(slices.map((s) => s.client)),
    int4Array(slices.map((s) => s.requested)),
    int4Array(slices.map((s) => s.firstIndex)),
    int4Array(slices.map((s) => s.span)),
    int8Array(slices.map((s) => s.firstId)),
    int4Array(slices.map((s) => s.shard)),
    int4Array(written),
    int4Array(slices.map((s, no) => s.span - (written[no] ?? 0))),
    textArray(slices.map((s) => (s.rejects.length === 0 ? null : JSON.stringify(s.rejects)))),
    textArray(slices.map((s) => s.receivedAt)),
    textArray(slices.map((s) => s.trace)),
    node,
    // Where nobody gave a reference, as nearly always, there is no array: unnest fills the column with nulls.
    slices.some((s) => s.clientReference !== undefined) ? textArray(slices.map((s) => s.clientReference ?? null)) : null,
    int4Array(rows.sliceOf.map((no) => no + 1)),
    int4Array(rows.offsetOf),
    ...target.carried.map((property) => textArray(rows.columns[property] ?? [])),
  ];
}
