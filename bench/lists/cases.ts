/** One list as it is measured: a query, and what it stands for. */
export interface ListCase {
  group: 'filter' | 'sort' | 'filter and sort' | 'several filters' | 'sort without an index';
  query: string;
}

const SECURITY = (rank: number) => `SEC${String(rank).padStart(21, '0')}`;
const first = (group: ListCase['group'], ...queries: string[]): ListCase[] => queries.map((query) => ({ group, query }));
/** The first page, and the deepest that is allowed. */
const both = (group: ListCase['group'], ...queries: string[]): ListCase[] => queries.flatMap((query) => [{ group, query }, { group, query: `${query}${query === '' ? '' : '&'}offset=99950` }]);

/**
 * Every filter with a value that half the table has, one of some hundred thousand, and one of five records or so; every
 * sort, both ways, first page and deepest; sorts without an index over few matches and over nearly as many as are allowed.
 */
export const CASES: readonly ListCase[] = [
  ...both('filter', '', 'executionStatus=FULL', 'executionStatus=NEW', 'executionStatus=PART'),
  ...first('filter', 'executionStatus=SENT', 'executionStatus=PENDING', 'executionStatus=HOLD', 'executionStatus=REJECTED', 'executionStatus=NEW,PART,REJECTED'),
  ...both('filter', 'tradeType=BUY', 'tradeType=COVER'),
  ...first('filter', 'tradeType=EXRC', 'tradeType=SHORT,EXRC'),
  ...both('filter', 'destination=NYSE', 'destination=DEST-00'),
  ...first('filter', 'destination=DEST-20', 'destination=XOLD', 'destination=XRARE', 'destination=XFIVE', 'destination=NYSE,XFIVE'),
  ...both('filter', `securityId=${SECURITY(0)}`),
  ...first('filter', `securityId=${SECURITY(2)}`, `securityId=${SECURITY(500)}`, `securityId=${SECURITY(19_000)}`),
  ...first('filter', 'tradeServiceExecutionId=100000', 'id=100000,2000000,3000000'),
  ...both('sort', 'sortBy=-id', 'sortBy=executionStatus', 'sortBy=-executionStatus', 'sortBy=tradeType', 'sortBy=destination', 'sortBy=-destination', 'sortBy=securityId', 'sortBy=-securityId'),
  ...first('filter and sort', 'executionStatus=FULL,NEW&sortBy=-executionStatus', `securityId=${SECURITY(0)}&sortBy=-id`, 'executionStatus=NEW&sortBy=-id'),
  ...first('several filters', 'executionStatus=PENDING&tradeType=SELL', `executionStatus=NEW&securityId=${SECURITY(500)}`, 'executionStatus=FULL&destination=NYSE', 'executionStatus=NEW&destination=NYSE'),
  ...first('sort without an index', 'destination=XRARE&sortBy=quantity', `securityId=${SECURITY(500)}&sortBy=quantity`, `securityId=${SECURITY(500)}&sortBy=limitPrice`, `securityId=${SECURITY(500)}&sortBy=-receivedTimestamp`, `securityId=${SECURITY(500)}&sortBy=sentTimestamp`,
    'executionStatus=PENDING&sortBy=quantity', 'executionStatus=PENDING&sortBy=sentTimestamp', 'executionStatus=WORK&sortBy=-quantity', `securityId=${SECURITY(2)}&sortBy=quantity`),
];
