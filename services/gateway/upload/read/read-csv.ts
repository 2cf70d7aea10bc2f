import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { ProblemError } from '../../../../shared/errors/problem.ts';
import type { ItemRule, ItemRules } from '../../../../shared/records/item-rules.ts';
import { BrokenLine } from '../../../../shared/records/sentinels.ts';
import { decodeUtf8, withoutByteOrderMark } from '../../body/decode-utf8.ts';
import type { ItemReader } from './cut-segments.ts';
import type { UploadPlace } from './segment.ts';

const [LINE_FEED, RETURN, SPACE, QUOTE, COMMA, TAB] = [0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x09];
/** Digits that a number holds exactly. */
const WHOLE = /^-?\d{1,15}$/;

/**
 * Where in a row the reader is: at the start of a cell, in one without or with quotes, behind a quote within quotes, behind a
 * cell with quotes, or in what is left of a line whose quotes are broken.
 */
type At = 'cell' | 'plain' | 'quoted' | 'quote' | 'after' | 'broken';

/**
 * Reads CSV (RFC 4180; lines may end in LF or CRLF, a byte order mark is fine, blank lines are skipped). The first row names
 * the members. An empty cell is a member that is absent; whole numbers become numbers, all else stays text, exactly.
 * Where rows end is found here, what is in them by csv-parse: a row that it refuses is one broken item. Broken quotes cost
 * their line alone: where a row of several lines turns out to be broken, only its first one is given up and the next line
 * begins a row, for a quote that is never closed would swallow the good rows behind it.
 * @param rules of the kind's items: each member that every item needs must be a column; a cell in an unknown one is its item's fault
 * @param header the columns, where the upload goes on in the middle
 */
export function csvReader(from: UploadPlace, rules: ItemRules, header: readonly string[] | null): ItemReader {
  let columns = header;
  let told = header !== null;
  let at: At = 'cell';
  let position = 0;
  let base = from.bytes;
  let start = 0;
  /** Where the second line of this row begins, if it has one. */
  let secondLine = -1;
  let first = from.bytes === 0;
  // Where the upload goes on in the middle, the number of its lines so far is not known.
  let line = from.bytes === 0 ? 1 : undefined;
  let rowLine = line;
  let rows: { start: number; end: number; line: number }[] = [];

  /** Behind the row that begins at `start`, or -1. */
  function endOfRow(bytes: Buffer): number {
    for (; position < bytes.length; position++) {
      const byte = bytes[position] as number;
      if (byte === LINE_FEED) {
        if (line !== undefined) line++;
        if (at !== 'quoted') return endRow(position + 1);
        if (secondLine === -1) secondLine = position + 1;
      } else if (at === 'broken') continue;
      else if (at === 'quoted') {
        if (byte === QUOTE) at = 'quote';
      } else if (byte === COMMA) at = 'cell';
      else if (at === 'cell') at = byte === QUOTE ? 'quoted' : isBlank(byte) ? 'cell' : 'plain';
      else if (at === 'quote' && byte === QUOTE) at = 'quoted'; // two stand for one
      else if (at !== 'plain' && isBlank(byte)) at = 'after';
      else if (at !== 'plain' || byte === QUOTE) {
        if (secondLine !== -1) {
          if (rowLine !== undefined) line = rowLine + 1;
          return endRow(secondLine);
        }
        at = 'broken';
      }
    }
    return -1;
  }
  function endRow(end: number): number {
    at = 'cell';
    secondLine = -1;
    return (position = end);
  }

  return {
    next(bytes) {
      if (first && position === 0) {
        if (bytes.length < 3) return -1;
        position = start = bytes.length - withoutByteOrderMark(bytes).length;
      }
      for (let end = endOfRow(bytes); end !== -1; end = endOfRow(bytes)) {
        const row = { start, end, line: rowLine ?? 0 };
        start = end;
        rowLine = line;
        if (isBlankRow(bytes, row.start, row.end)) continue;
        if (columns === null) {
          columns = headerOf(bytes.subarray(row.start, row.end), rules);
          continue;
        }
        rows.push(row);
        return end;
      }
      return -1;
    },
    take(bytes, end) {
      // The last row of an upload may end in nothing.
      if (end > start) {
        if (!isBlankRow(bytes, start, end)) {
          if (columns === null) columns = headerOf(bytes.subarray(start, end), rules);
          else rows.push({ start, end, line: rowLine ?? 0 });
        }
        start = position = end;
      }
      const items = itemsOf(bytes, rows, columns ?? [], rules);
      rows = [];
      position -= end;
      start -= end;
      base += end;
      first = false;
      const tell = !told && columns !== null;
      told ||= tell;
      return { items, ...(tell ? { csvHeader: [...(columns ?? [])] } : {}) };
    },
    ends(bytes) {
      if (at === 'quoted') throw new ProblemError({ status: 400, code: 'invalid-csv', title: 'The CSV is broken', detail: `The upload ends within quotes, in the row that begins at byte ${base + start}${rowLine === undefined ? '' : ` (line ${rowLine})`}. What came before stands.` });
      return bytes.length;
    },
  };
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === RETURN || byte === TAB;
}

