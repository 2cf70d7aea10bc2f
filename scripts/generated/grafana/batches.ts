import { FLEET, type Dashboard } from './dashboard.ts';

/** Large batches, the law, and how much there is left of what cannot grow. */
export const BATCHES: Dashboard = {
  uid: 'sluice-batches', title: 'Sluice: batches',
  rows: [
    { title: 'Large batches', panels: [
      { title: 'Under way', unit: 'short', lines: [{ expr: `sum by (kind, state) (sluice:large_batches:max{${FLEET}, state!~"COMPLETED|FAILED|CANCELLED"})`, legend: '{{kind}} {{state}}' }] },
      { title: 'Slower than promised', unit: 'short', bounds: { warning: 1 }, lines: [{ expr: `max by (kind) (sluice_large_batches_late{${FLEET}})`, legend: '{{kind}}' }] },
      { title: 'Failed', unit: 'short', lines: [{ expr: `sum by (kind) (sluice:large_batches:max{${FLEET}, state="FAILED"})`, legend: '{{kind}}' }] },
    ] },
    { title: 'How they go', panels: [
      { title: 'Items of large batches waiting', unit: 'short', lines: [{ expr: `sum by (node) (sluice_batcher_lanes_items{${FLEET}})`, legend: '{{node}}' }] },
      { title: 'Uploads in hand', unit: 'short', lines: [{ expr: `sum by (node) (sluice_batcher_uploads_active{${FLEET}})`, legend: '{{node}}' }] },
      { title: 'Items under way', says: 'Of kinds that are carried out item by item.', unit: 'short', lines: [{ expr: `sum by (node) (sluice_batcher_items_underway{${FLEET}})`, legend: '{{node}}' }] },
    ] },
    { title: 'The whole', panels: [
      { title: 'The law', says: '1: an item or a message is not accounted for.', unit: 'short', stat: true, bounds: { warning: 1, critical: 1 }, lines: [{ expr: `max(sluice_law_broken{${FLEET}})`, legend: 'broken' }] },
      { title: 'The law was checked', says: 'Up to what was taken in so long ago.', unit: 's', bounds: { warning: 1_800 }, lines: [{ expr: `time() - max(sluice_law_checked_timestamp_seconds{${FLEET}})`, legend: 'ago' }] },
      { title: 'Ids given out', unit: 'short', bounds: { warning: 2 ** 30, critical: 2 ** 31 * 0.95 }, lines: [{ expr: `sluice:given_ids:max{${FLEET}}`, legend: '{{kind}}' }] },
    ] },
  ],
};
