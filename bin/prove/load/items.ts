import { randomOf } from '../random.ts';

/** What an item of the load holds, as it has to stand in the table: decimals with eight digits after the point. */
export interface ItemContent {
  securityId: string;
  tradeType: string;
  destination: string;
  quantity: string;
  limitPrice: string;
}

/** What tells the items of one run: its seed decides every item, its tag sets them apart from any other run's. */
export interface LoadSeed {
  seed: number;
  /** Four characters. */
  tag: string;
}

const TRADE_TYPES = ['BUY', 'SELL', 'SHORT', 'COVER', 'EXRC'] as const;
const DESTINATIONS = ['ML', 'INST', 'RBC', 'SIX-LETTERS-AND-MORE'] as const;
/** Members that make an item one that has to be refused. */
const BAD = ['"quantity":-1', '"tradeType":"LEND"', '"destination":"TWENTY-ONE CHARACTERS"', '"limitPrice":12345678901234.5'] as const;
const MARK = /^(.{4})R(\d{12})I(\d{6})$/;

/** The 24 characters that only this item of this request has; they stand in `securityId`. Texts sort as request and index do. */
export function markOf({ tag }: LoadSeed, request: number, index: number): string {
  return `${tag}R${String(request).padStart(12, '0')}I${String(index).padStart(6, '0')}`;
}

/** The request and index that a mark names; undefined if it isn't one of this run's. */
export function readMark({ tag }: LoadSeed, mark: string): { request: number; index: number } | undefined {
  const match = MARK.exec(mark);
  return match === null || match[1] !== tag ? undefined : { request: Number(match[2]), index: Number(match[3]) };
}

/** An item's content: the same for the same seed, request and index, so that nobody has to remember it. */
export function itemContent(load: LoadSeed, request: number, index: number): ItemContent {
  const random = randomOf(load.seed, 'item', request, index);
  const digits = (most: number) => `${1 + Math.floor(random() * most)}.${String(Math.floor(random() * 100_000_000)).padStart(8, '0')}`;
  return {
    securityId: markOf(load, request, index),
    tradeType: TRADE_TYPES[Math.floor(random() * TRADE_TYPES.length)] as string,
    destination: DESTINATIONS[Math.floor(random() * DESTINATIONS.length)] as string,
    quantity: digits(1_000_000),
    limitPrice: digits(10_000),
  };
}

/** Whether an item has to be refused, with this share of bad ones in its request. */
export function isBad(load: LoadSeed, request: number, index: number, badShare: number): boolean {
  return badShare > 0 && randomOf(load.seed, 'bad', request, index)() < badShare;
}

/** An item as JSON text, decimals as numbers with all their digits. */
export function itemText(load: LoadSeed, request: number, index: number, badShare: number): string {
  const { securityId, tradeType, destination, quantity, limitPrice } = itemContent(load, request, index);
  const good = `"securityId":"${securityId}","executionStatus":"NEW","tradeType":"${tradeType}","destination":"${destination}","quantity":${quantity},"limitPrice":${limitPrice}`;
  if (!isBad(load, request, index, badShare)) return `{${good}}`;
  const bad = BAD[(request + index) % BAD.length] as string;
  const name = bad.slice(0, bad.indexOf(':'));
  return `{${good.replace(new RegExp(`${name}:[^,]+`), bad)}}`;
}

/** The body of a request: one item, or a batch of them. */
export function bodyOf(load: LoadSeed, request: number, { items, badShare, single }: { items: number; badShare: number; single: boolean }): Buffer {
  const texts = Array.from({ length: items }, (_, index) => itemText(load, request, index, badShare));
  return Buffer.from(single ? (texts[0] as string) : `{"executions":[${texts.join(',')}]}`);
}
