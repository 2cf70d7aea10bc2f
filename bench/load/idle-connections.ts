/** Holds connections that do nothing: each made one call, and is opened again when the edge closes it. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveLoad } from '../harness/serve-load.ts';

export interface IdleInit {
  url: string;
  connections: number;
}
export interface IdleSpec {
  seconds: number;
}
export interface Idled {
  /** Open at the end, and the fewest at any look in between. */
  open: number;
  fewest: number;
  reopened: number;
}

const CALL = 'GET /health/live HTTP/1.1\r\nHost: bench\r\n\r\n';
/** Opened at once; more would overflow the kernel's queue of connections to be accepted. */
const AT_ONCE = 200;
const LOOK_MS = 250;

serveLoad<IdleInit, IdleSpec, Idled>(async ({ url, connections }) => {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  let closing = false;
  let reopened = 0;
  const hold = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('connect', () => socket.write(CALL));
      socket.on('data', () => {
        open.add(socket);
        resolve();
      });
      socket.on('error', () => undefined); // 'close' follows
      socket.on('close', () => {
        open.delete(socket);
        resolve();
        if (closing) return;
        reopened++;
        void sleep(LOOK_MS).then(() => (closing ? undefined : hold()));
      });
    });
  for (let held = 0; held < connections; held += AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, connections - held) }, hold));
  return {
    ready: open.size,
    async run({ seconds }) {
      const until = performance.now() + seconds * 1_000;
      let fewest = open.size;
      while (performance.now() < until) {
        await sleep(LOOK_MS);
        fewest = Math.min(fewest, open.size);
      }
      return { open: open.size, fewest, reopened };
    },
    async close() {
      closing = true;
      for (const socket of open) socket.destroy();
    },
  };
});
