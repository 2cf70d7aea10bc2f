import type { AbsentIds, AckedIds, Acks } from '../../../shared/delivery/acks.ts';

/** What of a ledger row says where its messages went. */
export interface SentRow {
  firstId: number;
  span: number;
  state: string;
  acks: Acks | null;
  superseded: number;
  tries: Readonly<Record<string, unknown>> | null;
}

/** What became of one id's message, as far as its ledger row says: still open, never made, refused for good, or sent. */
export type Place = { fate: 'open' | 'absent' | 'refused' } | { fate: 'sent'; offset: number | null };

/**
 * Where each id of a row went. An offset is the base of the id's run and its rank among those that were in it: ids of the
 * partition, ascending, without those that were rejected, that had no message, or that an earlier send had done with. Runs
 * stand in the order of their sends, and never reach over an id that was left for later, so an id belongs to the first one
 * that covers it.
 * @param isRejected ids that no record was stored for
 * @returns by id; those that were rejected are left out
 */
export function placesOf(row: SentRow, isRejected: (id: number) => boolean, partitionOf: (id: number) => number): Map<number, Place> {
  const places = new Map<number, Place>();
  const absent = (row.acks?.absent ?? []) as AbsentIds[];
  // Ledger rows of a relay that did not note them yet: who was superseded is not known, and so no rank.
  const ranked = row.span === 1 || row.superseded === 0 || row.acks?.absent !== undefined;
  const ranks = new Map<number | AckedIds, number>();
  const next = (run: number | AckedIds) => {
    const rank = ranks.get(run) ?? 0;
    ranks.set(run, rank + 1);
    return rank;
  };
  for (let id = row.firstId; id < row.firstId + row.span; id++) {
    if (isRejected(id)) continue;
    if (row.tries?.[id] !== undefined) places.set(id, { fate: 'open' });
    else if (absent.some(([low, high]) => id >= low && id <= high)) places.set(id, { fate: 'absent' });
    else {
      const partition = partitionOf(id);
      const acked = row.acks?.[partition];
      if (typeof acked === 'number') {
        const rank = next(partition);
        places.set(id, { fate: 'sent', offset: ranked ? acked + rank : null });
        continue;
      }
      const run = (acked as AckedIds[] | undefined)?.find(([low, high, base]) => id >= low && id <= high && (base >= 0 || low === high));
      if (run === undefined) places.set(id, unheardOf(row));
      else if (run[2] < 0) places.set(id, { fate: row.superseded > 0 && row.span === 1 ? 'absent' : 'refused' });
      else {
        const rank = next(run);
        places.set(id, { fate: 'sent', offset: ranked ? run[2] + rank : null });
      }
    }
  }
  return places;
}

/** An id that no acknowledgement names: open, unless the row is done. */
function unheardOf(row: SentRow): Place {
  if (row.state !== 'done') return { fate: 'open' };
  return row.superseded > 0 ? { fate: 'absent' } : { fate: 'sent', offset: null };
}
