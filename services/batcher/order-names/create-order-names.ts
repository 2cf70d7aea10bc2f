import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { KEEP_PORTFOLIO_NAMES, KEEP_TICKERS } from '../../../shared/db/queries/order-names.ts';
import { LEAVE_DUTY, TAKE_DUTY } from '../../../shared/db/queries/submissions.ts';
import { runStatement } from '../../../shared/db/run-statement.ts';
import { failureCode, type HttpPool, type HttpPools } from '../../../shared/http/http-pools.ts';
import { every, type Loop } from '../../../shared/runtime/every.ts';
import type { NodeContext } from '../../../shared/runtime/node-context.ts';
import { readNames, type NameMembers } from './read-names.ts';

const TIMES = { connectMs: 2_000, responseMs: 8_000, most: 1 };
/** Entries that one statement keeps. */
const LOT = 5_000;
const DUTY = 'order-names';

/** A service's whole list, and where it is kept. */
interface NameList {
  list: 'securities' | 'portfolios';
  url: string;
  path: string;
  members: NameMembers;
  keep: NamedStatement;
}

/**
 * What securities and portfolios of orders are called is asked of their services in the background, each whole list in one call, and kept in
 * tables that orders are joined with: no request ever waits for them, and while one is away the names stay as they were. One edge of the
 * fleet asks at a time.
 * @param pools of the node; whoever opened them closes them
 * @returns undefined while neither address is set
 */
export function createOrderNames(node: NodeContext, pools: HttpPools): Loop | undefined {
  const { settings, metrics, log, database } = node;
  const lists: NameList[] = [
    { list: 'securities' as const, url: settings.securityServiceUrl, path: '/api/v1/securities', members: { id: 'securityId', name: 'ticker', longest: 60 }, keep: KEEP_TICKERS },
    { list: 'portfolios' as const, url: settings.portfolioServiceUrl, path: '/api/v1/portfolios', members: { id: 'portfolioId', name: 'name', longest: 200 }, keep: KEEP_PORTFOLIO_NAMES },
  ].filter(({ url }) => url !== '');
  if (lists.length === 0) return undefined;
  const opened = lists.map((list) => ({ ...list, http: pools.open(list.url, TIMES) }));
  const run = (statement: NamedStatement, values: unknown[]) => runStatement(database.pool, statement, values, settings.statementTimeout);
  const halted = new AbortController();
  const ask = async (list: NameList & { http: HttpPool }) => {
    const result = await keepNames(list, run, halted.signal);
    metrics.count('order_names_asked_total', { list: list.list, result: 'failed' in result ? 'failed' : 'kept' });
    if ('failed' in result) log.warn({ list: list.list, why: result.failed }, 'names of orders could not be asked for; those that are known stay, and it is tried again');
    else if (result.changed > 0 || result.skipped > 0) log.info({ list: list.list, ...result }, 'names of orders');
  };
  const loop = every(settings.orderNamesInterval, async () => {
    // It outlives the pause between two rounds, or the duty would go from edge to edge.
    const lease = settings.orderNamesInterval + settings.batchLease;
    if ((await run(TAKE_DUTY, [DUTY, node.nodeId, lease])).length === 0) return;
    await Promise.all(opened.map(ask));
  }, (error) => log.warn({ err: error }, 'names of orders could not be kept; tried again'));
  return {
    start: () => loop.start(),
    async stop() {
      halted.abort();
      await loop.stop();
      await run(LEAVE_DUTY, [DUTY, node.nodeId]).catch((error: unknown) => log.debug({ err: error }, 'the duty to ask for names could not be left; it runs out'));
    },
  };
}

type Kept = { changed: number; skipped: number } | { failed: string };

/** Asks for one list and keeps it. @throws PostgreSQL's error */
async function keepNames({ http, path, members, keep }: NameList & { http: HttpPool }, run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>, signal: AbortSignal): Promise<Kept> {
  const reply = await http.call({ method: 'GET', path, signal }).catch((error: unknown) => ({ failed: failureCode(error) }));
  if ('failed' in reply) return reply;
  if (reply.status !== 200) return { failed: `status ${reply.status}` };
  const read = readNames(reply.text, members);
  if (read === undefined) return { failed: 'no list in JSON' };
  const entries = [...read.names];
  let changed = 0;
  for (let at = 0; at < entries.length; at += LOT) {
    const lot = entries.slice(at, at + LOT);
    changed += (await run(keep, [lot.map(([id]) => id), lot.map(([, name]) => name)])).length;
  }
  return { changed, skipped: read.skipped };
}
