import { CliError, EXIT } from '../cli-error.ts';
import { itemOf, MAX_ITEM_BYTES, type Item } from './item.ts';
import { isSpace, JsonValueScanner } from './json-value-scanner.ts';

type Expects = 'document' | 'item-or-end' | 'item' | 'comma-or-end' | 'key-or-end' | 'key' | 'colon' | 'member-value' | 'member-comma-or-end' | 'nothing';
type Use = 'item' | 'key' | 'skip';

/**
 * Splits a JSON document, an array or an object with an array under one of `members`, into the source texts of the
 * array's items, as it streams by. Only the frame is read here; holds one item at a time. A parser would hand over values,
 * and with them lose digits and duplicate keys that Sluice is to judge.
 * @throws CliError naming the line where the frame is broken
 */
export async function* jsonItems(chunks: AsyncIterable<Buffer>, members: readonly string[]): AsyncGenerator<Item> {
  const frame = new Frame(members);
  for await (const chunk of chunks) yield* frame.read(chunk);
  frame.end();
}

class Frame {
  readonly #members: readonly string[];
  #expects: Expects = 'document';
  #inObject = false;
  #found = false;
  #line = 1;
  #index = 0;
  #key = '';
  #value: { use: Use; scanner: JsonValueScanner; parts: Buffer[]; bytes: number; line: number } | undefined;

  constructor(members: readonly string[]) {
    this.#members = members;
  }

  *read(chunk: Buffer): Generator<Item> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#value !== undefined) {
        const end = this.#value.scanner.scan(chunk, at);
        const stop = end === -1 ? chunk.length : end;
        this.#keep(chunk.subarray(at, stop));
        at = stop;
        if (end !== -1) yield* this.#finishValue();
        continue;
      }
      const byte = chunk[at] as number;
      if (byte === 0x0a) this.#line++;
      if (isSpace(byte)) at++;
      else if (this.#step(String.fromCharCode(byte))) at++;
    }
  }

  end(): void {
    if (this.#expects === 'nothing' && this.#value === undefined) return;
    if (this.#expects === 'document') throw new CliError('The input is empty.', EXIT.usage);
    throw new CliError(`The JSON ends too early, in line ${this.#line}: is the file cut off?`, EXIT.usage);
  }

  /** Takes one character of the frame; false leaves it to the value that begins with it. */
  #step(char: string): boolean {
    switch (this.#expects) {
      case 'document':
        if (char === '[') return this.#now('item-or-end');
        this.#inObject = true;
        return char === '{' ? this.#now('key-or-end') : this.#broken(char, 'an array, or an object that holds one');
      case 'item-or-end':
        if (char === ']') return this.#closeArray();
        return this.#begin('item', char);
      case 'item':
        return this.#begin('item', char);
      case 'comma-or-end':
        if (char === ']') return this.#closeArray();
        return char === ',' ? this.#now('item') : this.#broken(char, 'a comma or the end of the array');
      case 'key-or-end':
        if (char === '}') return this.#closeObject();
        return char === '"' ? this.#begin('key', char) : this.#broken(char, 'a member name');
      case 'key':
        return char === '"' ? this.#begin('key', char) : this.#broken(char, 'a member name');
      case 'colon':
        return char === ':' ? this.#now('member-value') : this.#broken(char, 'a colon');
      case 'member-value':
        if (char !== '[' || this.#found || !this.#members.includes(this.#key)) return this.#begin('skip', char);
        return this.#now('item-or-end');
      case 'member-comma-or-end':
        if (char === '}') return this.#closeObject();
        return char === ',' ? this.#now('key') : this.#broken(char, 'a comma or the end of the object');
      case 'nothing':
        return this.#broken(char, 'the end of the file');
    }
  }

  #now(expects: Expects): true {
    this.#expects = expects;
    return true;
  }

  #begin(use: Use, char: string): false {
    if (',:]}'.includes(char)) this.#broken(char, 'a value');
    this.#value = { use, scanner: new JsonValueScanner(), parts: [], bytes: 0, line: this.#line };
    return false;
  }

  #closeArray(): true {
    this.#found = true;
    return this.#now(this.#inObject ? 'member-comma-or-end' : 'nothing');
  }

  #closeObject(): true {
    const names = this.#members.map((m) => `"${m}"`).join(' or ');
    if (!this.#found) throw new CliError(`The JSON object has no array under ${names}. If each line is an item of its own, say --format ndjson.`, EXIT.usage);
    return this.#now('nothing');
  }

  #keep(part: Buffer): void {
    const value = this.#value;
    if (value === undefined) return;
    for (let at = part.indexOf(0x0a); at !== -1; at = part.indexOf(0x0a, at + 1)) this.#line++;
    if (value.use === 'skip') return;
    value.parts.push(part);
    value.bytes += part.length;
    if (value.bytes > MAX_ITEM_BYTES) throw new CliError(`The item that begins in line ${value.line} is longer than ${MAX_ITEM_BYTES / 1024 / 1024} MB.`, EXIT.usage);
  }

  *#finishValue(): Generator<Item> {
    const value = this.#value;
    if (value === undefined) return;
    this.#value = undefined;
    const bytes = value.parts.length === 1 ? (value.parts[0] as Buffer) : Buffer.concat(value.parts);
    if (value.use === 'item') yield itemOf(bytes, this.#index++, value.line);
    if (value.use === 'key') this.#key = keyOf(bytes, value.line);
    this.#expects = value.use === 'item' ? 'comma-or-end' : value.use === 'key' ? 'colon' : 'member-comma-or-end';
  }

  #broken(char: string, expected: string): never {
    throw new CliError(`The JSON is broken in line ${this.#line}: expected ${expected}, found "${char}".`, EXIT.usage);
  }
}

function keyOf(bytes: Buffer, line: number): string {
  try {
    return JSON.parse(bytes.toString('utf8')) as string;
  } catch (error) {
    throw new CliError(`The JSON is broken in line ${line}: a member name can't be read.`, EXIT.usage, error);
  }
}
