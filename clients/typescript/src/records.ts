import type { components } from './api.ts';
import type { Http } from './http.ts';

type Schemas = components['schemas'];
export type Execution = Schemas['Execution'];
export type ExecutionInput = Schemas['ExecutionInput'];
export type ExecutionChange = Schemas['ExecutionChange'];
export type ExecutionsSubmitted = Schemas['ExecutionBatch'];
export type Order = Schemas['Order'];
export type OrderInput = Schemas['OrderInput'];
export type OrdersSubmitted = Schemas['Submission'];
/** Not known yet: what becomes of it stands with the batch. */
export type Pending = Schemas['Pending'];
export interface Page<T> {
  content: T[];
  pagination: Schemas['Pagination'];
}
/** What came of each order, in the order sent. */
export interface OrdersCreated {
  status: 'SUCCESS' | 'PARTIAL' | 'FAILURE';
  message: string;
  totalReceived: number;
  successful: number;
  failed: number;
  batchId: string;
  orders: { status: 'SUCCESS' | 'FAILURE'; message: string; requestIndex: number; orderId?: number; order: Order | null; code?: string; errors?: Schemas['Fault'][] }[];
}

/** Of every call that writes. */
export interface WriteOptions {
  /** The same key with the same content is done once and answered alike; made up where none is given, and kept for every try. */
  idempotencyKey?: string;
  /** Your own name for the request: receipts are found by it. */
  clientReference?: string;
  /** Seconds that Sluice may take; what is not written by then is told as such. */
  waitSeconds?: number;
  signal?: AbortSignal;
}
type Query = Record<string, string | number | undefined>;

/** Executions. */
export class Executions {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /**
   * Stores up to 5,000 and answers for each, also where none could be stored. Tried again as often as it takes, always under one key.
   * @throws SluiceError where the request as a whole was refused; NoAnswer, with the key under which to ask again
   */
  async submit(items: readonly ExecutionInput[], options: WriteOptions & { minimal?: boolean } = {}): Promise<ExecutionsSubmitted | Pending> {
    const minimal = options.minimal === true ? ['return=minimal'] : [];
    return (await this.#http.ask<ExecutionsSubmitted | Pending>({ method: 'POST', path: '/api/v1/executions/batch', json: { executions: items }, answers: [400, 503], ...writing(options, minimal) })).body;
  }

  /** Changes one under its version. @throws SluiceError 409 `version-conflict` where it has another by now */
  async change(id: number, change: ExecutionChange, options: WriteOptions = {}): Promise<Execution> {
    return (await this.#http.ask<Execution>({ method: 'PUT', path: `/api/v1/execution/${id}`, json: change, ...writing(options) })).body;
  }

  async get(id: number): Promise<Execution> {
    return (await this.#http.ask<Execution>({ path: `/api/v1/execution/${id}` })).body;
  }

  async list(query: Query = {}): Promise<Page<Execution>> {
    return (await this.#http.ask<Page<Execution>>({ path: '/api/v1/executions', query })).body;
  }
}

/** Orders. */
export class Orders {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Stores up to 1,000 and answers for each, also where none could be stored. */
  async create(items: readonly OrderInput[], options: WriteOptions = {}): Promise<OrdersCreated | Pending> {
    return (await this.#http.ask<OrdersCreated | Pending>({ method: 'POST', path: '/api/v1/orders', json: items, answers: [503], ...writing(options) })).body;
  }

  /** Submits orders to the trade service, each once, and answers for each; what is PENDING goes on and is found out. */
  async submit(orderIds: readonly number[], options: WriteOptions = {}): Promise<OrdersSubmitted> {
    return (await this.#http.ask<OrdersSubmitted>({ method: 'POST', path: '/api/v1/orders/batch/submit', json: { orderIds }, answers: [400, 503], ...writing(options) })).body;
  }

  async get(id: number): Promise<Order> {
    return (await this.#http.ask<Order>({ path: `/api/v1/order/${id}` })).body;
  }

  async list(query: Query = {}): Promise<Page<Order>> {
    return (await this.#http.ask<Page<Order>>({ path: '/api/v1/orders', query })).body;
  }
}

function writing({ idempotencyKey = crypto.randomUUID(), clientReference, waitSeconds, signal }: WriteOptions, prefer: readonly string[] = []) {
  const preferred = [...prefer, ...(waitSeconds === undefined ? [] : [`wait=${waitSeconds}`])].join(', ');
  return { idempotencyKey, signal, headers: { 'Client-Reference': clientReference, Prefer: preferred === '' ? undefined : preferred } };
}
