import type { NamedStatement } from './flush.ts';
import { OF_ITEMS } from './ledger-ops.ts';

/** What receipts are made of. Statements on the ledger have no name, as those of the relay (relay-take.ts). */
const UNNAMED = '';

const HEAD = 'id, kind, client_reference, received_at, state, requested, large, client';

/** The batch $1: id, kind, client reference, instant of intake, state, items, whether it is a large one, whose it is. */
export const BATCH_HEAD: NamedStatement = { name: 'batch-head', text: `select ${HEAD} from batch where id = $1` };

/** The format of the large batch $1. */
export const BATCH_FORMAT: NamedStatement = { name: 'batch-format', text: 'select format from large_batch where id = $1' };

/** The next $3 batches with the reference $1, from the id $2 on (null: the first), in the order in which they came. */
export const BATCHES_OF_REFERENCE: NamedStatement = {
  name: UNNAMED,
  text: `select ${HEAD} from batch where client_reference = $1 and ($2::uuid is null or id >= $2) order by id limit $3`,
};

const ROW = `l.batch_id, l.op, l.sink, l.kind, l.first_index, l.span, l.shard, l.first_id, l.version, l.written, l.rejects, l.node, l.at,
  l.state, l.attempts, l.next_at, l.acks, l.superseded, l.dead, l.sent_at, l.last_error, l.tries`;

/**
 * Ledger rows, of all sinks, of at most $3 slices of the batch $1: from the last one that begins at or before the index $2
 * on, in order.
 */
export const SLICES_FROM: NamedStatement = {
  name: UNNAMED,
  text: `
with f as materialized (
  select distinct first_index from ledger
  where batch_id = $1 and ${OF_ITEMS} and first_index >= coalesce((select max(first_index) from ledger where batch_id = $1 and ${OF_ITEMS} and first_index <= $2), 0)
  order by first_index limit $3
)
select ${ROW} from f join ledger l on l.batch_id = $1 and l.first_index = f.first_index
where l.${OF_ITEMS}
order by l.first_index, l.op, l.sink`,
};

/** Where the record $2 of the kind $1 came from: batch and index; no row where no slice has its id. */
export const ITEM_OF_RECORD: NamedStatement = {
  name: UNNAMED,
  text: `
select batch_id, (first_index + $2::int8 - first_id)::int4 from (
  select batch_id, first_index, first_id, span from ledger where kind = $1 and op = 'insert' and written > 0 and first_id <= $2::int8 order by first_id desc limit 1
) l where $2::int8 < first_id + span`,
};

/** Ledger rows of changes and replays of records of the kind $1 with ids in [$2, $3], with their batches' references; of each record at most $4 versions. */
export const CHANGES_OF: NamedStatement = {
  name: UNNAMED,
  text: `
select ${ROW}, b.client_reference
from (
  select l.*, dense_rank() over (partition by l.first_id order by l.version) as place
  from unnest($2::int8[], $3::int8[]) as r(low, high) join ledger l on l.kind = $1 and l.op <> 'insert' and l.first_id between r.low and r.high
) l left join batch b on b.id = l.batch_id
where l.place <= $4
order by l.first_id, l.version, l.id`,
};

/** Dead letters of records of the kind $1 with ids in [$2, $3]. */
export const LETTERS_OF: NamedStatement = {
  name: UNNAMED,
  text: `
select d.id, d.sink, d.record_id, d.version, d.topic, d.partition, d.state, d.code, d.class, d.reason, d.attempts, d.tries,
       d.first_failed_at, d.last_failed_at, d.replays, d.closed_at, d.closed_by, d.closed_reason
from unnest($2::int8[], $3::int8[]) as r(low, high) join dead_letter d on d.kind = $1 and d.record_id between r.low and r.high`,
};

/** Topic and partitions of the sinks $1. */
export const TOPICS_OF: NamedStatement = { name: 'receipt-topics', text: 'select sink, topic, partitions from sink_topic where sink = any($1::text[])' };

/** Of the shards $2 of the sinks $1: who owns them now, null where nobody does. */
export const OWNERS_OF: NamedStatement = {
  name: 'receipt-owners',
  text: 'select sink, shard, case when until > now() then owner end from relay_shard where sink = any($1::text[]) and shard = any($2::int2[])',
};
