import { randomFillSync } from 'node:crypto';

/**
 * W3C Trace Context, level 1: a span is named by its traceparent, `00-<trace id>-<span id>-<flags>`. The ledger keeps that of the request, so the
 * whole way of a record can be told of without anything else being kept.
 */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const TRACE_ID_AT = 3;
const SPAN_ID_AT = 36;
const FLAGS_AT = 53;
const TRACE_BYTES = 16;
const SPAN_BYTES = 8;
const LAST_32_BITS = 2 ** 32;

/**
 * A traceparent of our own span in the caller's trace, or in a new one.
 * @param share of new traces that are recorded; the caller's own decision stands
 */
export function traceOf(header: string | string[] | undefined, share = 1): string {
  const given = typeof header === 'string' ? TRACEPARENT.exec(header) : null;
  if (given?.[1] === undefined || /^0+$/.test(given[1])) return newTrace(share);
  return `00-${given[1]}-${randomHex(SPAN_BYTES)}-${given[3] ?? '01'}`;
}

/** The traceparent of a new trace's first span. Whether it is recorded follows from the trace's id, so that all who see it agree. */
export function newTrace(share = 1): string {
  const id = randomHex(TRACE_BYTES);
  return `00-${id}-${randomHex(SPAN_BYTES)}-${share >= 1 || parseInt(id.slice(24), 16) < share * LAST_32_BITS ? '01' : '00'}`;
}

/** The traceparent of a new span beneath another. */
export function childOf(trace: string): string {
  return `${trace.slice(0, SPAN_ID_AT)}${randomHex(SPAN_BYTES)}${trace.slice(FLAGS_AT - 1)}`;
}

export function traceIdOf(trace: string): string {
  return trace.slice(TRACE_ID_AT, SPAN_ID_AT - 1);
}

export function spanIdOf(trace: string): string {
  return trace.slice(SPAN_ID_AT, FLAGS_AT - 1);
}

/** Whether a trace is recorded; what is no traceparent is not. */
export function isSampled(trace: string | null): trace is string {
  return trace !== null && trace.length === FLAGS_AT + 2 && (parseInt(trace.slice(FLAGS_AT), 16) & 1) === 1;
}

/** Random bytes in stock: asking the kernel for each id costs several microseconds. */
const stock = Buffer.alloc(4_096);
let stockAt = stock.length;

function randomHex(bytes: number): string {
  if (stockAt + bytes > stock.length) {
    randomFillSync(stock);
    stockAt = 0;
  }
  stockAt += bytes;
  return stock.toString('hex', stockAt - bytes, stockAt);
}
