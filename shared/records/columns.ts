import type { MikroORM } from '@mikro-orm/core';
import type { RecordKind } from './record-kind.ts';

/** How a column's value is written on the wire. */
export type WireType = 'text' | 'number' | 'decimal' | 'time' | 'boolean';

/** One column of a kind's table, from the entity's metadata. */
export interface Column {
  property: string;
  column: string;
  /** PostgreSQL's type, e.g. `numeric(18,8)`. */
  sqlType: string;
  wire: WireType;
  primary: boolean;
  /** Value of a row that does not say: the entity's default, as text. */
  defaultText: string | null;
}

/** The columns of a kind's table, in the entity's order. */
export function columnsOf(orm: Pick<MikroORM, 'getMetadata'>, kind: RecordKind): Column[] {
  const meta = orm.getMetadata().get(kind.entity.meta.class);
  return meta.props
    .filter((prop) => prop.fieldNames?.length === 1 && prop.persist !== false)
    .map((prop) => {
      const sqlType = prop.columnTypes[0] ?? 'text';
      return {
        property: prop.name,
        column: prop.fieldNames[0] ?? prop.name,
        sqlType,
        wire: wireTypeOf(sqlType),
        primary: prop.primary === true,
        defaultText: prop.default === undefined || prop.default === null ? null : String(prop.default),
      };
    });
}

function wireTypeOf(sqlType: string): WireType {
  if (sqlType.startsWith('numeric')) return 'decimal';
  if (/^(int|bigint|smallint)/.test(sqlType)) return 'number';
  if (sqlType.startsWith('timestamp')) return 'time';
  return sqlType === 'boolean' ? 'boolean' : 'text';
}

/** Scale of a `numeric(p,s)` column; 0 where none is given. */
export function scaleOf(sqlType: string): number {
  const scale = /^numeric\(\d+,\s*(\d+)\)/.exec(sqlType)?.[1];
  return scale === undefined ? 0 : Number(scale);
}
