import { judgeOrders, type OrderRow, type OrderWitness } from '../../../../bin/prove/check/judge-orders.ts';
import { OrderTopic } from '../../../../bin/prove/check/order-topic.ts';
import { runsOf } from '../../../../bin/prove/load/journal.ts';
import { changedPrice, orderContent } from '../../../../bin/prove/load/order-items.ts';
import { newLife, type OrderLife, type OrderStory } from '../../../../bin/prove/load/order-stories.ts';
import { Scoreboard } from '../../../../bin/prove/promises.ts';

const LOAD = { seed: 3, tag: 'TEST' };
const NO = 11;
const ID = 2_048;
const TRADE = 7;

/** A request of one good order, stored under ID. */
function story(life: Partial<OrderLife> = {}): OrderStory {
  return { fromMs: 0, toMs: 1, lives: new Map([[ID, { ...newLife(ID, 0), ...life }]]), entry: { no: NO, shape: 'orders', items: 1, badShare: 0, keyed: false, edge: 0, fromMs: 0, toMs: 1, attempts: 1, ...runsOf([ID]) } };
}
const row = (more: Partial<OrderRow> = {}): OrderRow => ({ ...orderContent(LOAD, NO, 0), id: ID, index: 0, status: 'NEW', tradeOrderId: null, version: 1, inSubmission: false, flag: null, ...more });
const sent = row({ status: 'SENT', tradeOrderId: TRADE, version: 2 });
/** All is as it should be: every version was told, and the trade service has none. */
const witness = (more: Partial<OrderWitness> = {}): OrderWitness => ({ tradeOrders: () => [], againThere: () => 0, leasesCut: false, track: () => ({ versions: new Set([1, 2]), failed: 0 }), ...more });
const told = (...versions: number[]) => ({ track: () => ({ versions: new Set(versions), failed: 0 }) });
const there = (...ids: number[]) => ({ tradeOrders: () => ids });
const brokenBy = (life: Partial<OrderLife>, rows: OrderRow[], more: Partial<OrderWitness>) => judgeOrders(LOAD, story(life), rows, () => 'closed', witness(more)).broken.map(({ promise }) => promise);
const asSent = { asked: 2, tradeOrders: new Set([TRADE]) };

test.each<[string, Partial<OrderLife>, OrderRow[], Partial<OrderWitness>]>([
  ['stored, and nothing more', {}, [row()], told(1)],
  ['submitted', asSent, [sent], there(TRADE)],
  ['submitted, of which nobody was told', { asked: 1 }, [sent], there(TRADE)],
  ['refused', { asked: 1, refusals: 1, pending: true }, [row()], { track: () => ({ versions: new Set([1]), failed: 1 }) }],
  ['flagged', { asked: 1, pending: true }, [row({ inSubmission: true, flag: 'overdue' })], told(1)],
  ['deleted', { deletion: { on: 1, fate: 'made' } }, [], { track: () => ({ versions: new Set([2]), deleted: 2, failed: 0 }) }],
  ['perhaps deleted, and there', { deletion: { on: 1, fate: 'unknown' } }, [row()], told(1)],
  ['changed', { changes: [{ on: 1, fate: 'made' }] }, [row({ version: 2, limitPrice: changedPrice(NO, 1) })], {}],
  ['perhaps changed, and was not', { changes: [{ on: 1, fate: 'unknown' }] }, [row()], told(1)],
  ['changed, then sent', { changes: [{ on: 1, fate: 'made' }], ...asSent }, [row({ ...sent, version: 3, limitPrice: changedPrice(NO, 1) })], { ...there(TRADE), ...told(1, 2, 3) }],
  ['sent again because leases were cut', asSent, [sent], { ...there(TRADE), againThere: () => 1, leasesCut: true }],
])('an order that was %s breaks no promise', (_what, life, rows, more) => {
  expect(brokenBy(life, rows, more)).toEqual([]);
});

