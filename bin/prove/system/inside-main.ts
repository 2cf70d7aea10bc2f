/** Loaded into every node under proof before anything else (`--import`): what can only be done to a process from within. */
import type { InsideOrder } from '../target.ts';
import { takeOrders } from './inside-orders.ts';

const { SLUICE_PROVE_INSIDE, NODE_ID } = process.env;
const Original = Date;
const originalNow = Date.now.bind(Date);
const held: number[][] = [];
let aheadMs = 0;

/** The wall clock alone: timers and performance.now() go on as they are, as when an operator sets a machine's clock. */
function setClock(ms: number): void {
  aheadMs = ms;
  globalThis.Date = ms === 0 ? Original : Shifted;
}

const Shifted: DateConstructor = new Proxy(Original, {
  construct: (target, args: unknown[], newTarget) => Reflect.construct(target, args.length === 0 ? [originalNow() + aheadMs] : args, newTarget === Shifted ? target : newTarget) as object,
  apply: () => new Original(originalNow() + aheadMs).toString(),
  get: (target, name, receiver) => (name === 'now' ? () => originalNow() + aheadMs : (Reflect.get(target, name, receiver) as unknown)),
});

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(1, until - performance.now()));
}

function hold(bytes: number): void {
  held.length = 0;
  // Numbers with a fraction take 8 bytes each of V8's own heap, whose limit is what counts.
  const piece = 2_000_000;
  for (let left = bytes / 8; left > 0; left -= piece) held.push(new Array<number>(Math.min(piece, Math.ceil(left))).fill(0.5));
}

function carryOut(order: InsideOrder): void {
  if ('clockAheadMs' in order) setClock(order.clockAheadMs);
  else if ('blockMs' in order) block(order.blockMs);
  else hold(order.holdBytes);
}

if (SLUICE_PROVE_INSIDE !== undefined && NODE_ID !== undefined) takeOrders(SLUICE_PROVE_INSIDE, NODE_ID, carryOut);
