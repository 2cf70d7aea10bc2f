import { ackedIds, partitionsLeft, type LedgerRow } from './ledger-row.ts';
import type { Outgoing } from './sink.ts';

/**
 * The decision what goes into the next send; no I/O, no clock. Order per record always holds: nothing of a shard goes to a partition
 * that is blocked. A refused message holds up nobody: a later state of its record takes its place. Only events wait for each
 * other, record by record.
 */

/** What a sink is like, as far as planning goes. */
export interface PlanLimits {
  maxMessages: number;
  maxPartitionBytes: number;
  partitionOf(id: number, row: LedgerRow): number;
}

/**
 * What the messages of a kind are: states, of which a later one takes an earlier one's place; events that go one at a time, so
 * that a consumer never sees an earlier one after a later one, not even when an answer was lost; or events that go in lots, many
 * times faster, of which then the whole lot comes again.
 */
export type Telling = 'states' | 'events' | 'lots';

/** A ledger row with what of it is to be sent now: ids by partition, ascending. */
export interface Candidate {
  row: LedgerRow;
  send: Map<number, number[]>;
  /** Partitions with messages that stay to be tried, whatever becomes of this send. */
  left: Set<number>;
  /** By partition of a row that was cut: ids from low to high of which nothing was there to send. They are done with, or the cut would never move on. */
  vacant: Map<number, [low: number, high: number]>;
  /** All refused messages that are to be tried again, with their partitions. */
  tried: Map<number, number>;
  /** Those of them that are not tried now, by partition. */
  resting: Map<number, readonly number[]>;
  /** Refused messages of which nothing is there to send any more. */
  gone: Set<number>;
  /** Ids of a slice of which nothing was there to send: the others' offsets follow from their ranks. */
  absent: Set<number>;
}

/**
 * Step one: rows and ids, before any record is loaded. Rows come in id order within each shard. A row of which nothing can
 * go now is a candidate with an empty `send` if the ledger does not know yet which partitions it waits for.
 * @param blocked partitions that nothing may go to now
 * @param tellingOf what the messages of a kind are
 */
export function pickMessages(rows: readonly LedgerRow[], blocked: ReadonlySet<number>, limits: PlanLimits, tellingOf: (kind: string) => Telling): Candidate[] {
  const candidates: Candidate[] = [];
  const shards = new Map<number, ShardPick>();
  let room = limits.maxMessages;
  for (const row of rows) {
    const shard = shards.get(row.shard) ?? { taken: [], held: new Set<number>() };
    shards.set(row.shard, shard);
    const candidate: Candidate = { row, send: new Map(), left: new Set(), vacant: new Map(), tried: new Map(), resting: new Map(), gone: new Set(), absent: new Set() };
    const open = openIds(row, limits);
    const telling = tellingOf(row.kind);
    const alone = row.op === 'replay' || telling === 'events';
    let count = 0;
    let isBlocked = false;
    for (const [partition, ids] of open) {
      isBlocked ||= blocked.has(partition);
      const tried = row.tries === null ? NONE : ids.filter((id) => row.tries?.[id] !== undefined);
      for (const id of tried) candidate.tried.set(id, partition);
      const resting = row.waitMs > 0 || blocked.has(partition) ? tried : NONE;
      if (resting.length > 0) candidate.resting.set(partition, resting);
      const ready = resting.length === 0 ? ids : ids.filter((id) => !resting.includes(id));
      const stays = ready.length > 0 && (blocked.has(partition) || isHeld(shard, row, ready));
      if (telling === 'lots') for (const id of stays ? ids : resting) shard.held.add(id);
      if (stays) candidate.left.add(partition);
      else if (ready.length > 0) {
        candidate.send.set(partition, ready);
        count += ready.length;
      }
    }
    if (count > room) {
      // Rows go whole, so that most have one offset a partition; only one that would never fit is cut.
      if (room === limits.maxMessages) candidates.push(cut(candidate, room));
      break;
    }
    room -= count;
    shard.taken.push(row);
    if (alone) for (const ids of open.values()) for (const id of ids) shard.held.add(id);
    if (count > 0 || open.size === 0 || (isBlocked && partitionsLeft(row) === undefined)) candidates.push(candidate);
  }
  return candidates;
}

const NONE: readonly number[] = [];

/** What a shard's rows that were looked at so far mean for later ones. */
interface ShardPick {
  taken: LedgerRow[];
  /** Records of which nothing more may go into this send. */
  held: Set<number>;
}

