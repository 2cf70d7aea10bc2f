/** A record that a client may change next: it alone does, so it knows the version. */
export interface Changeable {
  id: number;
  version: number;
}

/** A change that a client asked for, and what it came to know of it. */
export interface Change {
  /** The request's number, which also stands in the record's `quantityFilled`. */
  no: number;
  /** The version it was to be made on. */
  on: number;
  fate: 'made' | 'refused' | 'unknown';
  fromMs: number;
  toMs: number;
}

/** Every change asked for, by record. */
export type Changes = Map<number, Change[]>;

/** Notes a change; a record's stand in the order in which they were asked for. */
export function noteChange(changes: Changes, id: number, change: Change): void {
  const list = changes.get(id);
  if (list === undefined) changes.set(id, [change]);
  else list.push(change);
}

/** The change that made this version of a record, by what its `quantityFilled` says; undefined where none can have. */
export function changeThatMade(changes: Changes, id: number, version: number, no: number): Change | undefined {
  return changes.get(id)?.find((change) => change.no === no && change.on + 1 === version && change.fate !== 'refused');
}
