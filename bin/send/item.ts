import { isUtf8 } from 'node:buffer';

/** Something that is wrong with an item. `pointer` is a JSON pointer into the item itself. */
export interface Fault {
  pointer: string;
  code: string;
  message: string;
}

/** One record of the input. */
export interface Item {
  /** Position among the items of the input, from 0. */
  index: number;
  /** Line of the input on which it begins, from 1. */
  line: number;
  /** The item as JSON text, as it stood in the input: its numbers never pass through a float. */
  text: string;
  /** Set when the item can't even be sent. */
  fault?: Fault;
}

/** Longest item that is read: the memory that one item may take must have a bound. */
export const MAX_ITEM_BYTES = 8 * 1024 * 1024;

/** Makes an item of its bytes; what is not JSON text in UTF-8 becomes an item that carries the fault. */
export function itemOf(bytes: Buffer, index: number, line: number): Item {
  const text = bytes.toString('utf8');
  if (!isUtf8(bytes)) return { index, line, text, fault: { pointer: '', code: 'characters', message: 'is not valid UTF-8' } };
  try {
    JSON.parse(text);
    return { index, line, text };
  } catch (error) {
    return { index, line, text, fault: { pointer: '', code: 'invalid-json', message: `is not valid JSON: ${(error as Error).message}` } };
  }
}
