import { query } from './query.ts';

/** What a client was told about one item: its mark (a value only this item has, stored with it) and its fate. */
export interface Told {
  mark: string;
  fate: 'stored' | 'refused' | 'withdrawn' | 'unknown';
  id?: number;
}

export interface TruthReport {
  stored: number;
  /** Faults found, in words; empty when every answer was true. */
  lies: string[];
}

/**
 * Compares what clients were told with the tables of the kind `execution`, whose mark is `securityId`:
 * what was told stored is there exactly once under its id; what was told refused or withdrawn is not there; what is
 * there and was told unknown is there at most once; nothing is there that nobody sent. Then the ledger against the
 * rows: every row lies in exactly one slice, slices of a batch don't overlap, in indexes or in ids, and
 * span = written + rejected with exactly `written` rows.
 */
export async function checkTruth(url: string, told: readonly Told[]): Promise<TruthReport> {
  const rows = await query<{ id: string; mark: string }>(url, 'select id, security_id as mark from execution');
  const byMark = new Map<string, number[]>();
  for (const { id, mark } of rows) byMark.set(mark, [...(byMark.get(mark) ?? []), Number(id)]);
  const lies: string[] = [];
  for (const { mark, fate, id } of told) {
    const found = byMark.get(mark) ?? [];
    if (fate === 'stored' && (found.length !== 1 || (id !== undefined && found[0] !== id))) lies.push(`${mark} was told stored as ${id}, and is there as [${found.join(', ')}]`);
    if ((fate === 'refused' || fate === 'withdrawn') && found.length > 0) lies.push(`${mark} was told ${fate}, and is there as [${found.join(', ')}]`);
    if (fate === 'unknown' && found.length > 1) lies.push(`${mark} is there ${found.length} times`);
    byMark.delete(mark);
  }
  for (const [mark, found] of byMark) lies.push(`${mark} is there as [${found.join(', ')}], and nobody was told of it`);
  return { stored: rows.length, lies: [...lies, ...(await ledgerFaults(url))] };
}

const CHECKS: readonly [string, string][] = [
  ['slices whose rows are not as many as written', `
    select l.batch_id, l.first_index from ledger l
    where l.op = 'insert' and l.kind = 'execution' and l.written <> (select count(*) from execution e where l.written > 0 and e.id >= l.first_id and e.id < l.first_id + l.span)`],
  ['rows in no slice, or in several', `
    select e.id from execution e
    where (select count(distinct (l.batch_id, l.first_index)) from ledger l where l.op = 'insert' and l.kind = 'execution' and l.written > 0 and e.id >= l.first_id and e.id < l.first_id + l.span) <> 1`],
  ['slices of one batch that overlap', `
    select a.batch_id, a.first_index from ledger a join ledger b on a.batch_id = b.batch_id and a.sink = b.sink and a.op = 'insert' and b.op = 'insert'
      and a.first_index < b.first_index and a.first_index + a.span > b.first_index`],
  ['slices beyond the end of their batch', `select l.batch_id from ledger l join batch b on b.id = l.batch_id where l.op = 'insert' and l.first_index + l.span > b.requested`],
  ['slices without a batch', `select l.batch_id from ledger l left join batch b on b.id = l.batch_id where b.id is null`],
  ['slices in another shard than their ids', `
    select l.batch_id from ledger l, fixed_setting f where f.name = 'shards' and l.op = 'insert' and l.written > 0
      and (l.shard <> (l.first_id / 1024) % f.value::int or l.first_id / 1024 <> (l.first_id + l.span - 1) / 1024)`],
  ['slices whose reasons are for other items than theirs', `
    select l.batch_id, l.first_index from ledger l, jsonb_array_elements(l.rejects) r
    where l.op = 'insert' and ((r->>0)::int < l.first_index or (r->>0)::int >= l.first_index + l.span)`],
  ['slices that refuse items without as many reasons', `
    select l.batch_id, l.first_index from ledger l
    where l.op = 'insert' and l.rejected <> (select count(distinct r->>0) from jsonb_array_elements(coalesce(l.rejects, '[]')) r)`],
];

/** What the ledger, by itself and against the rows, has wrong. */
async function ledgerFaults(url: string): Promise<string[]> {
  const faults: string[] = [];
  for (const [what, text] of CHECKS) {
    const found = await query(url, `${text} limit 3`);
    if (found.length > 0) faults.push(`${what}: ${JSON.stringify(found)}`);
  }
  return faults;
}
