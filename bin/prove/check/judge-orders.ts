import { isBad, type LoadSeed } from '../load/items.ts';
import { changedPrice, orderContent } from '../load/order-items.ts';
import { changedTo, type OrderLife, type OrderStory } from '../load/order-stories.ts';
import type { PromiseName } from '../promises.ts';
import { judgeItems, type BatchStateOf, type Verdict } from './judge-request.ts';
import type { OrderTrack } from './order-topic.ts';

/** A row of the kind `order`, as text where digits count. */
export interface OrderRow {
  id: number;
  index: number;
  securityId: string;
  portfolioId: string;
  blotterId: number | null;
  orderTypeId: number;
  quantity: string;
  limitPrice: string | null;
  status: string;
  tradeOrderId: number | null;
  version: number;
  inSubmission: boolean;
  flag: string | null;
}

/** What of a row no change touches. */
type Stored = Pick<OrderRow, 'id' | 'index' | 'portfolioId' | 'blotterId' | 'orderTypeId' | 'quantity'>;

/** What else is known of orders: by the trade service's own table, and by the topic. */
export interface OrderWitness {
  /** Ids of the trade orders of an order. */
  tradeOrders: (orderId: number) => readonly number[];
  /** How often it came to the trade service when that had it already. */
  againThere: (orderId: number) => number;
  /** Submissions may have met a lease that was over before its time. */
  leasesCut: boolean;
  track: (orderId: number) => OrderTrack | undefined;
}

/** Compares all that clients did with the orders of one request, and were told, with their rows, the trade service and the topic. */
export function judgeOrders(load: LoadSeed, story: OrderStory, rows: readonly OrderRow[], batchState: BatchStateOf, witness: OrderWitness): Verdict {
  const byId = new Map(rows.map((row) => [row.id, row]));
  // What was deleted was there: for its creation it counts as a row that differs in nothing.
  const gone: Stored[] = [...story.lives.values()].filter(({ id, deletion }) => !byId.has(id) && deletion !== undefined && deletion.fate !== 'refused').map(({ id, index }) => ({ ...orderContent(load, story.entry.no, index), id, index }));
  const verdict = judgeItems<Stored>({ isBad, differenceOf }, load, story.entry, [...rows, ...gone], batchState);
  const tried = (promise: PromiseName) => (verdict.tried[promise] = (verdict.tried[promise] ?? 0) + 1);
  const told = new Set(story.lives.keys());
  for (const life of story.lives.values()) {
    const broken = (promise: PromiseName, text: string) => verdict.broken.push({ promise, text: `order ${life.id}: ${text}` });
    const row = byId.get(life.id);
    judgeDeletion(life, row, witness, tried, broken);
    judgeSubmission(life, row, witness, tried, broken);
    if (row !== undefined) judgeVersion(load, story.entry.no, life, row, broken);
  }
  for (const row of rows) {
    if (!told.has(row.id) && (row.version !== 1 || row.status !== 'NEW')) verdict.broken.push({ promise: 'changed', text: `order ${row.id}, which nobody was told of, is ${row.status} in version ${row.version}` });
    tried('delivered');
    const { versions, deleted } = witness.track(row.id) ?? { versions: new Set<number>(), deleted: undefined };
    const missing = Array.from({ length: row.version }, (_, i) => i + 1).filter((version) => !versions.has(version));
    if (missing.length > 0) verdict.broken.push({ promise: 'delivered', text: `order ${row.id}, version ${row.version}: of versions ${missing.join(', ')} nothing came` });
    if (deleted !== undefined) verdict.broken.push({ promise: 'delivered', text: `order ${row.id}: its deletion was told, and it is there` });
    if (Math.max(0, ...versions) > row.version) verdict.broken.push({ promise: 'delivered', text: `order ${row.id}: version ${Math.max(...versions)} was told, it has version ${row.version}` });
  }
  return verdict;
}

type Tried = (promise: PromiseName) => unknown;
type Broken = (promise: PromiseName, text: string) => unknown;

