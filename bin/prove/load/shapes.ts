import { between } from '../random.ts';
import type { Errand } from './errand.ts';
import { sendChange } from './send-change.ts';
import { sendItems, type ItemsPlan } from './send-items.ts';
import { sendOrders } from './send-orders.ts';
import { sendRevaluations } from './send-revaluations.ts';
import { sendUpload, type UploadPlan } from './send-upload.ts';
import type { Random } from '../faults/fault.ts';

/** One way in which clients use Sluice. Its `run` makes one request of the errand's number, until its client is done with it. */
export interface LoadShape {
  name: string;
  /** How often it comes, beside the others. */
  weight: number;
  run(errand: Errand): Promise<void>;
}

/** Below the edge's own deadline of 25 s nobody with patience goes away. */
const PATIENT = [32_000] as const;
const FEW_BAD = 0.03;

/** Every shape of the load. A further kind of record, or way to send it, is a further entry. */
export const LOAD_SHAPES: readonly LoadShape[] = [
  items('single', 22, (random) => ({ items: 1, single: true, badShare: FEW_BAD, keyed: random() < 0.3, patienceMs: PATIENT })),
  items('small', 18, (random) => ({ items: between(random, 2, 50), badShare: FEW_BAD, patienceMs: PATIENT })),
  items('batch', 8, (random) => ({ items: between(random, 100, 500), badShare: FEW_BAD, prefer: 'return=minimal', keyed: random() < 0.5, patienceMs: PATIENT })),
  items('large', 2, (random) => ({ items: between(random, 1_000, 1_500), badShare: FEW_BAD, prefer: 'return=minimal', keyed: random() < 0.5, patienceMs: PATIENT })),
  items('bad', 5, (random) => ({ items: between(random, 1, 60), badShare: random() < 0.3 ? 1 : 0.3, patienceMs: PATIENT })),
  items('hasty', 12, (random) => ({ items: between(random, 1, 200), badShare: FEW_BAD, prefer: 'return=minimal', keyed: true, patienceMs: [between(random, 5, 60), between(random, 50, 1_500), between(random, 500, 5_000), ...PATIENT] })),
  items('doubtful', 5, (random) => ({ items: between(random, 1, 100), badShare: FEW_BAD, prefer: 'return=minimal', keyed: true, doubts: between(random, 1, 3), patienceMs: PATIENT })),
  items('vanishing', 5, (random) => ({ items: between(random, 1, 300), badShare: FEW_BAD, vanishMs: between(random, 0, 40), patienceMs: PATIENT })),
  items('asynchronous', 5, (random) => ({ items: between(random, 1, 200), badShare: FEW_BAD, prefer: 'respond-async', keyed: random() < 0.3, patienceMs: PATIENT })),
  items('short wait', 5, (random) => ({ items: between(random, 1, 300), badShare: FEW_BAD, prefer: `return=minimal, wait=${between(random, 1, 3)}`, keyed: random() < 0.5, patienceMs: PATIENT })),
  {
    name: 'upload',
    weight: 3,
    run: ({ random, ...errand }) => sendUpload({ ...errand, random }, uploadPlan(random)),
  },
  {
    name: 'revaluations',
    weight: 3,
    run: ({ random, ...errand }) => sendRevaluations({ ...errand, random }, between(random, 10, 400), steeringPlan(random)),
  },
  {
    name: 'orders',
    weight: 5,
    run: ({ random, ...errand }) => sendOrders({ ...errand, random }, ordersPlan(random)),
  },
  {
    name: 'change',
    weight: 15,
    async run(errand) {
      const hasty = errand.random() < 0.5;
      const keyed = hasty || errand.random() < 0.3;
      const patienceMs = hasty ? [between(errand.random, 3, 40), between(errand.random, 50, 2_000), ...PATIENT] : PATIENT;
      if (!(await sendChange(errand, { keyed, patienceMs }))) await sendItems(errand, 'single', { items: 1, single: true, badShare: 0, patienceMs: PATIENT });
    },
  },
];

function ordersPlan(random: Random): ItemsPlan {
  const keyed = random() < 0.6;
  const hasty = keyed && random() < 0.5 ? [between(random, 5, 60), between(random, 50, 1_500)] : [];
  return { items: between(random, 3, 60), badShare: FEW_BAD, keyed, patienceMs: [...hasty, ...PATIENT], ...(random() < 0.3 ? { prefer: 'return=minimal' } : {}) };
}

function uploadPlan(random: Random): UploadPlan {
  return { ...steeringPlan(random), items: between(random, 500, 3_000), badShare: FEW_BAD, format: random() < 0.5 ? 'ndjson' : 'csv' };
}

/** How the client of an upload behaves, whatever is in it. */
function steeringPlan(random: Random): Omit<UploadPlan, 'items' | 'badShare' | 'format'> {
  const manual = random() < 0.4;
  const share = random();
  return {
    manual, again: random() < 0.3,
    cutsMs: Array.from({ length: random() < 0.5 ? between(random, 1, 2) : 0 }, () => between(random, 1, 80)),
    ...(!manual || share < 0.5 ? {} : { then: share < 0.75 ? 'pause' : 'cancel' }),
  };
}

function items(name: string, weight: number, plan: (random: Random) => ItemsPlan): LoadShape {
  return {
    name,
    weight,
    async run(errand) {
      await sendItems(errand, name, plan(errand.random));
    },
  };
}
