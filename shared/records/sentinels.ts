/** Stands for the value of a member that an object holds more than once. */
export const DUPLICATE_KEY: unique symbol = Symbol('duplicate key');
/** Stands for an item that is nested too deeply to be parsed exactly. */
export const TOO_DEEP: unique symbol = Symbol('too deep');
/** Stands for a line of NDJSON that is not valid JSON. */
export class BrokenLine {
  readonly line: number;
  readonly message: string;
  constructor(line: number, message: string) {
    this.line = line;
    this.message = message;
  }
}
