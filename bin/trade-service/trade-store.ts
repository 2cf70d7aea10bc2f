import { DatabaseSync } from 'node:sqlite';

/** An order as it comes in a bulk call; decimals as the text that was sent. */
export interface TradeOrderInput {
  orderId: number;
  portfolioId: string;
  orderType: string;
  securityId: string;
  quantity: string;
  limitPrice: string | null;
  tradeTimestamp: string;
  blotterId: number | null;
}

export interface TradeOrder extends TradeOrderInput {
  id: number;
}

/** What became of an order that came in a bulk call. `duplicate`: its orderId was there already. */
export type Arrival = 'accepted' | 'refused' | 'duplicate' | 'lost';

export interface TradeExecution {
  id: number;
  executionStatus: string;
  quantityFilled: string;
  version: number;
}

/** The trade service's own table. */
export interface TradeStore {
  /** Stores all, or none: then the positions of those whose orderId is taken come back. */
  insert(orders: readonly TradeOrderInput[]): { stored: TradeOrder[] } | { taken: number[] };
  find(orderId: number): TradeOrder[];
  all(): TradeOrder[];
  /** Remembers that these came in a bulk call, and what became of them. */
  arrived(orderIds: readonly number[], as: Arrival): void;
  /** How often each order came, by what became of it. */
  arrivals(): { orderId: number; as: Arrival; times: number }[];
  /** The execution of this id; it comes to be when it is first asked for. */
  execution(id: number): TradeExecution;
  /** False where the version is another by now. */
  fill(id: number, fill: Omit<TradeExecution, 'id'>): boolean;
  close(): void;
}

const TABLES = `
create table if not exists trade_order (id integer primary key autoincrement, order_id integer not null unique, portfolio_id text not null, order_type text not null,
  security_id text not null, quantity text not null, limit_price text, trade_timestamp text not null, blotter_id integer) strict;
create table if not exists arrival (order_id integer not null, outcome text not null, times integer not null, primary key (order_id, outcome)) strict;
create table if not exists execution (id integer primary key, status text not null, quantity_filled text not null, version integer not null) strict;`;
const COLUMNS = 'id, order_id as "orderId", portfolio_id as "portfolioId", order_type as "orderType", security_id as "securityId", quantity, limit_price as "limitPrice", trade_timestamp as "tradeTimestamp", blotter_id as "blotterId"';

/**
 * Opens the table in a file, or in memory. What was answered from a file survives kill -9 and power loss: each commit is synced.
 * @param file `:memory:` keeps it as long as the process runs
 */
export function openTradeStore(file: string): TradeStore {
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000');
  database.exec(TABLES);
  const insert = database.prepare('insert into trade_order (order_id, portfolio_id, order_type, security_id, quantity, limit_price, trade_timestamp, blotter_id) values (?, ?, ?, ?, ?, ?, ?, ?)');
  const find = database.prepare(`select ${COLUMNS} from trade_order where order_id = ?`);
  const all = database.prepare(`select ${COLUMNS} from trade_order order by id`);
  const arrived = database.prepare('insert into arrival (order_id, outcome, times) values (?, ?, 1) on conflict do update set times = times + 1');
  const arrivals = database.prepare('select order_id as "orderId", outcome as "as", times from arrival order by order_id, outcome');
  const executionNew = database.prepare(`insert into execution (id, status, quantity_filled, version) values (?, 'NEW', '0', 1) on conflict do nothing`);
  const execution = database.prepare('select id, status as "executionStatus", quantity_filled as "quantityFilled", version from execution where id = ?');
  const fill = database.prepare('update execution set status = ?, quantity_filled = ?, version = version + 1 where id = ? and version = ?');
  const inTransaction = <T>(work: () => T): T => {
    database.exec('begin immediate');
    try {
      const result = work();
      database.exec('commit');
      return result;
    } catch (error) {
      database.exec('rollback');
      throw error;
    }
  };
  return {
    insert: (orders) => inTransaction(() => {
      const seen = new Set<number>();
      const taken: number[] = [];
      for (const [i, { orderId }] of orders.entries()) {
        if (seen.has(orderId) || find.get(orderId) !== undefined) taken.push(i);
        seen.add(orderId);
      }
      if (taken.length > 0) return { taken };
      return {
        stored: orders.map((order) => {
          const { orderId, portfolioId, orderType, securityId, quantity, limitPrice, tradeTimestamp, blotterId } = order;
          return { id: Number(insert.run(orderId, portfolioId, orderType, securityId, quantity, limitPrice, tradeTimestamp, blotterId).lastInsertRowid), ...order };
        }),
      };
    }),
    find: (orderId) => find.all(orderId) as unknown as TradeOrder[],
    all: () => all.all() as unknown as TradeOrder[],
    arrived: (orderIds, as) => inTransaction(() => {
      for (const orderId of orderIds) arrived.run(orderId, as);
    }),
    arrivals: () => arrivals.all() as unknown as ReturnType<TradeStore['arrivals']>,
    execution(id) {
      executionNew.run(id);
      return execution.get(id) as unknown as TradeExecution;
    },
    fill: (id, { executionStatus, quantityFilled, version }) => fill.run(executionStatus, quantityFilled, id, version).changes === 1,
    close: () => database.close(),
  };
}
