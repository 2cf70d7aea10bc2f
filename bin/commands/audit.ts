import type { Command } from 'commander';
import { addAudit } from './dlq.ts';

/** Adds `sluice audit`. */
export function register(program: Command): void {
  addAudit(program);
}
