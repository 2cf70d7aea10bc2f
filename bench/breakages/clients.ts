import { setTimeout as sleep } from 'node:timers/promises';

/** What clients were told so far. */
export interface Told {
  /** Items answered as written. */
  written: number;
  /** Items whose fate was not known when the answer was given. */
  unknown: number;
  statuses: Map<number, number>;
}

/** Clients that send batches, each under a key of its own. */
export interface Clients {
  told: Told;
  /** Begins a client. @returns what ends it, which waits for its last answer */
  begin(client: Shape): () => Promise<void>;
  stop(): Promise<void>;
}

export interface Shape {
  key: () => string;
  senders: number;
  items: number;
  /** Pause after each answer, ms. */
  pauseMs: number;
  /** Whether its records are as long as they may be. */
  long?: boolean;
}

/** How long a client that is refused waits at most, whatever it is told, so that a show stays short, ms. */
const MOST_WAIT_MS = 1_000;
const NO_ANSWER_MS = 200;

/** Clients of the edge at this address. */
export function startClients(url: string): Clients {
  const told: Told = { written: 0, unknown: 0, statuses: new Map() };
  const ends = new Set<() => Promise<void>>();
  let number = 0;
  const item = (long: boolean) => ({ executionStatus: 'NEW', tradeType: 'BUY', destination: long ? 'A-LONG-DESTINATION' : 'SHOW', securityId: `SHOW${String(++number).padStart(20, '0')}`, quantity: long ? '1234567890.12345678' : 100, limitPrice: long ? '1234567890.12345678' : 10.25 });
  const sendOne = async ({ key, items, pauseMs, long = false }: Shape, signal: AbortSignal) => {
    const body = JSON.stringify({ executions: Array.from({ length: items }, () => item(long)) });
    const response = await fetch(`${url}/api/v1/executions/batch`, { method: 'POST', body, headers: { 'Content-Type': 'application/json', Prefer: 'return=minimal', Authorization: `Bearer ${key()}` } });
    const { successful } = (await response.json()) as { successful?: number };
    told.statuses.set(response.status, (told.statuses.get(response.status) ?? 0) + 1);
    if (response.status === 202) told.unknown += items;
    else told.written += successful ?? 0;
    const waits = response.status === 503 || response.status === 429 ? Math.min(MOST_WAIT_MS, Number(response.headers.get('retry-after') ?? 0) * 1_000) : pauseMs;
    await pause(waits, signal);
  };
  const sender = async (shape: Shape, signal: AbortSignal) => {
    while (!signal.aborted) {
      try {
        await sendOne(shape, signal);
      } catch {
        // Without an answer nobody knows what became of them.
        told.unknown += shape.items;
        await pause(NO_ANSWER_MS, signal);
      }
    }
  };
  return {
    told,
    begin(shape) {
      const stopping = new AbortController();
      const senders = Promise.all(Array.from({ length: shape.senders }, () => sender(shape, stopping.signal)));
      const end = async () => {
        stopping.abort();
        await senders;
        ends.delete(end);
      };
      ends.add(end);
      return end;
    },
    stop: async () => void (await Promise.all([...ends].map((end) => end()))),
  };
}

/** Waits, or until it is told to stop. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0 && !signal.aborted) await sleep(ms, undefined, { signal }).catch(() => undefined); // woken to stop
}
