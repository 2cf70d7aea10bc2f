import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import type { InsideOrder } from '../target.ts';

const TIMEOUT_MS = 5_000;

/** The socket on which the node of this name takes orders. */
export function insidePath(folder: string, name: string): string {
  return join(folder, `${name}.sock`);
}

/**
 * Gives an order to a node, and resolves when it has begun.
 * @throws Error when the node doesn't take it within 5 s
 */
export function giveOrder(folder: string, name: string, order: InsideOrder): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(insidePath(folder, name), () => socket.write(`${JSON.stringify(order)}\n`));
    const fail = (why: string) => {
      socket.destroy();
      reject(new Error(`${name} did not take the order ${JSON.stringify(order)}: ${why}`));
    };
    socket.setTimeout(TIMEOUT_MS, () => fail('no answer'));
    socket.once('error', (error) => fail(error.message));
    socket.once('close', () => fail('the connection ended'));
    socket.once('data', () => {
      socket.removeAllListeners();
      socket.on('error', () => undefined); // it has answered: what becomes of the connection doesn't matter
      socket.destroy();
      resolve();
    });
  });
}

/** Takes orders for this process and carries them out after each was answered. Keeps the process from ending in no way. */
export function takeOrders(folder: string, name: string, carryOut: (order: InsideOrder) => void): void {
  const path = insidePath(folder, name);
  rmSync(path, { force: true }); // of an earlier process of this name, which was killed
  const server = createServer((socket) => {
    socket.on('error', () => undefined); // whoever ordered has gone
    socket.once('data', (line) => {
      const order = JSON.parse(line.toString()) as InsideOrder;
      socket.write('taken\n', () => carryOut(order));
    });
  });
  server.listen(path).unref();
}
