import type { Chronicle } from '../chronicle.ts';
import { readMark, type LoadSeed } from '../load/items.ts';
import type { OrderStory } from '../load/order-stories.ts';
import type { Scoreboard } from '../promises.ts';
import type { Trades } from '../system/trades.ts';
import type { TargetPostgres } from '../target.ts';
import { judgeOrders, type OrderRow } from './judge-orders.ts';
import type { BatchStateOf, Verdict } from './judge-request.ts';
import { OrderTopic } from './order-topic.ts';
import type { TopicReader } from './read-new.ts';

/** What comparing orders needs. */
export interface OrdersTools {
  load: LoadSeed;
  stories: readonly OrderStory[];
  postgres: Pick<TargetPostgres, 'sql'>;
  trades: Pick<Trades, 'orders' | 'arrivals'>;
  /** Of order-events, from its beginning. */
  reader: Pick<TopicReader, 'readNew'>;
  batchState: BatchStateOf;
  chronicle: Chronicle;
  scoreboard: Scoreboard;
}

/** Leases lie an hour back then: an order may be sent again while its first call is under way, and the trade service tells them apart. */
const CUTS_LEASES = 'clock-ahead-postgres';

/** Compares every order that clients created, changed, deleted or submitted with the table, the trade service and the topic. */
export async function checkOrders({ load, stories, postgres, trades, reader, batchState, chronicle, scoreboard }: OrdersTools): Promise<void> {
  const topic = new OrderTopic(scoreboard);
  await reader.readNew((message) => topic.note(message));
  const rows = await postgres.sql<Omit<OrderRow, 'index'>>(
    `select o.id::int, o.security_id as "securityId", o.portfolio_id as "portfolioId", o.blotter_id as "blotterId", o.order_type_id as "orderTypeId", o.quantity::text, o.limit_price::text as "limitPrice", s.abbreviation as status,
       o.trade_order_id as "tradeOrderId", o.version, o.submission_id is not null and o.trade_order_id is null as "inSubmission", o.submission_flag as flag
     from orders o join order_status s on s.id = o.status_id`,
  );
  const byRequest = new Map<number, OrderRow[]>();
  const explained = new Set(stories.flatMap(({ lives }) => [...lives.keys()]));
  const requests = new Set(stories.map(({ entry }) => entry.no));
  for (const row of rows) {
    const mark = readMark(load, row.securityId);
    explained.add(row.id);
    if (mark === undefined || !requests.has(mark.request)) {
      scoreboard.broken('once', `order ${row.id} (${row.securityId}) is of no request that was sent`);
      continue;
    }
    const list = byRequest.get(mark.request) ?? [];
    byRequest.set(mark.request, list);
    list.push({ ...row, index: mark.index });
  }
  const there = new Map<number, number[]>();
  for (const { orderId, id } of trades.orders()) there.set(orderId, [...(there.get(orderId) ?? []), id]);
  const again = new Map(trades.arrivals().filter(({ as }) => as === 'duplicate').map(({ orderId, times }) => [orderId, times]));
  for (const id of there.keys()) if (!explained.has(id)) scoreboard.broken('ended', `order ${id} is at the trade service, and no client knows it, nor does the table`);
  for (const id of topic.ids()) if (!explained.has(id)) scoreboard.broken('delivered', `order ${id} came on order-events, and is not in the table`);
  const leasesCut = chronicle.spans.some(({ fault }) => fault === CUTS_LEASES);
  const witness = { tradeOrders: (id: number) => there.get(id) ?? [], againThere: (id: number) => again.get(id) ?? 0, leasesCut, track: (id: number) => topic.of(id) };
  for (const story of stories) {
    const { tried, broken } = judgeOrders(load, story, byRequest.get(story.entry.no) ?? [], batchState, witness);
    for (const [promise, times] of Object.entries(tried) as [keyof Verdict['tried'], number][]) scoreboard.tried(promise, times);
    for (const { promise, text } of broken) scoreboard.broken(promise, `request ${story.entry.no} (orders), ${text}; under way: ${chronicle.namesDuring(story.fromMs, story.toMs)}`);
  }
}