test.each<[string, Partial<OrderLife>, OrderRow[], Partial<OrderWitness>, string]>([
  ['F18 sent again though the trade service had it', asSent, [sent], { ...there(TRADE), againThere: () => 1 }, 'sentOnce'],
  ['F18 there twice', asSent, [sent], there(TRADE, 8), 'sentOnce'],
  ['told SENT, and not there', asSent, [sent], {}, 'sent'],
  ['F20 told SENT as another trade order than the table has', asSent, [row({ ...sent, tradeOrderId: 8 })], there(TRADE, 8), 'sent'],
  ['told SENT as two trade orders', { ...asSent, tradeOrders: new Set([TRADE, 8]) }, [sent], there(TRADE), 'sent'],
  ['F19 there, and NEW in the table', { asked: 1 }, [row()], { ...there(TRADE), ...told(1) }, 'ended'],
  ['there, and gone from the table', { asked: 1 }, [], there(TRADE), 'ended'],
  ['in submission for ever', { asked: 1 }, [row({ inSubmission: true, flag: 'unknown' })], told(1), 'ended'],
  ['told to be on its way, and NEW without a reason', { asked: 1, pending: true }, [row()], told(1), 'ended'],
  ['refused, and no event says so', { asked: 1, refusals: 1 }, [row()], told(1), 'ended'],
  ['told deleted, and is there', { deletion: { on: 1, fate: 'made' } }, [row()], told(1), 'deleted'],
  ['deleted without an event', { deletion: { on: 1, fate: 'made' } }, [], told(1), 'deleted'],
  ['deleted, and at the trade service', { deletion: { on: 1, fate: 'made' } }, [], { ...there(TRADE), track: () => ({ versions: new Set([2]), deleted: 2, failed: 0 }) }, 'deleted'],
  ['changed, and has its first version', { changes: [{ on: 1, fate: 'made' }] }, [row()], told(1), 'changed'],
  ['changed by nobody', {}, [row({ version: 2 })], {}, 'changed'],
  ['changed to another price', { changes: [{ on: 1, fate: 'made' }] }, [row({ version: 2, limitPrice: '1.00000000' })], {}, 'changed'],
  ['stored with another quantity', {}, [row({ quantity: '1.00000000' })], told(1), 'kept'],
  ['stored, and gone', {}, [], told(1), 'kept'],
  ['stored twice', {}, [row(), row({ id: ID + 1 })], told(1), 'once'],
  ['not told on the topic in its second version', asSent, [sent], { ...there(TRADE), ...told(1) }, 'delivered'],
])('an order that was %s breaks a promise', (_what, life, rows, more, promise) => {
  expect(brokenBy(life, rows, more)).toContain(promise);
});

describe('the topic of orders', () => {
  const message = (version: number, type = 'update', id = ID) => ({ partition: 0, offset: '0', key: String(id), value: `{"id":${id}}`, type: `sluice.order.${type}`, eventId: `order:${id}:${version}` });
  const brokenBy = (...messages: Parameters<OrderTopic['note']>[0][]) => {
    const scoreboard = new Scoreboard();
    const topic = new OrderTopic(scoreboard);
    for (const one of messages) topic.note(one);
    return scoreboard.rows().filter(({ broken }) => broken > 0).map(({ name }) => name);
  };
  test('repeats may come at any time, and what is told first comes in the order of versions', () => {
    expect(brokenBy(message(1, 'insert'), message(2), message(1, 'insert'), message(2), message(1, 'SubmissionFailed'), message(3, 'delete'))).toEqual([]);
  });
  test('F64 a version that comes for the first time after a later one is out of order', () => {
    expect(brokenBy(message(2), message(1, 'insert'))).toEqual(['ordered']);
  });
  test('what is no event of an order is noticed', () => {
    expect(brokenBy({ ...message(1), key: '1' })).toEqual(['delivered']);
  });
});
