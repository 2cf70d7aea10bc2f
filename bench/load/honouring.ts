/**
 * Clients that send one batch after the other, and when they are refused wait as long as Retry-After says before they try
 * the same again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { jsonBatch } from '../harness/rows.ts';
import { serveLoad } from '../harness/serve-load.ts';

export interface HonouringInit {
  url: string;
  path: string;
  batch: number;
  clients: number;
}
export interface HonouringSpec {
  seconds: number;
  /** Goodput is counted from this second on. */
  countFrom: number;
}
export interface Honoured {
  /** Batches begun within the time, and how many of them were taken in in the end. */
  wanted: number;
  through: number;
  /** Items of answers 201, and of calls without an answer. */
  accepted: number;
  /** Of the accepted, those answered within the time that is counted. */
  inTime: number;
  untold: number;
  refusals: number;
  /** Most calls that one batch took. */
  mostTries: number;
}

/** Pause between a client's batches. */
const PAUSE_MS = 500;
/** Who has not got through so long after the load has ended never does. */
const PATIENCE_MS = 60_000;

serveLoad<HonouringInit, HonouringSpec, Honoured>(async ({ url, path, batch, clients }) => {
  const body = jsonBatch(0, batch);
  return {
    async run({ seconds, countFrom }) {
      const seen: Honoured = { wanted: 0, through: 0, accepted: 0, inTime: 0, untold: 0, refusals: 0, mostTries: 0 };
      const from = performance.now() + countFrom * 1_000;
      const until = performance.now() + seconds * 1_000;
      const client = async () => {
        while (performance.now() < until) {
          seen.wanted++;
          for (let tries = 1; performance.now() < until + PATIENCE_MS; tries++) {
            const answer = await fetch(new URL(path, url), { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }).catch(() => undefined);
            await answer?.arrayBuffer().catch(() => undefined);
            seen.mostTries = Math.max(seen.mostTries, tries);
            if (answer?.status === 201) {
              seen.through++;
              seen.accepted += batch;
              if (performance.now() >= from && performance.now() < until) seen.inTime += batch;
              break;
            }
            if (answer === undefined) seen.untold += batch;
            else seen.refusals++;
            await sleep(Number(answer?.headers.get('retry-after') ?? 1) * 1_000);
          }
          await sleep(PAUSE_MS);
        }
      };
      await Promise.all(Array.from({ length: clients }, client));
      return seen;
    },
    close: async () => undefined,
  };
});
