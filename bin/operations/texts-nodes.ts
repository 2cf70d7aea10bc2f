import type { Paint } from '../send/summary.ts';
import { table } from '../table.ts';

interface Listed {
  nodes: { node: string; services: string[]; version: string; host: string; pid: number; uptime: number; memoryMb: number; logLevel: string; ready: boolean | null; parts: Record<string, { status: string; why?: string }> }[];
  silent: string[];
}

/** The answers of the operations on nodes as a terminal shows them. */
export const NODES_TEXTS = {
  'nodes.list': ({ nodes, silent }: Listed, paint: Paint): string => {
    const rows = nodes.map((n) => [n.node, n.services.join(','), n.version, `${n.host} ${n.pid}`, uptime(n.uptime), `${n.memoryMb} MB`, n.logLevel, wrongWith(n)]);
    return `${table(['NODE', 'SERVICES', 'VERSION', 'PROCESS', 'UP', 'MEMORY', 'LOG', 'STATE'], rows, paint)}\n${silent.map((node) => paint.red(`${node} does not answer\n`)).join('')}`;
  },
  'nodes.log-level': ({ node, from, to, dryRun }: { node: string; from: string; to: string; dryRun?: true }): string =>
    dryRun === true ? `${node} logs ${from}; it would log ${to}. Nothing was changed.\n` : `${node} logs ${to} now (${from} before), until it stops.\n`,
  'nodes.drain': drainText,
  'nodes.undrain': drainText,
};

function drainText({ node, from, to, lastOf, dryRun }: { node: string; from: string; to: string; lastOf: string[]; dryRun?: true }): string {
  const last = lastOf.length === 0 ? '' : ` No other node with ${lastOf.join(' and ')} takes work.`;
  return from === to ? `${node} is ${to} already.\n` : dryRun === true ? `${node} is ${from}; it would be ${to}.${last} Nothing was changed.\n` : `${node} is ${to} now (${from} before).${last}\n`;
}

function wrongWith({ ready, parts }: Listed['nodes'][number]): string {
  const waiting = Object.entries(parts).filter(([, part]) => part.status !== 'up').map(([name, { status }]) => `${name} ${status}`);
  return ready === null ? 'does not tell' : waiting.length > 0 ? waiting.join(', ') : ready ? 'ready' : 'not ready';
}

function uptime(s: number): string {
  return s < 90 ? `${s} s` : s < 5_400 ? `${Math.round(s / 60)} min` : s < 172_800 ? `${Math.round(s / 3_600)} h` : `${Math.round(s / 86_400)} d`;
}
