/** Rows that all scenarios share: executions as a desk sends them, the same in every run. */

export interface BenchRow {
  executionStatus: string;
  tradeType: string;
  destination: string;
  securityId: string;
  quantity: string;
  limitPrice: string | null;
  tradeServiceExecutionId: string | null;
}

const DISTINCT = 20_000;
const SECURITIES = 2_000;
const TRADE_TYPES = ['BUY', 'SELL', 'BUY', 'SELL', 'SHORT', 'COVER'];
const DESTINATIONS = ['NYSE', 'NASDAQ', 'ARCA', 'IEX', 'CBOE', 'BATS', 'ML', 'GS'];
/** Knuth's multiplier of MMIX's generator, cut to 32 bits: numbers that follow from their position alone. */
const SPREAD = 2_654_435_761;

const rows = Array.from({ length: DISTINCT }, (_, i) => makeRow(i));

/** The row at a position; positions beyond the distinct rows begin again. */
export function rowAt(position: number): BenchRow {
  return rows[position % DISTINCT] as BenchRow;
}

function makeRow(position: number): BenchRow {
  const random = Math.imul(position + 1, SPREAD) >>> 0;
  const pick = (from: readonly string[], shift: number) => from[(random >>> shift) % from.length] as string;
  // Squared, so that a few securities are traded most.
  const security = Math.floor(((random >>> 4) / 2 ** 28) ** 2 * SECURITIES);
  return {
    executionStatus: 'NEW',
    tradeType: pick(TRADE_TYPES, 3),
    destination: pick(DESTINATIONS, 7),
    securityId: Math.imul(security + 7, SPREAD).toString(16).replace('-', 'f').padStart(24, '61c0de5ec0'),
    quantity: position % 50 === 0 ? `${1 + (random % 20)}.${String(random % 10_000).padStart(4, '1')}` : String(100 * (1 + (random % 25))),
    limitPrice: position % 6 === 0 ? null : `${5 + (random % 900)}.${String(random % 100).padStart(2, '0')}`,
    tradeServiceExecutionId: position % 3 === 0 ? String(410_000 + position) : null,
  };
}

/** An item as a client sends it. */
export function jsonItem(position: number): string {
  const row = rowAt(position);
  const linked = row.tradeServiceExecutionId === null ? '' : `,"tradeServiceExecutionId":${row.tradeServiceExecutionId}`;
  return `{"executionStatus":"${row.executionStatus}","tradeType":"${row.tradeType}","destination":"${row.destination}","securityId":"${row.securityId}","quantity":${row.quantity},"limitPrice":${row.limitPrice ?? 'null'}${linked}}`;
}

/** Body of a batch of `count` items from a position on. */
export function jsonBatch(from: number, count: number): Buffer {
  return Buffer.from(`{"executions":[${Array.from({ length: count }, (_, i) => jsonItem(from + i)).join(',')}]}`);
}

/** The columns of `count` rows, as the batcher hands them to a writer. */
export function columnsOfRows(from: number, count: number): Record<keyof BenchRow, (string | null)[]> {
  const columns: Record<keyof BenchRow, (string | null)[]> = { executionStatus: [], tradeType: [], destination: [], securityId: [], quantity: [], limitPrice: [], tradeServiceExecutionId: [] };
  for (let i = 0; i < count; i++) {
    const row = rowAt(from + i);
    for (const name of Object.keys(columns) as (keyof BenchRow)[]) columns[name].push(row[name]);
  }
  return columns;
}
