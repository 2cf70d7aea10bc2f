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
  /** The same record for Kafka: times are numbers, seconds since 1970 with a fraction. */
  kafka(row: RecordRow, sentAt: string | null): string;
}

type Writer = (value: unknown) => string;

/** Compiles the writers of a kind from its columns. */
export function compileWire(kind: RecordKind, columns: readonly Column[]): Wire {
  const rest = members(kind, columns, isoTime);
  const kafka = members(kind, columns, epochTime);
  return {
    rest: (row, sentAt) => write(rest, row, sentAt),
    kafka: (row, sentAt) => write(kafka, row, sentAt),
  };
}

type Entry = Member | { lead: string; inner: Member[]; nullWith: string | undefined };

interface Member {
  /** `{"name":` or `,"name":` */
  lead: string;
  property: string;
  sent: boolean;
  absent: string;
  writer: Writer;
}

function members(kind: RecordKind, columns: readonly Column[], time: Writer): Entry[] {
  return kind.wire.map((entry, i) => {
    if (typeof entry === 'string') return member(kind, columns, time, entry, entry, i);
    const inner = Object.entries(entry.members).map(([name, property], at) => member(kind, columns, time, name, property, at));
    return { lead: leadOf(entry.name, i), inner, nullWith: entry.nullWith };
  });
}

function member(kind: RecordKind, columns: readonly Column[], time: Writer, name: string, property: string, i: number): Member {
  const column = columns.find((c) => c.property === property);
  const joined = kind.joined?.[property] !== undefined;
  if (column === undefined && !joined && property !== 'sentTimestamp') throw new Error(`kind ${kind.name}: its wire names "${property}", which its entity lacks`);
  const writer = joined ? quote : column === undefined || column.wire === 'time' ? remembering(time) : column.wire === 'text' ? quote : plain;
  return {
    lead: leadOf(name, i),
    property,
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