function judgeDeletion({ id, deletion }: OrderLife, row: OrderRow | undefined, { tradeOrders, track }: OrderWitness, tried: Tried, broken: Broken): void {
  if (deletion === undefined) return;
  if (deletion.fate !== 'unknown' || row === undefined) tried('deleted');
  if (deletion.fate === 'made' && row !== undefined) broken('deleted', `told deleted on version ${deletion.on}, is there in version ${row.version}`);
  if (row !== undefined || deletion.fate === 'refused') return;
  const there = track(id);
  if (there?.deleted !== deletion.on + 1) broken('deleted', `is gone on version ${deletion.on}, and ${there?.deleted === undefined ? 'no event of that came' : `the event of that is version ${there.deleted}`}`);
  else if (Math.max(...there.versions) > there.deleted) broken('deleted', `version ${Math.max(...there.versions)} was told after its deletion`);
  if (tradeOrders(id).length > 0) broken('deleted', `was deleted, and the trade service has it`);
}

function judgeSubmission({ id, asked, tradeOrders, pending, refusals, deletion }: OrderLife, row: OrderRow | undefined, witness: OrderWitness, tried: Tried, broken: Broken): void {
  const there = witness.tradeOrders(id);
  if (asked === 0 && there.length === 0 && tradeOrders.size === 0) return;
  tried('sentOnce');
  const again = witness.againThere(id);
  if (there.length > 1) broken('sentOnce', `is there as trade orders ${there.join(' and ')}`);
  if (again > 0 && !witness.leasesCut) broken('sentOnce', `was sent to the trade service ${again} times more when that had it`);
  if (tradeOrders.size > 0) {
    tried('sent');
    if (tradeOrders.size > 1) broken('sent', `was told SENT as trade orders ${[...tradeOrders].join(' and ')}`);
    for (const trade of tradeOrders) {
      if (!there.includes(trade)) broken('sent', `was told SENT as trade order ${trade}, the trade service has it ${there.length === 0 ? 'not at all' : `as ${there.join(' and ')}`}`);
      if (row?.tradeOrderId !== trade) broken('sent', `was told SENT as trade order ${trade}, ${row === undefined ? 'is not in the table' : `has ${String(row.tradeOrderId)} there`}`);
    }
  }
  tried('ended');
  if (row === undefined) {
    // That it is gone is judged where it was told stored; here only what was sent counts.
    if (there.length > 0 && deletion === undefined) broken('ended', `is at the trade service as ${there.join(' and ')}, and not in the table`);
    return;
  }
  const failed = witness.track(id)?.failed ?? 0;
  if (row.inSubmission) {
    if (row.flag !== 'overdue') broken('ended', `is in submission still${row.flag === null ? '' : `, flagged ${row.flag}`}`);
  } else if (row.status === 'SENT') {
    if (row.tradeOrderId === null || !there.includes(row.tradeOrderId)) broken('ended', `is SENT as trade order ${String(row.tradeOrderId)}, the trade service has it ${there.length === 0 ? 'not at all' : `as ${there.join(' and ')}`}`);
  } else if (there.length > 0) broken('ended', `is at the trade service as ${there.join(' and ')}, and ${row.status} in the table`);
  else if (pending && failed === 0) broken('ended', `was told to be on its way, is ${row.status} and free, and no reason was told`);
  if (refusals > 0 && failed === 0) broken('ended', 'was refused, and no event says so');
}

function judgeVersion(load: LoadSeed, no: number, life: OrderLife, row: OrderRow, broken: Broken): void {
  const { sure, perhaps } = changedTo(life);
  const version = row.version - (row.status === 'SENT' ? 1 : 0);
  if (version < sure || version > perhaps) return void broken('changed', `has version ${row.version} and is ${row.status}; clients changed it to version ${sure}${perhaps === sure ? '' : `, perhaps ${perhaps}`}`);
  const effective = life.changes.filter(({ fate }) => fate !== 'refused')[version - 2];
  const price = effective === undefined ? orderContent(load, no, life.index).limitPrice : changedPrice(no, effective.on);
  if (row.limitPrice !== price) broken('changed', `version ${version} has the limit price ${String(row.limitPrice)}, ${String(price)} was sent`);
}

/** In what an order differs from what was sent, as far as no change touches it. */
function differenceOf(load: LoadSeed, request: number, row: Stored): string | undefined {
  const sent = orderContent(load, request, row.index);
  for (const name of ['portfolioId', 'blotterId', 'orderTypeId', 'quantity'] as const) if (row[name] !== sent[name]) return `${name} was sent as ${String(sent[name])}, is stored as ${String(row[name])}`;
  return undefined;
}
