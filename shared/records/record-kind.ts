import type { EntitySchema } from '@mikro-orm/core';
import type { ItemFault } from '../errors/problem.ts';
import type { SettingName, Settings } from '../config/settings.ts';
import type { ItemRules } from './item-rules.ts';
import type { ProcessStep } from './process-step.ts';

/** A stored record as its entity's properties: decimals, bigints and times as PostgreSQL's text or JS values. */
export type RecordRow = Record<string, unknown>;

/** The ways a ledger row comes to be. */
export type LedgerOp = 'insert' | 'update' | 'delete';

/** A fault of one item before its index is known. */
export type Fault = Omit<ItemFault, 'index'>;

/** Delivery of a kind's records to Kafka: one message per record and version. */
export interface KafkaSink {
  to: 'kafka';
  /** Setting that names the topic. */
  topicSetting: SettingName;
  on: readonly LedgerOp[];
}

/** Delivery of a kind's changes to an HTTP service, one call per record. */
export interface HttpSink {
  to: 'http';
  /** Last part of the sink's name, `http:<service>`. */
  service: string;
  /** Setting with the service's address; while it is empty nothing is owed to this sink. */
  urlSetting: SettingName;
  /** A call tells of a record, so a deletion is not among them. */
  on: readonly Exclude<LedgerOp, 'delete'>[];
  /** Whether this record in its new state is owed to the service. */
  applies(row: RecordRow): boolean;
  /** The calls that tell the service of the record's current state. */
  tell(row: RecordRow, http: HttpCalls): Promise<void>;
}
export type SinkOfKind = KafkaSink | HttpSink;

/** What an HTTP sink may do; every call has a time limit, and an answer other than 2xx is thrown as an error. */
export interface HttpCalls {
  get(path: string): Promise<unknown>;
  put(path: string, body: unknown): Promise<unknown>;
}

/** How a list may be filtered by one property. */
export interface ListFilter {
  property: string;
  type: 'text' | 'choice' | 'whole';
  /** Known values of a choice. */
  values?: readonly string[];
}

/** A column of another table that a record shows. */
export interface Joined {
  /** The record's property that holds the other row's key. */
  via: string;
  table: string;
  /** The other table's column that `via` is compared with. */
  key: string;
  column: string;
  /** The other table's column that says when a row was changed last, where it grows large. */
  changedAt?: string;
}

/** A member of a record that is an object of properties. */
export interface WireGroup {
  name: string;
  /** Its members in order, each with the property it shows. */
  members: Readonly<Record<string, string>>;
  /** Null as a whole where this property is null. */
  nullWith?: string;
}

/** What a client may change on a stored record. */
export interface Change {
  /** Rules of the body, `version` included. */
  rules: ItemRules;
  /** The properties that change, or the faults that forbid it; with `conflict` they are of the record's state (409), else of the body (400). `version` is moved by the writer, not here. */
  apply(current: RecordRow, body: RecordRow): { set: RecordRow } | { faults: Fault[]; conflict?: true };
}

/** Records of the kind may be deleted, under their version. The deletion is told with the record as it was, and a version more. */
export interface Removal {
  /** What about its state forbids it (409), or undefined. */
  forbids(current: RecordRow): Fault | undefined;
}

/**
 * One kind of record: everything Sluice must know to take it in, check, store, list and deliver it.
 * A file in shared/records that exports one as its default is all that a new kind takes.
 */
export interface RecordKind {
  /** Singular, lower case; names metrics, ledger rows and messages. */
  name: string;
  entity: EntitySchema;
  /**
   * Path names under /api/v1: the collection, one record, and the member that carries a batch. With `bulk: 'array'` a POST of the collection
   * is a plain array of records, and there is none of a single one.
   */
  rest: { collection: string; one: string; bulk?: 'array' };
  /** Rules of an item as clients send it; without a `process` step these are the values of its row too. */
  item: ItemRules;
  /** Carries items out before they are stored. Such a kind is taken in large batches only, and each is staged first. */
  process?: ProcessStep;
  /** Members of an item that are accepted and left out. */
  ignored: readonly string[];
  /** Properties that Sluice sets at intake: the instant of the batch. */
  receivedAt?: string;
  /** Tables that its entity refers to. */
  lookups?: readonly EntitySchema[];
  /** Further properties of a record, read from other tables in the same query. */
  joined?: Readonly<Record<string, Joined>>;
  /** Properties that must name a row of the table that they are joined with, each with the constraint that says so: checked before anything is written. */
  references?: Readonly<Record<string, string>>;
  /** Members of a record in REST and Kafka, in order: properties of the entity or joined, groups of them, or `sentTimestamp`, read through the ledger. */
  wire: readonly (string | WireGroup)[];
  /**
   * What later messages of a record are to earlier ones. `state` (the default): they take their place, so that a refused one holds
   * up nothing. `events`: each is told, none overtakes another; what comes after a refused one waits until that is delivered or
   * discarded. A message is the record as it is when it is sent, in both.
   */
  order?: 'state' | 'events';
  sinks: readonly SinkOfKind[];
  /** Constraints of the table that an item can violate, with what the client is told. */
  constraints: Record<string, Fault>;
  list: {
    filters: Record<string, ListFilter>;
    sorts: Record<string, string>;
    /** Name of the parameter that sorts (`sortBy`), and the longest page (100). */
    sortParameter?: string;
    mostLimit?: number;
  };
  change?: Change;
  removal?: Removal;
}

/** Checks nothing, promises the type: what a kind's file exports. */
export function defineRecordKind(kind: RecordKind): RecordKind {
  return kind;
}

/** Rules of the values that a row of this kind is written with. */
export function rowRules(kind: RecordKind): ItemRules {
  return kind.process?.result ?? kind.item;
}

/** Name of a sink in ledger, shards and metrics. */
export function sinkName(sink: SinkOfKind, settings: Settings): string {
  return sink.to === 'kafka' ? `kafka:${String(settings[sink.topicSetting])}` : `http:${sink.service}`;
}

/** The sinks that rows of this operation are owed to, under these settings. */
export function sinksOf(kind: RecordKind, op: LedgerOp, settings: Settings, row?: RecordRow): string[] {
  return kind.sinks
    .filter((s) => (s.on as readonly LedgerOp[]).includes(op))
    .filter((s) => s.to === 'kafka' || (settings[s.urlSetting] !== '' && (row === undefined || s.applies(row))))
    .map((s) => sinkName(s, settings));
}
