import { Readable, pipeline } from 'node:stream';
import { parse, CsvError } from 'csv-parse';
import { CliError, EXIT } from '../cli-error.ts';
import { MAX_ITEM_BYTES, type Item } from './item.ts';

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

interface CsvRow {
  record: string[];
  info: { lines: number };
}

/**
 * Reads CSV with a header line. An empty cell is a member that is absent. Cells of the columns in `numeric` become JSON
 * numbers with the same digits where they are valid ones, and all others strings, so that Sluice can say what is wrong.
 * @throws CliError when the header or the quoting is broken, or the bytes are not UTF-8
 */
export async function* csvItems(chunks: AsyncIterable<Buffer>, delimiter: string, numeric: ReadonlySet<string>): AsyncGenerator<Item> {
  const parser = parse({ delimiter, info: true, trim: true, skip_empty_lines: true, relax_column_count: true, max_record_size: MAX_ITEM_BYTES });
  pipeline(Readable.from(textOf(chunks)), parser, () => undefined); // the error of either side comes out of the iteration below
  let header: string[] | undefined;
  let index = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRow>) {
      if (header === undefined) header = checkedHeader(record);
      else yield itemOfRow(header, record, numeric, index++, info.lines - newlinesIn(record));
    }
  } catch (error) {
    if (error instanceof CsvError) throw new CliError(`The CSV is broken: ${error.message}.`, EXIT.usage, error);
    throw error;
  }
  if (header === undefined) throw new CliError('The input is empty.', EXIT.usage);
}

function itemOfRow(header: string[], cells: string[], numeric: ReadonlySet<string>, index: number, line: number): Item {
  const members = cells.flatMap((cell, i) => {
    const name = header[i];
    if (cell === '' || name === undefined) return [];
    return [`${JSON.stringify(name)}:${numeric.has(name) && JSON_NUMBER.test(cell) ? cell : JSON.stringify(cell)}`];
  });
  const item = { index, line, text: `{${members.join(',')}}` };
  if (cells.length === header.length) return item;
  return { ...item, fault: { pointer: '', code: 'columns', message: `has ${cells.length} cells, but the header names ${header.length}` } };
}

function checkedHeader(names: string[]): string[] {
  for (const [i, name] of names.entries()) {
    if (name === '') throw new CliError(`The CSV's first line must name every column, but column ${i + 1} has no name.`, EXIT.usage);
    if (names.indexOf(name) !== i) throw new CliError(`The CSV's first line names "${name}" twice.`, EXIT.usage);
  }
  return names;
}

function newlinesIn(cells: string[]): number {
  return cells.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
}

async function* textOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw new CliError('The CSV is not UTF-8; save it as "CSV UTF-8".', EXIT.usage, error);
    throw error;
  }
}
