import { randomInt } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CliError, EXIT } from '../cli-error.ts';

export const SERVERS = ['postgres', 'nats', 'kafka'] as const;
export type ServerName = (typeof SERVERS)[number];
export type ServerPorts = Record<ServerName, number>;

/**
 * Below the range that systems take the ports of outgoing connections from (32768 or 49152 upward): there a client of any program
 * could sit on a server's port just when it is started again.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const FILE = 'ports.json';

/** The ports that these servers had last time, each replaced by another where it is no longer free; kept for the next time. */
export async function serverPorts(folder: string): Promise<ServerPorts> {
  const before = readPorts(folder);
  const ports: Partial<ServerPorts> = {};
  for (const name of SERVERS) {
    let port = before[name];
    while (port === undefined || Object.values(ports).includes(port) || (await whyNotListen('127.0.0.1', port)) !== null) port = randomInt(LOWEST, HIGHEST);
    ports[name] = port;
  }
  const path = join(folder, FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(ports)}\n`);
  renameSync(`${path}.new`, path);
  return ports as ServerPorts;
}

/**
 * The port on which the REST interface can listen: the given one, or for 0 any that is free.
 * @throws CliError that names PORT or HOST and what to do
 */
export async function restPort(host: string, port: number): Promise<number> {
  if (port !== 0) {
    const why = await whyNotListen(host, port);
    if (why === null) return port;
    throw new CliError(explain(why, host, port), EXIT.usage);
  }
  for (;;) {
    const candidate = randomInt(LOWEST, HIGHEST);
    const why = await whyNotListen(host, candidate);
    if (why === null) return candidate;
    if (why !== 'EADDRINUSE') throw new CliError(explain(why, host, candidate), EXIT.usage);
  }
}

function explain(why: string, host: string, port: number): string {
  switch (why) {
    case 'EADDRINUSE':
      return `PORT ${port} is taken: something else listens on ${host}:${port}. Stop it, or choose another port: PORT=${port === 65_535 ? 8_080 : port + 1} npm start`;
    case 'EACCES':
      return `PORT ${port} is not allowed to this user; ports from 1024 upward are.`;
    default:
      return `HOST ${host} is no address that this machine can listen on (${why}).`;
  }
}

/** The system's code for why nobody can listen there now, or null if one can. */
function whyNotListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}

function readPorts(folder: string): Partial<ServerPorts> {
  try {
    return JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as Partial<ServerPorts>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return {}; // first start, or cut off by a crash of the machine
    throw error;
  }
}
