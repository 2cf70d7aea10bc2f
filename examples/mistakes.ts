/** A value as JSON text, so that its digits are what they are; absent where the member is left out. */
export type ItemTexts = Record<string, string>;

/** One way people get an execution wrong, and the fault that Sluice finds in it. */
export interface Mistake {
  pointer: string;
  code: string;
  /** Spoils a good item. */
  spoil: (item: ItemTexts) => void;
}

const set = (name: string, text: string) => (item: ItemTexts) => {
  item[name] = text;
};
const leaveOut = (name: string) => (item: ItemTexts) => {
  delete item[name];
};
const text = (item: ItemTexts, name: string) => JSON.parse(item[name] ?? '""') as string;

export const MISTAKES: readonly Mistake[] = [
  { pointer: '/securityId', code: 'length', spoil: (i) => set('securityId', JSON.stringify(text(i, 'securityId').slice(0, 23)))(i) },
  { pointer: '/securityId', code: 'length', spoil: (i) => set('securityId', JSON.stringify(`${text(i, 'securityId')}0`))(i) },
  { pointer: '/tradeType', code: 'enum', spoil: set('tradeType', '"buy"') },
  { pointer: '/tradeType', code: 'enum', spoil: set('tradeType', '"PURCHASE"') },
  { pointer: '/tradeType', code: 'enum', spoil: set('tradeType', '"B"') },
  { pointer: '/quantity', code: 'range', spoil: set('quantity', '0') },
  { pointer: '/quantity', code: 'range', spoil: (i) => set('quantity', `-${i.quantity ?? '100'}`)(i) },
  { pointer: '/quantity', code: 'format', spoil: set('quantity', '"1,000"') },
  { pointer: '/limitPrice', code: 'format', spoil: set('limitPrice', '"1,204.50"') },
  { pointer: '/limitPrice', code: 'format', spoil: set('limitPrice', '"2026-11-20T14:31:05Z"') },
  { pointer: '/destination', code: 'required', spoil: leaveOut('destination') },
  { pointer: '/securityId', code: 'required', spoil: leaveOut('securityId') },
  { pointer: '/limitPrice', code: 'scale', spoil: set('limitPrice', '48.123456789012') },
  { pointer: '/quantity', code: 'range', spoil: set('quantity', '123456789012') },
  { pointer: '/symbol', code: 'unknown-field', spoil: set('symbol', '"IBM"') },
  { pointer: '/quantity', code: 'required', spoil: set('quantity', 'null') },
  { pointer: '/executionStatus', code: 'enum', spoil: set('executionStatus', '"CANCELED"') },
  { pointer: '/executionStatus', code: 'enum', spoil: set('executionStatus', '"New"') },
  { pointer: '/destination', code: 'length', spoil: set('destination', '"Merrill Lynch, Pierce, Fenner & Smith"') },
  { pointer: '/tradeServiceExecutionId', code: 'type', spoil: set('tradeServiceExecutionId', '"N/A"') },
];
