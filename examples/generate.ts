import { readFileSync, writeFileSync } from 'node:fs';
import { MISTAKES, type ItemTexts } from './mistakes.ts';

/**
 * Makes the example input: the same executions as NDJSON, CSV and JSON, and the faults that Sluice is to find in them.
 * `node examples/generate.ts` writes the files; with `--check` it only compares, and fails where one differs.
 */
const ITEMS = 10_000;
const WRONG = 100;
const SECURITIES = 500;
const SEED = 20_261_120;

const COLUMNS = ['executionStatus', 'tradeType', 'destination', 'securityId', 'quantity', 'limitPrice', 'tradeServiceExecutionId', 'symbol'];
const DESTINATIONS: readonly [string, number][] = [
  ['NYSE', 18], ['NASDAQ', 22], ['ARCA', 10], ['IEX', 6], ['CBOE', 5], ['BATS', 6], ['ML', 12], ['GS', 7], ['MS', 6], ['JPM', 5], ['INSTINET', 2], ['POSIT', 1],
];
const TRADE_TYPES: readonly [string, number][] = [['BUY', 42], ['SELL', 40], ['SHORT', 9], ['COVER', 7], ['EXRC', 2]];
const LOTS: readonly [number, number][] = [[100, 40], [200, 15], [300, 10], [500, 15], [1_000, 12], [2_500, 5], [10_000, 3]];

/** Contents of the example files by name. */
export function generate(): Record<string, string> {
  const random = mulberry32(SEED);
  const securities = Array.from({ length: SECURITIES }, () => ({ id: hex(24, random), cents: Math.round(500 * Math.exp(random() * 5.2)) }));
  const items = Array.from({ length: ITEMS }, (_, i) => execution(i, securities, random));
  const expected = spoil(items, random);
  const lines = items.map(jsonText);
  return {
    'executions.ndjson': `${lines.join('\n')}\n`,
    'executions.json': `{"executions":[\n${lines.join(',\n')}\n]}\n`,
    'executions.csv': `${[COLUMNS.join(','), ...items.map(csvLine)].join('\n')}\n`,
    'expected-failures.json': `{\n${expected.join(',\n')}\n}\n`,
  };
}

function execution(index: number, securities: { id: string; cents: number }[], random: () => number): ItemTexts {
  const security = securities[Math.floor(random() ** 2 * SECURITIES)] ?? { id: '', cents: 0 }; // a few are traded most
  const item: ItemTexts = {
    executionStatus: '"NEW"',
    tradeType: JSON.stringify(pick(TRADE_TYPES, random)),
    destination: JSON.stringify(pick(DESTINATIONS, random)),
    securityId: JSON.stringify(security.id),
    quantity: quantity(random),
  };
  const cents = Math.max(1, Math.round(security.cents * (0.98 + random() * 0.04)));
  item.limitPrice = random() < 0.18 ? 'null' : `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
  if (random() < 0.3) item.tradeServiceExecutionId = String(410_000 + index);
  return item;
}

/** Mostly round lots, some odd lots, a few fractional shares. */
function quantity(random: () => number): string {
  const kind = random();
  if (kind < 0.9) return String(pick(LOTS, random));
  if (kind < 0.98) return String(1 + Math.floor(random() * 99));
  return `${1 + Math.floor(random() * 20)}.${String(1 + Math.floor(random() * 9_999)).padStart(4, '0')}`;
}

/** Spoils WRONG items at places of their own, each mistake in turn; returns the lines of the expected faults by index. */
function spoil(items: ItemTexts[], random: () => number): string[] {
  const places = new Set<number>();
  while (places.size < WRONG) places.add(Math.floor(random() * ITEMS));
  const expected = [...places].map((index, n) => {
    const mistake = MISTAKES[n % MISTAKES.length];
    const item = items[index];
    if (mistake === undefined || item === undefined) throw new Error(`no item or mistake for place ${index}`);
    mistake.spoil(item);
    return { index, line: `  "${index}": {"pointer": "${mistake.pointer}", "code": "${mistake.code}"}` };
  });
  return expected.sort((a, b) => a.index - b.index).map((e) => e.line);
}

function jsonText(item: ItemTexts): string {
  return `{${Object.entries(item).map(([name, text]) => `"${name}":${text}`).join(',')}}`;
}

function csvLine(item: ItemTexts): string {
  return COLUMNS.map((name) => csvCell(item[name])).join(',');
}

function csvCell(text: string | undefined): string {
  if (text === undefined || text === 'null') return '';
  const cell = text.startsWith('"') ? (JSON.parse(text) as string) : text;
  return /[",\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell;
}

function pick<T>(weighted: readonly [T, number][], random: () => number): T {
  let at = random() * weighted.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [value, weight] of weighted) if ((at -= weight) < 0) return value;
  return (weighted[0] as [T, number])[0];
}

function hex(length: number, random: () => number): string {
  return Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
}

/** Mulberry32 (Tommy Ettinger, 2017): a small generator whose numbers follow from its seed alone. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Writes the files into this folder, or names those that differ. */
function main(check: boolean): string[] {
  const differing: string[] = [];
  for (const [name, content] of Object.entries(generate())) {
    const path = new URL(name, import.meta.url);
    if (!check) writeFileSync(path, content);
    else if (readFileSync(path, 'utf8') !== content) differing.push(name);
  }
  return differing;
}

if (import.meta.main) {
  const differing = main(process.argv.includes('--check'));
  if (differing.length > 0) {
    console.error(`These files are not what examples/generate.ts makes: ${differing.join(', ')}. Run it without --check.`);
    process.exitCode = 1;
  }
}
