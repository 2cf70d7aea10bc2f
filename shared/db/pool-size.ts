import type { Settings } from '../config/settings.ts';

/** Share of a pool that full slots take up, so that a writer at its limit still is healthy. */
const HEALTHY_SHARE = 0.7;

/** Most flushes that a writer runs at a time, whatever a limiter says. */
export function mostFlushes({ writerConcurrency, writerMaxConcurrency }: Pick<Settings, 'writerConcurrency' | 'writerMaxConcurrency'>): number {
  return Math.max(writerConcurrency, writerMaxConcurrency);
}

/** Connections a writer needs for this many flushes at a time: full slots stay at 70 % of the pool. */
export function writerPoolSize(flushes: number): number {
  return Math.ceil(flushes / HEALTHY_SHARE) + 1;
}

const SMALLEST = 2;

/**
 * How many connections a node with these services wants, and the least it can work with: half of what edge and relay want, and a
 * connection for each slot of a writer.
 */
export function poolNeeds(services: readonly string[], settings: Pick<Settings, 'edgePool' | 'relayPool' | 'writerConcurrency' | 'writerMaxConcurrency'>): { wanted: number; least: number } {
  let [wanted, least] = [0, 0];
  if (services.includes('gateway') || services.includes('batcher')) [wanted, least] = [wanted + settings.edgePool, least + Math.ceil(settings.edgePool / 2)];
  if (services.includes('writer')) [wanted, least] = [wanted + writerPoolSize(mostFlushes(settings)), least + settings.writerConcurrency];
  if (services.includes('publisher') || services.includes('pool-monitor')) [wanted, least] = [wanted + settings.relayPool, least + Math.ceil(settings.relayPool / 2)];
  return { wanted: Math.max(wanted, SMALLEST), least: Math.max(least, SMALLEST) };
}
