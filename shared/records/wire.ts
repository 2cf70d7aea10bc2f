import type { Column } from './columns.ts';
import { scaleOf } from './columns.ts';
import type { RecordKind, RecordRow } from './record-kind.ts';

/** Writes records of one kind as JSON text: decimals as numbers with exactly the stored digits, never through a float. */
export interface Wire {
  /**
   * A record for REST. `row` holds PostgreSQL's text (or JS numbers) by property; what it lacks has the column's default.
   * Times are ISO 8601 with offset; `sentAt` is the time of the acknowledgement, ISO or null.
   */
  rest(row: RecordRow, sentAt: string | null): string;
  /**
   * A writer for REST of rows that hold nothing of other tables: that is asked of `lookup`. What follows from one value alone, such as a status with its
   * names, is made into text once for each value: so a writer serves one answer, and the next one tells what the tables hold then.
   */
  restWith(lookup: Lookup): (row: RecordRow, sentAt: string | null) => string;
  /** The same record for Kafka: times are numbers, seconds since 1970 with a fraction. */
  kafka(row: RecordRow, sentAt: string | null): string;
}

/** What another table holds for a joined property of a record, by the value that it is looked up with; null where nothing is known. */
export type Lookup = (property: string, key: unknown) => string | null;

type Writer = (value: unknown) => string;

/** Compiles the writers of a kind from its columns. */
export function compileWire(kind: RecordKind, columns: readonly Column[]): Wire {
  const rest = members(kind, columns, isoTime);
  const kafka = members(kind, columns, epochTime);
  return {
    rest: (row, sentAt) => write(rest, row, sentAt),
    restWith(lookup) {
      const made = rest.map(() => new Map<unknown, string>());
      return (row, sentAt) => writeWith(rest, row, sentAt, lookup, made);
    },
    kafka: (row, sentAt) => write(kafka, row, sentAt),
  };
}

type Entry = Member | Group;

interface Group {
  lead: string;
  inner: Member[];
  nullWith: string | undefined;
  /** The only property that its text follows from, by way of tables that are small; undefined where there are others. */
  follows: string | undefined;
}

interface Member {
  /** `{"name":` or `,"name":` */
  lead: string;
  property: string;
  /** Property that a joined one is looked up with. */
  via: string | undefined;
  sent: boolean;
  absent: string;
  writer: Writer;
}

function members(kind: RecordKind, columns: readonly Column[], time: Writer): Entry[] {
  return kind.wire.map((entry, i) => {
    if (typeof entry === 'string') return member(kind, columns, time, entry, entry, i);
    const inner = Object.entries(entry.members).map(([name, property], at) => member(kind, columns, time, name, property, at));
    return { lead: leadOf(entry.name, i), inner, nullWith: entry.nullWith, follows: followed(kind, inner) };
  });
}

function followed({ joined = {} }: RecordKind, inner: readonly Member[]): string | undefined {
  const from = new Set(inner.map(({ property, via }) => via ?? property));
  const small = inner.every(({ property, via }) => via === undefined || joined[property]?.changedAt === undefined);
  return from.size === 1 && small && inner.length > 1 ? [...from][0] : undefined;
}

function member(kind: RecordKind, columns: readonly Column[], time: Writer, name: string, property: string, i: number): Member {
  const column = columns.find((c) => c.property === property);
  const joined = kind.joined?.[property] !== undefined;
  if (column === undefined && !joined && property !== 'sentTimestamp') throw new Error(`kind ${kind.name}: its wire names "${property}", which its entity lacks`);
  const writer = joined ? quote : column === undefined || column.wire === 'time' ? remembering(time) : column.wire === 'text' ? quote : plain;
  return {
    lead: leadOf(name, i),
    property,
    via: kind.joined?.[property]?.via,
    sent: column === undefined && !joined,
    absent: column?.defaultText == null ? 'null' : writer(column.wire === 'decimal' ? withScale(column.defaultText, column.sqlType) : column.defaultText),
    writer,
  };
}

function leadOf(name: string, i: number): string {
  return `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`;
}

function write(list: readonly Entry[], row: RecordRow, sentAt: string | null): string {
  let text = '';
  for (const entry of list) {
    if ('inner' in entry) text += entry.lead + (entry.nullWith !== undefined && row[entry.nullWith] == null ? 'null' : write(entry.inner, row, sentAt));
    else {
      const value = entry.sent ? sentAt : row[entry.property];
      text += entry.lead + (value === undefined ? entry.absent : value === null ? 'null' : entry.writer(value));
    }
  }
  return `${text}}`;
}

function writeWith(list: readonly Entry[], row: RecordRow, sentAt: string | null, lookup: Lookup, made?: readonly Map<unknown, string>[]): string {
  let text = '';
  for (let i = 0; i < list.length; i++) {
    const entry = list[i] as Entry;
    if ('inner' in entry) {
      const { lead, inner, nullWith, follows } = entry;
      if (nullWith !== undefined && row[nullWith] == null) text += `${lead}null`;
      else if (follows === undefined || made === undefined) text += lead + writeWith(inner, row, sentAt, lookup);
      else {
        const key = row[follows];
        const kept = made[i] as Map<unknown, string>;
        let group = kept.get(key);
        if (group === undefined) kept.set(key, (group = lead + writeWith(inner, row, sentAt, lookup)));
        text += group;
      }
    } else {
      const value = entry.sent ? sentAt : entry.via === undefined ? row[entry.property] : lookup(entry.property, row[entry.via]);
      text += entry.lead + (value === undefined ? entry.absent : value === null ? 'null' : entry.writer(value));
    }
  }
  return `${text}}`;
}

function withScale(text: string, sqlType: string): string {
  const scale = scaleOf(sqlType);
  return scale === 0 || text.includes('.') ? text : `${text}.${'0'.repeat(scale)}`;
}

const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;
const quote: Writer = (value) => (NEEDS_ESCAPE.test(value as string) ? JSON.stringify(value) : `"${value as string}"`);
const plain: Writer = (value) => String(value);
const isoTime: Writer = (value) => `"${toIso(value)}"`;
const epochTime: Writer = (value) => {
  const ms = value instanceof Date ? value.getTime() : Date.parse(toIso(value));
  const fraction = String(((ms % 1000) + 1000) % 1000).padStart(3, '0');
  return `${Math.floor(ms / 1000)}.${fraction}`;
};

/** The items of a batch share one instant: the text made last serves again (reading dates was half of writing a message). */
function remembering(writer: Writer): Writer {
  let last: unknown;
  let text = '';
  return (value) => {
    if (value !== last) {
      text = writer(value);
      last = value;
    }
    return text;
  };
}

/** PostgreSQL's text of a timestamptz in UTC (`2026-11-22 10:00:00.123+00`), a Date, or ISO already. */
export function toIso(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  const text = String(value);
  return text.includes('T') ? text : new Date(text.replace(' ', 'T').replace(/\+00$/, 'Z')).toISOString();
}
