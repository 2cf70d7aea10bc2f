import { bisection } from './bisection.ts';
import { claim } from './claim.ts';
import { flush } from './flush.ts';
import { lease } from './lease.ts';
import type { Area } from './mutation.ts';
import { replay } from './replay.ts';

export const AREAS: readonly Area[] = [flush, claim, bisection, lease, replay];
