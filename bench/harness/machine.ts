import { availableParallelism, cpus, loadavg } from 'node:os';
import { VERSIONS } from '../../shared/runtime/servers/versions.ts';

/** Where and when figures were taken. */
export interface Machine {
  at: string;
  cores: number;
  cpu: string;
  node: string;
  kafka: string;
  /** Load average of the minute before: what others did meanwhile. */
  load: number;
}

export function describeMachine(now: Date): Machine {
  return {
    at: now.toISOString().slice(0, 16).replace('T', ' '),
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    kafka: VERSIONS.kafka.maven[0].version,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}
