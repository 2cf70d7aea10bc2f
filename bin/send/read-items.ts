import { CliError, EXIT } from '../cli-error.ts';
import { csvItems } from './csv-items.ts';
import type { Item } from './item.ts';
import { jsonItems } from './json-items.ts';
import { ndjsonItems } from './ndjson-items.ts';
import type { Input } from './open-input.ts';

export const FORMATS = ['json', 'ndjson', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

const EXTENSIONS: Record<string, Format> = { json: 'json', ndjson: 'ndjson', jsonl: 'ndjson', csv: 'csv', tsv: 'csv' };

/**
 * The input's items, read as they are asked for.
 * @param collection name of the member that holds the items, when the input is a JSON object
 * @param numeric columns of a CSV that hold numbers
 */
export function readItems(input: Input, format: Format, collection: string, numeric: ReadonlySet<string>): AsyncGenerator<Item> {
  switch (format) {
    case 'json':
      return jsonItems(input.chunks, [collection, 'items']);
    case 'ndjson':
      return ndjsonItems(input.chunks);
    case 'csv':
      return csvItems(input.chunks, delimiterOf(input.head), numeric);
  }
}

/**
 * Tells an input's format by its name, or else by its first bytes.
 * @throws CliError when neither says
 */
export function formatOf(name: string, head: Buffer): Format {
  const extension = /\.([a-z]+)$/.exec(name.toLowerCase().replace(/\.gz$/, ''))?.[1] ?? '';
  return EXTENSIONS[extension] ?? sniff(head.toString('utf8'));
}

function sniff(head: string): Format {
  const text = head.trimStart();
  if (text === '') throw new CliError('The input is empty.', EXIT.usage);
  if (text.startsWith('[')) return 'json';
  const line = text.slice(0, text.includes('\n') ? text.indexOf('\n') : text.length);
  if (text.startsWith('{')) return isItem(line) ? 'ndjson' : 'json';
  if (/[,;\t]/.test(line)) return 'csv';
  throw new CliError('The input looks like neither JSON, NDJSON nor CSV; say which with --format.', EXIT.usage);
}

/** Whether a line is a whole JSON object that does not itself hold a list of items. */
function isItem(line: string): boolean {
  try {
    return !Object.values(JSON.parse(line) as object).some(Array.isArray);
  } catch {
    return false; // the object goes on in the next line
  }
}

/** Spreadsheets write semicolons or tabs where the comma is the decimal point: the header's most frequent one counts. */
function delimiterOf(head: Buffer): string {
  const text = head.toString('utf8');
  const header = text.slice(0, text.includes('\n') ? text.indexOf('\n') : text.length);
  const count = (c: string) => header.split(c).length;
  return [',', ';', '\t'].reduce((best, c) => (count(c) > count(best) ? c : best));
}
