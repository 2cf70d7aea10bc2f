import type { NamedStatement } from '../../../shared/db/queries/flush.ts';
import { LIST_BLOTTERS, LIST_ORDER_TYPES, LIST_STATUSES } from '../../../shared/db/queries/order-lookups.ts';
import { ignoredHeader, unknownParameters, type UnknownQuery } from '../http/parameters.ts';
import type { Handler } from '../http/serve.ts';
import type { LookupOperation } from './routes.ts';

const LISTS: Record<LookupOperation, { statement: NamedStatement; members: readonly string[] }> = {
  'list-statuses': { statement: LIST_STATUSES, members: ['id', 'abbreviation', 'description', 'version'] },
  'list-order-types': { statement: LIST_ORDER_TYPES, members: ['id', 'abbreviation', 'description', 'version'] },
  'list-blotters': { statement: LIST_BLOTTERS, members: ['id', 'name', 'version'] },
};

/** The handler of a lookup table: all of its rows, by id. */
export function lookupHandler(operation: LookupOperation, run: (statement: NamedStatement, values: unknown[]) => Promise<unknown[][]>, unknown: UnknownQuery): Handler {
  const { statement, members } = LISTS[operation];
  return async ({ url }) => {
    const ignored = unknownParameters(url, [], unknown);
    const rows = await run(statement, []);
    return { status: 200, headers: ignoredHeader(ignored), body: JSON.stringify(rows.map((cells) => Object.fromEntries(members.map((name, i) => [name, cells[i]])))) };
  };
}
