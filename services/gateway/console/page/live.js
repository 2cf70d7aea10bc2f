import { createStore } from './store.js';

/** Silence after which what is shown counts as old, ms. */
const LOST_MS = 4_000;
const AGAIN_MS = 2_000;
const LOOK_MS = 500;
/** Moments that the charts show: five minutes. */
const MOST_MOMENTS = 300;

/**
 * The state of the whole, each second.
 * `status`: connecting, live, or lost (what is shown is old then). `moments`: what the charts show.
 */
export const live = createStore({ status: 'connecting', snapshot: null, heardAt: 0, moments: [] });

let source;
let looking;

/**
 * Begins to listen; twice is fine.
 * @param {() => void} onRefused the server took the connection, and refused the stream: perhaps the session is over
 */
export function startLive(onRefused) {
  stopLive();
  const open = () => {
    source = new EventSource('/api/v1/live');
    source.addEventListener('snapshot', (event) => hear(JSON.parse(event.data)));
    source.addEventListener('error', () => {
      // A stream that merely broke off is taken up again by the browser itself.
      if (source.readyState !== EventSource.CLOSED) return;
      source = undefined;
      onRefused();
    });
  };
  open();
  let closedAt = 0;
  looking = setInterval(() => {
    const now = performance.now();
    const { status, heardAt } = live.get();
    if (status !== 'lost' && now - heardAt > LOST_MS && heardAt > 0) live.set({ ...live.get(), status: 'lost' });
    if (source !== undefined) closedAt = now;
    else if (now - closedAt > AGAIN_MS) {
      if (heardAt === 0) live.set({ ...live.get(), status: 'lost' });
      open();
    }
  }, LOOK_MS);
}

/** Stops to listen; what was heard is kept. */
export function stopLive() {
  clearInterval(looking);
  source?.close();
  source = undefined;
}

function hear(snapshot) {
  const { stages } = snapshot;
  const moment = { at: Date.parse(snapshot.at) / 1_000, written: stages.flush.rowsPerS, delivered: stages.relay.messagesPerS, waiting: stages.queue.waiting, backlog: stages.ledger.waiting };
  live.set({ status: 'live', snapshot, heardAt: performance.now(), moments: [...live.get().moments, moment].slice(-MOST_MOMENTS) });
}
