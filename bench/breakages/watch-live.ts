import { setTimeout as sleep } from 'node:timers/promises';
import type { Snapshot } from '../../services/gateway/live/snapshot.ts';

/** What the console's stream says. */
export interface LiveWatch {
  readonly newest: Snapshot | undefined;
  /**
   * Waits until it says so, this many times in a row.
   * @throws Error when it does not in time, with the last findings
   */
  until(what: string, says: (snapshot: Snapshot) => boolean, options: { times: number; timeoutMs: number }): Promise<Snapshot>;
  stop(): Promise<void>;
}

const LOOK_MS = 200;
const AGAIN_MS = 500;

/** Listens to `/api/v1/live`, again whenever it ends. */
export function watchLive(url: string, key: () => string): LiveWatch {
  const stopping = new AbortController();
  let newest: Snapshot | undefined;
  const listen = async () => {
    const response = await fetch(`${url}/api/v1/live`, { headers: { Authorization: `Bearer ${key()}` }, signal: stopping.signal });
    let text = '';
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        if (data !== undefined) newest = JSON.parse(data) as Snapshot;
      }
    }
  };
  const listening = (async () => {
    while (!stopping.signal.aborted) {
      await listen().catch(() => undefined); // the edge may be away: it is asked again
      if (!stopping.signal.aborted) await sleep(AGAIN_MS);
    }
  })();
  return {
    get newest() {
      return newest;
    },
    async until(what, says, { times, timeoutMs }) {
      const giveUpAt = performance.now() + timeoutMs;
      let seen: Snapshot | undefined;
      let inARow = 0;
      while (performance.now() < giveUpAt) {
        if (newest !== undefined && newest !== seen) {
          seen = newest;
          inARow = says(newest) ? inARow + 1 : 0;
          if (inARow >= times) return newest;
        }
        await sleep(LOOK_MS);
      }
      throw new Error(`${what}: not within ${timeoutMs / 1_000} s. The console says: ${JSON.stringify(newest?.findings)}; ledger ${JSON.stringify(newest?.stages.ledger)}`);
    },
    async stop() {
      stopping.abort();
      await listening;
    },
  };
}
