import type { KeyRing } from '../access/key-ring.ts';
import type { Settings } from '../config/settings.ts';
import type { Database } from '../db/connect.ts';
import type { FollowedSettings } from '../live/follow-settings.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { RecordKind } from '../records/record-kind.ts';
import type { BreakerSwitch } from './breaker.ts';
import type { DrainSwitch } from './drain-switch.ts';
import type { Health } from './health.ts';
import type { IntakeGate } from './intake-gate.ts';
import type { Logger } from './log.ts';
import type { Tracing } from '../tracing/tracing.ts';

/** What every service of a node is given: made once at the node's start, closed at its end. */
export interface NodeContext {
  nodeId: string;
  /** Services of this node, e.g. `gateway`, `batcher`. */
  services: readonly string[];
  /** Live ones change: who copies a value keeps the old one. */
  settings: Settings;
  /** Follows what is changed in the settings while the node runs. */
  live: FollowedSettings;
  /** Keys of clients, as known a moment ago. */
  keys: KeyRing;
  /** Record kinds by name. */
  kinds: ReadonlyMap<string, RecordKind>;
  log: Logger;
  database: Database;
  metrics: Metrics;
  /** Undefined where traces are told to nobody, as is the default. */
  tracing?: Tracing | undefined;
  health: Health;
  /** Asked before the body of a writing request is read. */
  gate: IntakeGate;
  /** Breakers of this node by name, for an operator to trip and reset: `admission`, `trade-service`, or a cluster of sinks such as `kafka`. */
  breakers: Map<string, BreakerSwitch>;
  /** Whether an operator wants no new work here. */
  drain: DrainSwitch;
  /** What a stopping node does before anything else: closes its intake, so that what is in work can finish. */
  onDrain: (() => Promise<void>)[];
}
