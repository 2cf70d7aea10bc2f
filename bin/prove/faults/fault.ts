import type { Target } from '../target.ts';

/** A number from 0 up to but not including 1, from the run's seed. */
export type Random = () => number;

/** Something that goes wrong, and stops going wrong. */
export interface Fault {
  /** Stable, in kebab case: `kill-writer`. */
  name: string;
  /** One sentence for people: what is done. */
  says: string;
  /**
   * What it takes into its hands. Two faults that share one are never paired: `postgres`, `nats`, `kafka`, a role (`edge`: its
   * processes), or a wire between two (`writer->postgres`, `client->edge`).
   */
  touches: readonly string[];
  /** Bounds of the time in ms between the injection and `end`; 3,000 to 8,000 if not given. */
  lastsMs?: readonly [least: number, most: number];
  /** Kafka forgets what was delivered before or meanwhile: what is on the topic is compared before, and not for that time. */
  forgetsTopic?: boolean;
  /** It stops nodes in order: each request that an edge had taken in has to be answered all the same. */
  answersAll?: boolean;
  /** Why it can't be tried on this machine (not root, not Linux); undefined where it can. */
  impossible?(target: Target): Promise<string | undefined>;
  /**
   * Brings it about, and resolves when it is under way. `end` puts everything right and resolves when that is done: from then
   * on the system has to recover by itself. Called once, also when the run is being stopped.
   */
  inject(target: Target, random: Random): Promise<{ end(): Promise<void> }>;
}
