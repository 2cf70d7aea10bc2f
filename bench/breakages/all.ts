import { BLOCKED_WRITERS } from './blocked-writers.ts';
import type { Breakage } from './breakage.ts';
import { floodingClient } from './flooding-client.ts';
import { KAFKA_AWAY } from './kafka-away.ts';
import { poisonMessages } from './poison-messages.ts';
import { SLOW_DATABASE } from './slow-database.ts';

/** Every breakage of the show, in its order. @param loaderKey the key of the client that sends too long records, and too many */
export const allBreakages = (loaderKey: () => string): readonly Breakage[] => [KAFKA_AWAY, SLOW_DATABASE, poisonMessages(loaderKey), BLOCKED_WRITERS, floodingClient(loaderKey)];
