import { changeThatMade, type Change, type Changes } from '../load/changes.ts';
import type { Row } from './rows.ts';

/** What is wrong with a record's version, by the changes that were asked for; undefined where all fits. */
export function judgeChanges(changes: Changes, row: Pick<Row, 'id' | 'version' | 'quantityFilled' | 'averagePrice'>): { text: string; change: Change | undefined } | undefined {
  const list = changes.get(row.id) ?? [];
  const no = Number(row.quantityFilled);
  const lost = list.find((change) => change.fate === 'made' && change.on + 1 > row.version);
  if (lost) return { text: `record ${row.id} has version ${row.version}, though change ${lost.no} was told made as version ${lost.on + 1}`, change: lost };
  if (row.version === 1) return no === 0 ? undefined : { text: `record ${row.id} has version 1 and quantityFilled ${row.quantityFilled}`, change: undefined };
  const change = changeThatMade(changes, row.id, row.version, no);
  if (change === undefined) return { text: `record ${row.id} has version ${row.version} with quantityFilled ${row.quantityFilled}, which no change that was not refused makes`, change: list.at(-1) };
  const other = list.find((one) => one !== change && one.fate === 'made' && one.on === change.on);
  if (other) return { text: `record ${row.id}: change ${other.no} was told made as version ${row.version}, which is change ${change.no}`, change: other };
  if (Number(row.averagePrice) !== no + 0.25) return { text: `record ${row.id}, change ${no}: averagePrice is ${row.averagePrice}`, change };
  return undefined;
}
