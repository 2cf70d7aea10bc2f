import type { SettingName, Settings } from '../config/settings.ts';
import type { HttpPool } from '../http/http-pools.ts';
import type { ItemRules } from './item-rules.ts';
import type { RecordRow } from './record-kind.ts';

/** What an item failed of; receipts, counts and metrics tell them apart. */
export const CATEGORIES = ['EXECUTION_ERROR', 'RESOURCE_ERROR', 'ITEM_ERROR', 'SYSTEM_ERROR', 'TIMEOUT_ERROR'] as const;
export type Category = (typeof CATEGORIES)[number];

/** An error of a step that says itself what it is. Its message is told to the client, and never logged. */
export class StepError extends Error {
  readonly category: Category;
  constructor(category: Category, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StepError';
    this.category = category;
  }
}

/** Settings that say how a service is called over HTTP: its address, and the longest time to connect and to answer, in ms. */
export interface ServiceSettings {
  url: SettingName;
  connectTimeout: SettingName;
  responseTimeout: SettingName;
}

/** What a step is given beside its item. */
export interface StepContext {
  batchId: string;
  /** The item's index in its batch. */
  index: number;
  /** Of this item, from 1. */
  attempt: number;
  /** The same for every attempt at this item: whoever keeps it can tell a repeat. */
  idempotencyKey: string;
  /** Aborted when the time limit is over, when the batch has ended, and when the node stops: then nobody waits for the step. */
  signal: AbortSignal;
  settings: Settings;
  /** A stored record as it is now: PostgreSQL's text by property; undefined where there is none. */
  record: (kind: string, id: number) => Promise<RecordRow | undefined>;
  /** Kept connections of this node to a service: bounded, with time limits. */
  service: (settings: ServiceSettings) => HttpPool;
}

/** Carries one item out: the checked item (decimals and texts as text, whole numbers as numbers) becomes the values of a row. */
export type StepFunction = (item: RecordRow, context: StepContext) => Promise<RecordRow>;

/** What a step that is an action is called with; it answers the values of a row. */
export interface StepCall {
  item: RecordRow;
  batchId: string;
  index: number;
  attempt: number;
  idempotencyKey: string;
}

/** When an item that failed is tried again. Its pauses double, or grow by another factor, up to the longest. */
export interface RetryPauses {
  firstPauseMs: number;
  factor: number;
  longestPauseMs: number;
}

/** How the items of a kind are carried out before they are stored: what the step answers is the row, what fails is refused. */
export type ProcessStep = StepRules & (StepHere | StepElsewhere);

/** By nodes of the fleet. */
interface StepHere {
  /** A function in the kind's file, run by the node that has the item in hand; or a Moleculer action, on any node that offers it. */
  run: StepFunction | { action: string };
  elsewhere?: undefined;
  /**
   * `at-least-once`: tried again after failures, and after the death of a node, with the same idempotency key.
   * `at-most-once`: called once and never again; an item whose call had no known end is refused.
   */
  delivery: 'at-most-once' | 'at-least-once';
}

/** By somebody who reads Kafka: each attempt at an item is a message, and answered by `ItemProcessingCompleted` (docs/events). */
export interface StepElsewhere {
  run?: undefined;
  /** Setting that names the topic; `itemsTopic` unless a kind needs one of its own. */
  elsewhere: { topicSetting: SettingName };
  /** Kafka delivers at least once, so a message may come twice, with the same idempotency key. */
  delivery: 'at-least-once';
}

interface StepRules {
  /** Longest time of one attempt; of one elsewhere, from the moment at which Kafka has its message. */
  timeLimitMs: number;
  /** Rules of what the step answers: the values of the row. */
  result: ItemRules;
  retries?: RetryPauses;
  /** Settings that the step cannot do without: while one is empty, batches of the kind are refused at once. */
  needs?: readonly SettingName[];
}

/** The first setting that a step cannot do without and that is empty or off. */
export function missingSetting({ needs = [], elsewhere }: ProcessStep, settings: Settings): SettingName | undefined {
  // Answers come in as commands.
  const names: readonly SettingName[] = elsewhere === undefined ? needs : [...needs, 'batchCommands'];
  return names.find((name) => settings[name] === '' || settings[name] === false);
}

export const DEFAULT_RETRIES: RetryPauses = { firstPauseMs: 1_000, factor: 2, longestPauseMs: 30_000 };
