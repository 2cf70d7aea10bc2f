import { ackedIds, partitionsLeft, type LedgerRow } from './ledger-row.ts';
import type { Outgoing } from './sink.ts';

/**
 * The decision what goes into the next send; no I/O, no clock. Order per record always holds: once something of a shard can't
 * go to a partition now, nothing later of that shard goes to that partition either (or, for sinks that are ordered by record,
 * nothing later of that record).
 */

/** What a sink is like, as far as planning goes. */
export interface PlanLimits {
  orderedBy: 'partition' | 'record';
  maxMessages: number;
  maxPartitionBytes: number;
  partitionOf(id: number): number;
}

/** A ledger row with what of it is to be sent now: ids by partition, ascending. */
export interface Candidate {
  row: LedgerRow;
  send: Map<number, number[]>;
  /** Partitions that stay unfinished, whatever becomes of this send. */
  left: Set<number>;
  /** By partition of a row that was cut: ids from low to high of which nothing was there to send. They are done with, or the cut would never move on. */
  vacant: Map<number, [low: number, high: number]>;
}

/** Rows of a shard that were put off: how long in ms until the first may go, and the partitions they hold. */
export interface Wait {
  ms: number;
  partitions: Set<number>;
}

export interface Pick {
  candidates: Candidate[];
  waits: Map<number, Wait>;
}

/**
 * Step one: rows and ids, before any record is loaded. Rows come in id order within each shard. A row of which nothing can
 * go now is a candidate with an empty `send` if the ledger does not know yet which partitions it waits for.
 * @param blockedIn partitions that nothing of this shard may go to now
 */
export function pickMessages(rows: readonly LedgerRow[], blockedIn: (shard: number) => ReadonlySet<number>, limits: PlanLimits): Pick {
  const candidates: Candidate[] = [];
  const waits: Pick['waits'] = new Map();
  const held = new Map<number, Set<number>>();
  let room = limits.maxMessages;
  for (const row of rows) {
    const heldHere = held.get(row.shard) ?? new Set<number>();
    held.set(row.shard, heldHere);
    const blocked = blockedIn(row.shard);
    const open = openIds(row, limits);
    const candidate: Candidate = { row, send: new Map(), left: new Set(), vacant: new Map() };
    let count = 0;
    for (const [partition, ids] of open) {
      const lanes = limits.orderedBy === 'partition' ? [partition] : ids;
      if (row.waitMs > 0 || blocked.has(partition) || lanes.some((lane) => heldHere.has(lane))) {
        if (row.waitMs > 0) noteWait(waits, row, partition);
        for (const lane of lanes) heldHere.add(lane);
        candidate.left.add(partition);
      } else {
        candidate.send.set(partition, ids);
        count += ids.length;
      }
    }
    if (count > room) {
      // Rows go whole, so that most have one offset a partition; only one that would never fit is cut.
      if (room === limits.maxMessages) candidates.push(cut(candidate, room));
      break;
    }
    room -= count;
    if (count > 0 || open.size === 0 || partitionsLeft(row) === undefined) candidates.push(candidate);
  }
  return { candidates, waits };
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
  return { row: candidate.row, send, left, vacant: new Map() };
}

/** The row's ids that are not acknowledged yet, by partition. Ids of rejected items are among them; no record will be found. */
function openIds(row: LedgerRow, limits: PlanLimits): Map<number, number[]> {
  const left = partitionsLeft(row);
  const open = new Map<number, number[]>();
  for (let id = row.firstId; id < row.firstId + row.span; id++) {
    const partition = limits.partitionOf(id);
    if (left !== undefined && !left.includes(partition)) continue;
    if (left !== undefined && ackedIds(row, partition).some(([low, high]) => id >= low && id <= high)) continue;
    const ids = open.get(partition);
    if (ids === undefined) open.set(partition, [id]);
    else ids.push(id);
  }
  return open;
}

function noteWait(waits: Pick['waits'], row: LedgerRow, partition: number): void {
  const wait = waits.get(row.shard) ?? { ms: row.waitMs, partitions: new Set<number>() };
  wait.ms = Math.min(wait.ms, row.waitMs);
  wait.partitions.add(partition);
  waits.set(row.shard, wait);
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
      const messages = group.full ? undefined : fitting(candidate.row, ids, limits.maxPartitionBytes - group.bytes, group.messages.length === 0, messageOf);
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
function fitting(row: LedgerRow, ids: readonly number[], room: number, first: boolean, messageOf: (row: LedgerRow, id: number) => Outgoing | undefined) {
  const list: Outgoing[] = [];
  let bytes = 0;
  for (const id of ids) {
    const message = messageOf(row, id);
    if (message === undefined) continue;
    if (bytes + message.bytes > room && !(first && list.length === 0)) return first ? { list, bytes, complete: false } : undefined;
    list.push(message);
    bytes += message.bytes;
  }
  return { list, bytes, complete: true };
}
