import type { Scoreboard } from '../promises.ts';
import type { ReadMessage } from './read-new.ts';

/** What came of one order. */
export interface OrderTrack {
  /** Events by the version that they are of: inserts, updates and the deletion, each once. */
  versions: Set<number>;
  /** The version of its deletion. */
  deleted?: number;
  /** Events that its submission was refused. */
  failed: number;
}

const EVENT_ID = /^order:(\d+):(\d+)$/;
const TYPES = ['insert', 'update', 'delete', 'SubmissionFailed'].map((name) => `sluice.order.${name}`);

/** What a consumer of order-events sees: every message once, each partition in its order. */
export class OrderTopic {
  readonly #scoreboard: Scoreboard;
  readonly #tracks = new Map<number, OrderTrack>();
  messages = 0;

  constructor(scoreboard: Scoreboard) {
    this.#scoreboard = scoreboard;
  }

  /** Takes a message in: an event that has not come before must be of a later version than all that did; a repeat may come at any time. */
  note({ partition, offset, key, value, type, eventId }: ReadMessage): void {
    this.messages += 1;
    this.#scoreboard.tried('ordered');
    const place = `message ${offset} of partition ${partition} of order-events`;
    const [, order, number] = EVENT_ID.exec(eventId ?? '') ?? [];
    if (order === undefined || key !== order || type === undefined || !TYPES.includes(type) || idOf(value) !== Number(order)) return this.#scoreboard.broken('delivered', `${place} (${String(type)} ${String(eventId)}, key ${String(key)}) is no event of an order`);
    const version = Number(number);
    const track = this.of(Number(order)) ?? { versions: new Set(), failed: 0 };
    this.#tracks.set(Number(order), track);
    if (type === 'sluice.order.SubmissionFailed') {
      track.failed += 1;
      return;
    }
    if (track.versions.has(version)) return;
    const last = Math.max(0, ...track.versions);
    if (version < last) this.#scoreboard.broken('ordered', `${place}: order ${order} comes with version ${version} for the first time after version ${last}`);
    track.versions.add(version);
    if (type === 'sluice.order.delete') track.deleted = version;
  }

  /** What came of an order; undefined where nothing did. */
  of(id: number): OrderTrack | undefined {
    return this.#tracks.get(id);
  }

  ids(): Iterable<number> {
    return this.#tracks.keys();
  }
}

function idOf(value: string | null): unknown {
  try {
    return (JSON.parse(value ?? '') as { id?: unknown } | null)?.id;
  } catch {
    return undefined;
  }
}