/** Whether nothing more may go of a record of these in this send: an earlier event of it stays, or a replay goes apart from all else of its record. */
function isHeld(shard: ShardPick, row: LedgerRow, ids: readonly number[]): boolean {
  if (shard.held.size > 0 && ids.some((id) => shard.held.has(id))) return true;
  return row.op === 'replay' && shard.taken.some((t) => t.firstId <= row.firstId && row.firstId < t.firstId + t.span);
}

/** As much of a row as `room` messages allow: whole partitions, or a piece of the first. */
function cut(candidate: Candidate, room: number): Candidate {
  const send = new Map<number, number[]>();
  const left = new Set(candidate.left);
  let free = room;
  for (const [partition, ids] of candidate.send) {
    if (ids.length > free) left.add(partition);
    if (ids.length <= free || send.size === 0) send.set(partition, ids.slice(0, free));
    free = Math.max(0, free - ids.length);
  }
  return { ...candidate, send, left };
}

/**
 * The row's ids that are neither acknowledged nor dead, by partition. Ids of rejected items are among them; no record will be found.
 * Runs of acknowledged ids may reach over a refused one: it counts as open as long as it is among the tries.
 */
function openIds(row: LedgerRow, limits: PlanLimits): Map<number, number[]> {
  const left = partitionsLeft(row);
  const open = new Map<number, number[]>();
  for (let id = row.firstId; id < row.firstId + row.span; id++) {
    const partition = limits.partitionOf(id, row);
    if (row.tries?.[id] === undefined) {
      if (left !== undefined && !left.includes(partition)) continue;
      if (left !== undefined && ackedIds(row, partition).some(([low, high]) => id >= low && id <= high)) continue;
    }
    const ids = open.get(partition);
    if (ids === undefined) open.set(partition, [id]);
    else ids.push(id);
  }
  return open;
}

/** Messages of one row for one partition, at positions [from, to] of what goes to that partition. */
export interface Part {
  candidate: Candidate;
  from: number;
  to: number;
}

export interface Send {
  groups: { partition: number; messages: Outgoing[]; parts: Part[] }[];
  candidates: Candidate[];
}

/**
 * Step two: the messages, bounded by bytes for each partition. `messageOf` gives undefined for a record that is gone or has
 * a later version: it counts as superseded.
 */
export function assembleSend(candidates: readonly Candidate[], limits: PlanLimits, messageOf: (row: LedgerRow, id: number) => Outgoing | undefined): Send {
  const groups = new Map<number, { partition: number; messages: Outgoing[]; parts: Part[]; bytes: number; full: boolean }>();
  for (const candidate of candidates) {
    for (const [partition, ids] of candidate.send) {
      const group = groups.get(partition) ?? { partition, messages: [], parts: [], bytes: 0, full: false };
      groups.set(partition, group);
      const wasCut = candidate.left.has(partition);
      const messages = group.full ? undefined : fitting(candidate, ids, limits.maxPartitionBytes - group.bytes, group.messages.length === 0, messageOf);
      if (messages === undefined || !messages.complete) {
        group.full = true;
        candidate.left.add(partition);
      }
      if (messages?.complete === true && messages.list.length === 0 && wasCut) candidate.vacant.set(partition, [ids[0] ?? 0, ids.at(-1) ?? 0]);
      if (messages === undefined || messages.list.length === 0) continue;
      const from = group.messages.length;
      for (const message of messages.list) group.messages.push(message);
      group.bytes += messages.bytes;
      group.parts.push({ candidate, from, to: group.messages.length - 1 });
    }
  }
  const filled = [...groups.values()].filter((g) => g.messages.length > 0).map(({ partition, messages, parts }) => ({ partition, messages, parts }));
  return { groups: filled, candidates: [...candidates] };
}

/** The row's messages for a partition: all of them, or none; or, if nothing is there yet, as many as the bytes allow, at least one. */
function fitting({ row, gone, absent }: Candidate, ids: readonly number[], room: number, first: boolean, messageOf: (row: LedgerRow, id: number) => Outgoing | undefined) {
  const list: Outgoing[] = [];
  let bytes = 0;
  for (const id of ids) {
    const message = messageOf(row, id);
    if (message === undefined) {
      if (row.span > 1) absent.add(id);
      if (row.tries?.[id] !== undefined) gone.add(id);
      continue;
    }
    if (bytes + message.bytes > room && !(first && list.length === 0)) return first ? { list, bytes, complete: false } : undefined;
    list.push(message);
    bytes += message.bytes;
  }
  return { list, bytes, complete: true };
}
