import { RESERVE_BLOCKS, reserveBlocksBeyond } from '../../shared/db/queries/batches.ts';
import { KeptTable } from '../../shared/db/kept-table.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import { columnsOf } from '../../shared/records/columns.ts';
import type { RecordKind } from '../../shared/records/record-kind.ts';
import { referencesOf } from '../../shared/records/references.ts';
import { compileItemCheck } from '../../shared/records/validate-item.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { IdBlocks } from './id-blocks.ts';
import type { TakeTarget } from './take-batch.ts';

/** What the batcher needs of a record kind. */
export function takeTarget(node: NodeContext, kind: RecordKind): TakeTarget {
  const { pool, orm } = node.database;
  const columns = columnsOf(orm, kind);
  const table = orm.getMetadata().get(kind.entity.meta.class).tableName;
  const references = referencesOf(kind, (lookup, key) => new KeptTable({ table: lookup, key, columns: [] }, {
    run: (statement, values) => runStatement(pool, statement, values, node.settings.statementTimeout), now: () => performance.now(),
    onFailure: (error) => node.log.warn({ err: error, table: lookup }, 'a lookup table could not be read; the database checks what refers to it'),
  }));
  const beyondStatement = reserveBlocksBeyond(table, columns.find((c) => c.primary)?.column ?? 'id');
  return {
    record: kind,
    ...(references === undefined ? {} : { references }),
    carried: Object.keys(kind.item),
    check: compileItemCheck(kind.item, kind.ignored),
    ids: new IdBlocks(async (blocks, beyond) => {
      const rows = await runStatement(pool, beyond ? beyondStatement : RESERVE_BLOCKS, [kind.name, blocks], node.settings.statementTimeout);
      return Number(rows[0]?.[0]);
    }),
  };
}
