import type { KeptTable } from '../db/kept-table.ts';
import type { Fault, RecordKind, RecordRow } from './record-kind.ts';
import type { Checked } from './validate-item.ts';

/** The keys of a table's rows as numbers, made anew only when the rows are. */
function keysOf(table: Pick<KeptTable, 'rows'>): () => ReadonlySet<number> | undefined {
  let made: { rows: KeptTable['rows']; keys: ReadonlySet<number> } | undefined;
  return () => {
    const { rows } = table;
    if (rows !== undefined && made?.rows !== rows) made = { rows, keys: new Set([...rows.keys()].map(Number)) };
    return made?.keys;
  };
}

/** A property whose values must be keys of another table. */
interface Reference {
  property: string;
  table: Pick<KeptTable, 'rows' | 'upTo'>;
  fault: Fault;
}

/**
 * Finds items that refer to nothing before they are written: the database's foreign keys, which know for sure, then refuse only what
 * was deleted in between.
 */
export class References {
  readonly #references: readonly (Reference & { keys: () => ReadonlySet<number> | undefined })[];

  constructor(references: readonly Reference[]) {
    this.#references = references.map((reference) => ({ ...reference, keys: keysOf(reference.table) }));
  }

  /** Reads tables anew where one of these items names what is not known. What can't be read now is left to the database. */
  async lookUp(items: readonly unknown[]): Promise<void> {
    const lacking = this.#references.filter(({ property, keys: keysNow }) => {
      const keys = keysNow();
      return keys === undefined || items.some((item) => {
        const value = (item as RecordRow | null)?.[property];
        return typeof value === 'number' && !keys.has(value);
      });
    });
    if (lacking.length > 0) await Promise.all(lacking.map(({ table }) => table.upTo(-1)));
  }

  /** A check that also refuses an item which refers to nothing, as the database would. */
  after(check: (item: unknown) => Checked): (item: unknown) => Checked {
    const known = this.#references.map(({ property, fault, keys }) => ({ property, fault, keys: keys() }));
    return (given) => {
      const checked = check(given);
      if ('faults' in checked) return checked;
      for (const { property, keys, fault } of known) {
        const value = checked.item[property];
        if (value != null && keys !== undefined && !keys.has(value as number)) return { faults: [fault] };
      }
      return checked;
    };
  }
}

/** The references of a kind; undefined where it has none. @param open opens the table that a joined property comes from */
export function referencesOf(kind: RecordKind, open: (table: string, key: string) => Reference['table']): References | undefined {
  if (kind.references === undefined) return undefined;
  return new References(Object.entries(kind.references).map(([property, constraint]) => {
    const joined = Object.values(kind.joined ?? {}).find(({ via }) => via === property);
    const fault = kind.constraints[constraint];
    if (joined === undefined || fault === undefined) throw new Error(`kind ${kind.name}: the reference "${property}" needs a joined table and the constraint ${constraint}`);
    return { property, table: open(joined.table, joined.key), fault };
  }));
}
