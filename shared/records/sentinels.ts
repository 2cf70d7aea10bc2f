/** Stands for the value of a member that an object holds more than once. */
export const DUPLICATE_KEY: unique symbol = Symbol('duplicate key');
/** Stands for an item that is nested too deeply to be parsed exactly. */
export const TOO_DEEP: unique symbol = Symbol('too deep');
/** Stands for an item that could not be read: a line of NDJSON, a row of CSV, a value of an array. */
export class BrokenLine {
  /** 0 where it has no line, or its line is not known. */
  readonly line: number;
  readonly message: string;
  readonly code: 'invalid-json' | 'invalid-csv';
  constructor(line: number, message: string, code: BrokenLine['code'] = 'invalid-json') {
    this.line = line;
    this.message = message;
    this.code = code;
  }
}