function isBlankRow(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== LINE_FEED && !isBlank(bytes[i] as number)) return false;
  return true;
}

/** Cells of whole rows. @throws CsvError */
function cellsOf(text: string): string[][] {
  return parse(text, { trim: true, skip_empty_lines: true, relax_column_count: true });
}

function headerOf(raw: Buffer, rules: ItemRules): readonly string[] {
  const wrong = (detail: string) => new ProblemError({ status: 400, code: 'invalid-csv-header', title: 'The CSV has no header that fits', detail: `${detail} The first line names the columns: ${Object.keys(rules).join(', ')}.` });
  let names: string[] = [];
  try {
    names = cellsOf(decodeUtf8(raw) ?? '')[0] ?? [];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
  }
  if (!names.some((name) => Object.hasOwn(rules, name))) throw wrong('No column of its first line is known.');
  const lacking = Object.keys(rules).filter((name) => isNeeded(rules[name]) && !names.includes(name));
  if (lacking.length > 0) throw wrong(`Its first line lacks ${lacking.join(', ')}, which every item needs.`);
  if (names.includes('')) throw wrong(`Column ${names.indexOf('') + 1} has no name.`);
  const twice = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (twice !== -1) throw wrong(`Column ${twice + 1} has the name of another one.`);
  return names;
}

function isNeeded(rule: ItemRule | undefined): boolean {
  return rule !== undefined && rule.optional !== true && rule.default === undefined;
}

/** The items of rows, parsed together; where that fails, row by row. */
function itemsOf(bytes: Buffer, rows: readonly { start: number; end: number; line: number }[], columns: readonly string[], rules: ItemRules): unknown[] {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return [];
  const whole = tryCells(bytes.subarray(first.start, last.end));
  return rows.map((row, i) => {
    const cells = Array.isArray(whole) && whole.length === rows.length ? whole[i] : onlyRow(tryCells(bytes.subarray(row.start, row.end)));
    return Array.isArray(cells) ? itemOf(cells, columns, rules, row.line) : new BrokenLine(row.line, cells ?? 'it is no row.', 'invalid-csv');
  });
}

function onlyRow(cells: string[][] | string): string[] | string | undefined {
  return Array.isArray(cells) ? cells[0] : cells;
}

/** The cells, or what is wrong with them. */
function tryCells(raw: Buffer): string[][] | string {
  const text = decodeUtf8(raw);
  if (text === undefined) return 'it is not valid UTF-8.';
  try {
    return cellsOf(text);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return 'its quotes are broken; a cell with quotes or commas stands in quotes, and quotes in it are doubled.';
  }
}

function itemOf(cells: readonly string[], columns: readonly string[], rules: ItemRules, line: number): unknown {
  if (cells.length !== columns.length) return new BrokenLine(line, `it has ${cells.length} cells, and the header names ${columns.length}.`, 'invalid-csv');
  return Object.fromEntries(columns.flatMap((name, c) => {
    const cell = cells[c] ?? '';
    if (cell === '') return [];
    const whole = Object.hasOwn(rules, name) && rules[name]?.type === 'whole' && WHOLE.test(cell);
    return [[name, whole ? Number(cell) : cell]];
  }));
}
