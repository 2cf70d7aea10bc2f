import { query } from '../../../helpers/query.ts';

export interface Planted {
  sink?: string;
  kind?: string;
  recordId?: number;
  version?: number;
  batchId?: string;
  firstIndex?: number;
  op?: 'insert' | 'update';
  shard?: number;
  partition?: number;
  code?: string;
  fingerprint?: string;
  failedAt?: string;
  state?: string;
}

let next = 5_000_000;

/** Puts dead letters into the table as the relay leaves them; answers their ids. */
export async function plant(url: string, letters: readonly Planted[]): Promise<number[]> {
  const ids: number[] = [];
  for (const letter of letters) {
    const { sink = 'kafka:orders', kind = 'execution', recordId = next++, version = 1, batchId = '01930000-0000-7000-8000-0000000000aa', firstIndex = 0, op = 'insert', shard = 1, partition = 2, code = 'MESSAGE_TOO_LARGE', fingerprint = `${code}-1`, failedAt = '2026-01-22T10:00:00Z', state = 'dead' } = letter;
    const [row] = await query<{ id: string }>(url, `
      insert into dead_letter (sink, shard, kind, record_id, version, batch_id, first_index, op, topic, partition, payload, headers, code, class, reason, fingerprint, attempts, tries, first_failed_at, last_failed_at, state)
      values ($1, $2, $3, $4, $5, $6, $7, $8, replace($1, 'kafka:', ''), $9, '{"quantity":1.50000000}', '{"ce_id":"x"}', $10, 'message', 'The message is too large.', $11, 4, jsonb_build_array(jsonb_build_object('at', $12::text, 'code', $10::text)), $12::timestamptz - interval '1 minute', $12::timestamptz, $13)
      returning id`, [sink, shard, kind, recordId, version, batchId, firstIndex, op, partition, code, fingerprint, failedAt, state]);
    ids.push(Number(row?.id));
  }
  return ids;
}
