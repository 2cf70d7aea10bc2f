import { between, shuffled } from '../random.ts';
import { changeOrder, deleteOrder } from './change-orders.ts';
import type { Errand } from './errand.ts';
import { markOf } from './items.ts';
import { runsOf } from './journal.ts';
import { ordersBody } from './order-items.ts';
import { changedTo, newLife, type OrderLife, type OrderStory } from './order-stories.ts';
import { readCreated } from './read-created.ts';
import { askUntilClosed, untilKnown, type ItemsPlan } from './send-items.ts';
import { submitOrders, type SubmissionPlan } from './submit-orders.ts';

/** Most orders of a request that are changed, deleted, or fought over. */
const MOST_OF_EACH = 4;
const CLIENTS = [2, 4] as const;

/**
 * Creates orders; then some are changed and some deleted, and several clients submit the others at once, each a part of them that
 * overlaps with the others', while a few of these are changed or deleted under their hands.
 */
export async function sendOrders(errand: Errand, plan: ItemsPlan): Promise<void> {
  const { load, no, chronicle, counts, random } = errand;
  const fromMs = chronicle.now();
  counts.requests += 1;
  counts.items += plan.items;
  const { attempts, edge, known } = await untilKnown(errand, plan, {
    path: '/api/v1/orders',
    body: () => ordersBody(load, no, plan),
    read: (answered) => readCreated(answered, plan.items, (index) => markOf(load, no, index)),
  });
  const settledWritten = known.pending && known.batchId !== undefined ? await askUntilClosed(errand, known.batchId) : undefined;
  const lives = new Map(known.fates.flatMap((fate, index) => (typeof fate === 'number' ? [[fate, newLife(fate, index)] as const] : [])));
  const story: OrderStory = {
    lives, fromMs, toMs: chronicle.now(),
    entry: {
      no, shape: 'orders', items: plan.items, badShare: plan.badShare, keyed: plan.keyed === true, edge, fromMs, toMs: chronicle.now(), attempts,
      ...(known.batchId === undefined ? {} : { batchId: known.batchId }), ...(known.pending ? { pending: true } : {}), ...(settledWritten === undefined ? {} : { settledWritten }), ...runsOf(known.fates),
    },
  };
  errand.orders.push(story);
  const mixed = shuffled(random, [...lives.values()]);
  const some = () => mixed.splice(0, Math.min(MOST_OF_EACH, Math.floor(mixed.length / 6)));
  const [deleted, changed] = [some(), some()];
  await Promise.all([...deleted.map((life) => deleteOrder(errand, life, 1, false)), ...changed.map((life) => changeTwice(errand, life))]);
  const contested = [...some(), ...changed];
  const submitted = [...mixed, ...contested];
  if (submitted.length > 0) {
    const clients = Array.from({ length: between(random, ...CLIENTS) }, (_, i) => clientOf(errand, submitted, i));
    await Promise.all([...clients.map((submit) => submit()), ...contested.map((life, i) => contest(errand, life, i % 2 === 0))]);
  }
  story.toMs = chronicle.now();
}

/** Where the fate of the first change is not known, its version isn't either. */
async function changeTwice(errand: Errand, life: OrderLife): Promise<void> {
  if ((await changeOrder(errand, life, 1, false)) === 'made') await changeOrder(errand, life, 2, false);
}

/** Changes or deletes an order that others submit now, by the version that its client knows. */
async function contest(errand: Errand, life: OrderLife, deletes: boolean): Promise<void> {
  const { sure, perhaps } = changedTo(life);
  if (sure !== perhaps) return;
  if (deletes) await deleteOrder(errand, life, sure, true);
  else await changeOrder(errand, life, sure, true);
}

/** A client that submits a part of the orders, in an order of its own; what it does is drawn before any of them begins. */
function clientOf(errand: Errand, submitted: readonly OrderLife[], client: number): () => Promise<void> {
  const { random, load, no } = errand;
  const single = random() < 0.25;
  const share = client === 0 ? 1 : 0.4 + random() * 0.6;
  const lives = shuffled(random, submitted).slice(0, single ? 1 : Math.max(1, Math.round(submitted.length * share)));
  const keyed = random() < 0.4;
  const plan: SubmissionPlan = { single: single && client > 0, again: keyed && random() < 0.5, ...(keyed ? { key: `${load.tag}-${no}-submit-${client}` } : {}), ...(random() < 0.15 && client > 0 ? { vanishMs: between(random, 0, 60) } : {}) };
  return () => submitOrders(errand, lives, plan);
}
