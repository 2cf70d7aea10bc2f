/** Something that breaks the law, and where. */
export interface Breach {
  /** Stable name of what is wrong. */
  what: string;
  where: BreachPlace;
  expected: number;
  found: number;
}
export interface BreachPlace {
  kind?: string;
  batchId?: string;
  firstIndex?: number;
  sink?: string;
  /** Of a record. */
  id?: number;
  /** Id of a dead letter. */
  deadLetter?: number;
}

/** Where the records of some batches stand with one sink. */
export interface SinkCounts {
  due: number;
  delivered: number;
  waiting: number;
  dead: number;
  discarded: number;
  superseded: number;
}

/** What was found of one kind, in one snapshot. */
export interface KindVerdict extends Omit<ItemTotals, 'kind'> {
  holds: boolean;
  /** Rows that were counted in the kind's table; null where this node does not know the kind. */
  rows: number | null;
  /** Records that the ledger says were deleted; null likewise. */
  deleted: number | null;
  delivery: Record<string, SinkCounts>;
}

export interface VerifyReport {
  holds: boolean;
  /** When the snapshot was taken, ISO 8601. */
  at: string;
  kinds: Record<string, KindVerdict>;
  breaches: Breach[];
  /** There are more breaches than are named. */
  more: boolean;
}

/** Totals of a kind's batches, as VERIFY_ITEMS answers them. */
export interface ItemTotals {
  kind: string;
  batches: number;
  accepted: number;
  written: number;
  rejected: number;
  withdrawn: number;
  pending: number;
  /** Records that the ledger says were inserted. */
  inserted: number;
}
export interface SinkTotals extends SinkCounts {
  kind: string;
  sink: string;
}

/** All that the statements found. */
export interface Findings {
  at: string;
  /** Kinds of this node: those without a batch are reported too. */
  known: readonly string[];
  items: readonly ItemTotals[];
  sinks: readonly SinkTotals[];
  /** Rows counted, and records deleted, by kind. */
  rows: Map<string, { count: number; deleted: number }>;
  breaches: readonly Breach[];
}

/**
 * The report: sums by kind, and every breach. What the totals don't agree on without any breach that names a place is a
 * breach of the whole kind, so that nothing that is wrong can go unsaid.
 * @param most breaches that are named
 */
export function reportOf(findings: Findings, most: number): VerifyReport {
  const breaches = [...findings.breaches];
  const names = [...new Set([...findings.known, ...findings.items.map((t) => t.kind), ...findings.sinks.map((t) => t.kind)])].sort();
  const kinds: VerifyReport['kinds'] = {};
  for (const kind of names) {
    const { kind: _, ...totals } = findings.items.find((t) => t.kind === kind) ?? { kind, batches: 0, accepted: 0, written: 0, rejected: 0, withdrawn: 0, pending: 0, inserted: 0 };
    const counted = findings.rows.get(kind);
    const { count: rows, deleted } = counted ?? { count: null, deleted: null };
    const delivery = Object.fromEntries(findings.sinks.filter((s) => s.kind === kind).map(({ kind: _kind, sink, ...counts }) => [sink, counts]));
    const named = (where: (place: BreachPlace) => boolean) => breaches.some((b) => b.where.kind === kind && where(b.where));
    const kept = totals.written + totals.rejected + totals.withdrawn + totals.pending;
    if (kept !== totals.accepted && !named(() => true)) breaches.push({ what: 'items-sum', where: { kind }, expected: totals.accepted, found: kept });
    if (counted !== undefined && counted.count + counted.deleted !== totals.inserted && !named(() => true)) breaches.push({ what: 'rows-differ', where: { kind }, expected: totals.inserted - counted.deleted, found: counted.count });
    for (const [sink, s] of Object.entries(delivery)) {
      const known = s.delivered + s.waiting + s.dead + s.discarded + s.superseded;
      if (known !== s.due && !named((place) => place.sink === sink)) breaches.push({ what: 'delivery-sum', where: { kind, sink }, expected: s.due, found: known });
    }
    kinds[kind] = { holds: !named(() => true), ...totals, rows, deleted, delivery };
  }
  return { holds: breaches.length === 0, at: findings.at, kinds, breaches: breaches.slice(0, most), more: breaches.length > most };
}
