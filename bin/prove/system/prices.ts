import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { priceOf } from '../load/revaluations.ts';
import type { TargetPrices } from '../target.ts';

/** The price service of a system under proof, with what its owner needs. */
export interface Prices extends TargetPrices {
  /** The address for this node: the service knows who asks. */
  urlFor(node: string): string;
  close(): Promise<void>;
}

const PATH = /^\/([\w-]+)\/prices\/([^/]{1,200})$/;

/** Starts the price service that revaluations ask, on a free port. Only faults make it answer anything but the price. */
export async function startPrices(): Promise<Prices> {
  let answering: TargetPrices['answering'];
  const server = createServer((req, res) => {
    req.resume();
    const [, node, security] = PATH.exec(req.url ?? '') ?? [];
    if (node === undefined || security === undefined) return void res.writeHead(404).end();
    const instead = answering?.(node, decodeURIComponent(security));
    if (instead === 'nothing') return;
    const status = instead ?? 200;
    res.writeHead(status, { 'content-type': 'application/json' }).end(status === 200 ? `{"price":${priceOf(decodeURIComponent(security))}}` : '{}');
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    get answering() {
      return answering;
    },
    set answering(other) {
      answering = other;
      // What was never answered has ended: whoever waits for it asks again.
      if (other === undefined) server.closeAllConnections();
    },
    urlFor: (node) => `http://127.0.0.1:${port}/${node}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
