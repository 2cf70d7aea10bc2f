/** The parts of the law, as a gauge tells them apart. */
export const LAWS = ['items', 'rows', 'versions', 'delivery', 'dead-letters'] as const;
export type Law = (typeof LAWS)[number];

const LAW_OF: Record<string, Law> = {
  'row-missing': 'rows', 'row-unexplained': 'rows', 'id-claimed-twice': 'rows', 'deletion-lost': 'rows', 'deletion-unexplained': 'rows', 'deleted-twice': 'rows', 'rows-differ': 'rows',
  'version-lost': 'versions', 'version-unexplained': 'versions', 'update-missing': 'versions', 'version-made-twice': 'versions',
  'delivery-sum': 'delivery', 'delivered-negative': 'delivery', 'superseded-negative': 'delivery', 'dead-negative': 'delivery', 'acks-differ': 'delivery', 'instant-differs': 'delivery', 'shard-differs': 'delivery', 'superseded-unexplained': 'delivery',
  'dead-letters-differ': 'dead-letters', 'dead-letter-unexplained': 'dead-letters', 'replay-missing': 'dead-letters', 'replay-unfinished': 'dead-letters', 'replay-unexplained': 'dead-letters', 'discard-unsigned': 'dead-letters',
};

/** The part of the law that a breach of this name breaks; everything about batches and their slices is of `items`. */
export function lawOf(what: string): Law {
  return LAW_OF[what] ?? 'items';
}
