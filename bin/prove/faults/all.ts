import type { Fault } from './fault.ts';
import { FILL_MEMORY } from './fill-memory.ts';
import { FREEZE_NODES } from './freeze-nodes.ts';
import { KAFKA_SERVER } from './kafka-server.ts';
import { KAFKA_TOPIC } from './kafka-topic.ts';
import { KILL_NODES } from './kill-nodes.ts';
import { MOVE_CLOCKS } from './move-clocks.ts';
import { NATS_SERVER } from './nats-server.ts';
import { POSTGRES_DISK } from './postgres-disk.ts';
import { POSTGRES_SERVER } from './postgres-server.ts';
import { POSTGRES_STATEMENTS } from './postgres-statements.ts';
import { PRICE_SERVICE } from './price-service.ts';
import { STOP_NODES } from './stop-nodes.ts';
import { TRADE_SERVICE } from './trade-service.ts';
import { WIRE_FAULTS } from './wires.ts';

/** Every fault that `sluice prove` knows, in the order of its table. */
export const ALL_FAULTS: readonly Fault[] = [
  ...KILL_NODES,
  ...STOP_NODES,
  ...FREEZE_NODES,
  ...FILL_MEMORY,
  ...POSTGRES_SERVER,
  ...POSTGRES_STATEMENTS,
  ...POSTGRES_DISK,
  ...NATS_SERVER,
  ...KAFKA_SERVER,
  ...KAFKA_TOPIC,
  ...PRICE_SERVICE,
  ...TRADE_SERVICE,
  ...MOVE_CLOCKS,
  ...WIRE_FAULTS,
];
