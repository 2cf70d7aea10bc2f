import http from 'node:http';
import { oneByWeight, randomOf } from '../random.ts';
import { ask, clientAgent } from './ask.ts';
import type { Changeable, Changes } from './changes.ts';
import { pause, type Counts, type Errand, type LoadTools } from './errand.ts';
import type { OrderStory } from './order-stories.ts';
import type { Revaluations } from './revaluations.ts';
import { sendItems } from './send-items.ts';
import { LOAD_SHAPES } from './shapes.ts';

/** Clients that send until they are told to stop. */
export interface Load {
  readonly counts: Counts;
  readonly changes: Changes;
  readonly revaluations: readonly Revaluations[];
  readonly orders: readonly OrderStory[];
  /** Sends one record to this edge with this patience; whether it was stored. It counts as any other request. */
  probe(edge: number, patienceMs: number): Promise<boolean>;
  /** Sends so many large requests at once, and doesn't wait for them: so that an edge has work in hand. */
  burst(requests: number): void;
  /** Asks every edge whether it lives, each on a new connection. Resolves when they have answered, or could not. */
  ping(): Promise<void>;
  /** No new requests from now on; resolves when all under way have ended. */
  rest(): Promise<void>;
  /** Goes on after a rest. */
  resume(): void;
  /** Rests for good. */
  stop(): Promise<void>;
}

/** Most records that a client keeps in mind for changes. */
const MOST_CHANGEABLE = 200;
const BURST_ITEMS = 1_000;
const BURST_PATIENCE_MS = 32_000;
const PING_MS = 5_000;

/**
 * Starts clients that draw their requests from the seed: what each request is follows from its number alone.
 * @param pace senders at the same time, and requests a second of all of them together at most
 */
export function startLoad(tools: Omit<LoadTools, 'agent' | 'counts' | 'changes' | 'revaluations' | 'orders'>, pace: { senders: number; perSecond: number }): Load {
  const counts: Counts = { requests: 0, items: 0, unanswered: 0, statuses: new Map() };
  const changes: Changes = new Map();
  const revaluations: Revaluations[] = [];
  const orders: OrderStory[] = [];
  const shared: LoadTools = { ...tools, agent: clientAgent(), counts, changes, revaluations, orders };
  const { seed } = tools.load;
  const gapMs = (1_000 * pace.senders) / pace.perSecond;
  let next = 0;
  let on = false;
  let senders: Promise<void>[] = [];
  const memories = Array.from({ length: pace.senders }, (): Changeable[] => []);
  const errandOf = (changeable: Changeable[]): Errand => {
    const no = ++next;
    return { ...shared, no, random: randomOf(seed, 'request', no), changeable };
  };
  const sender = async (changeable: Changeable[]): Promise<void> => {
    while (on && !tools.stopped.aborted) {
      const began = performance.now();
      const errand = errandOf(changeable);
      await oneByWeight(errand.random, LOAD_SHAPES).run(errand);
      changeable.splice(0, changeable.length - MOST_CHANGEABLE);
      // Without the pause an edge that refuses connections would be asked in a tight circle.
      await pause(errand, Math.max(5, gapMs * (0.5 + errand.random()) - (performance.now() - began)));
    }
  };
  const resume = () => {
    if (on) return;
    on = true;
    senders = memories.map(sender);
  };
  const bursts = new Set<Promise<unknown>>();
  const rest = async () => {
    on = false;
    await Promise.all([...senders, ...bursts]);
  };
  resume();
  return {
    counts, changes, revaluations, orders, rest, resume,
    async probe(edge, patienceMs) {
      const errand = errandOf([]);
      const fates = await sendItems({ ...errand, edges: [shared.edges[edge] as string] }, 'probe', { items: 1, single: true, badShare: 0, patienceMs: [patienceMs] });
      return typeof fates[0] === 'number';
    },
    burst(requests) {
      for (let i = 0; i < requests; i++) {
        const sent = sendItems(errandOf([]), 'burst', { items: BURST_ITEMS, badShare: 0, prefer: 'return=minimal', patienceMs: [BURST_PATIENCE_MS] });
        bursts.add(sent);
        void sent.finally(() => bursts.delete(sent));
      }
    },
    async ping() {
      const agent = new http.Agent({ keepAlive: false });
      await Promise.all(tools.edges.map((edge) => ask(edge, { method: 'GET', path: '/health/live', timeoutMs: PING_MS, stopped: tools.stopped }, agent)));
    },
    async stop() {
      await rest();
      shared.agent.destroy();
    },
  };
}
