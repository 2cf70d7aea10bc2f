import { Admission, refusalOf, type Hold, type Load, type Pressure } from '../../../services/batcher/admission.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { DrainRate } from '../../../shared/runtime/drain-rate.ts';

const LIMITS = { maxRequests: 3, maxItems: 1_000, maxBytes: 100_000 };
const QUIET: Pressure = { requests: 1, waiting: 500, bytes: 1_000, ageMs: 0, perSecond: 1_000, loopDelayMs: 0 };
const load = (over: Partial<Load> = {}): Load => ({ items: 100, bytes: 1_000, deadlineMs: 10_000, ...over });

describe('whether a request may come in', () => {
  test.each<[string, Partial<Load>, Partial<Pressure>, string | undefined]>([
    ['there is room', {}, {}, undefined],
    ['as many requests are in work as may be', {}, { requests: 3 }, 'requests'],
    ['F41 its items just fit', { items: 500 }, {}, undefined],
    ['F41 its items do not fit', { items: 501 }, {}, 'items'],
    ['F41 its bytes just fit', { bytes: 99_000 }, {}, undefined],
    ['F41 its bytes do not fit', { bytes: 99_001 }, {}, 'bytes'],
    ['nothing waits: any size may', { items: 5_000, bytes: 1_000_000 }, { waiting: 0, ageMs: 9_000 }, undefined],
    ['F14 the oldest has waited for half of its deadline', {}, { ageMs: 5_000 }, undefined],
    ['F14 the oldest has waited longer than that', {}, { ageMs: 5_001 }, 'age'],
    ['F14 what waits takes longer than that at the measured rate', {}, { perSecond: 99 }, 'age'],
    ['F14 nothing drains at all', {}, { perSecond: 0 }, 'age'],
    ['F14 the event loop is so late that little of the deadline is left', {}, { loopDelayMs: 4_501 }, 'age'],
    ['the rate was not measured yet', {}, { perSecond: undefined }, undefined],
  ])('%s', (_, brings, pressure, reason) => {
    expect(refusalOf(load(brings), { ...QUIET, ...pressure }, LIMITS)).toBe(reason);
  });
});

describe('admission', () => {
  function start(queued: { bytes?: number; oldestAt?: number } = {}) {
    const clock = { now: 0 };
    const drain = new DrainRate(0);
    const refusals: string[] = [];
    const state = { handedOver: 0 };
    const admission = new Admission({
      limits: LIMITS, doors: { enter: () => undefined }, drain, now: () => clock.now, loopDelayMs: () => 0, onRefusal: (reason) => refusals.push(reason), handedOver: () => state.handedOver,
      queue: { bytes: queued.bytes ?? 0, oldestAt: () => queued.oldestAt },
    });
    /** Work that goes on until it is let go; what is given to its `hold` can be told too. */
    const work = (brings: Partial<Load> = {}) => {
      let end: () => void = () => undefined;
      let hold: Hold = () => undefined;
      const done = admission.admit(load(brings), (give) => {
        hold = give;
        return new Promise<void>((resolve) => (end = resolve));
      });
      return { done, end: () => end(), hold: (part: Promise<unknown>) => hold(part) };
    };
    return { admission, clock, drain, refusals, state, work };
  }
  const refusal = async (done: Promise<unknown>) => done.then(() => { throw new Error('was let in'); }, (error: unknown) => error as ProblemError);

  test('F13 F41 what is in work counts until it has ended, and the next is refused before it began', async () => {
    const { admission, refusals, work } = start();
    const one = work({ items: 600 });
    const two = work({ items: 400 });
    expect([admission.requests, admission.waiting, admission.bytes]).toEqual([2, 1_000, 2_000]);
    let began = false;
    await refusal(admission.admit(load({ items: 1 }), async () => void (began = true)));
    expect([began, refusals]).toEqual([false, ['items']]);
    one.end();
    two.end();
    await Promise.all([one.done, two.done]);
    expect([admission.requests, admission.waiting, admission.bytes]).toEqual([0, 0, 0]);
  });

  test('F15 F16 the refusal is 503 with Retry-After = what waits over the measured drain rate', async () => {
    const { clock, drain, work } = start();
    drain.busy(true, 0);
    drain.add(250, 500);
    clock.now = 1_000;
    const waits = work({ items: 900 });
    const problem = await refusal(work({ items: 101 }).done);
    expect(problem).toMatchObject({ status: 503, code: 'overloaded', headers: { 'Retry-After': '4' } }); // 900 at 250 a second: 3.6 s
    waits.end();
    await waits.done;
  });

  test('what writers have in hand does not wait: it takes no room', async () => {
    const { admission, state, work } = start();
    const one = work({ items: 1_000 });
    state.handedOver = 1_000;
    expect(admission.waiting).toBe(0);
    const two = work({ items: 1_000 });
    expect(admission.waiting).toBe(1_000);
    one.end();
    two.end();
    await Promise.all([one.done, two.done]);
  });

  test('F41 an answer 202 is not the end: what was given to hold counts until it is settled, what it gave in turn too', async () => {
    const { admission, work } = start();
    const one = work({ items: 700 });
    let settle: () => void = () => undefined;
    let fail: (error: Error) => void = () => undefined;
    const background = new Promise<void>((resolve) => (settle = resolve));
    const later = new Promise<void>((_, reject) => (fail = reject));
    one.hold(background);
    one.end();
    await one.done;
    expect([admission.requests, admission.waiting]).toEqual([1, 700]);
    one.hold(later);
    settle();
    await background;
    expect([admission.requests, admission.waiting]).toEqual([1, 700]);
    fail(new Error('settling failed'));
    await later.catch(() => undefined);
    expect([admission.requests, admission.waiting]).toEqual([0, 0]);
  });

  test('work that fails leaves nothing behind', async () => {
    const { admission } = start();
    await expect(admission.admit(load(), () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect([admission.requests, admission.waiting, admission.bytes]).toEqual([0, 0, 0]);
  });

  test('F41 a body that is being read keeps room, so that what comes at once is not read in vain; one that is refused is not read', async () => {
    const { admission, refusals, work } = start();
    const waits = work({ items: 300 }); // 10 bytes an item by now, in the mean 181
    const leave = admission.enter(72_400, 10_000);
    expect(() => admission.enter(72_400, 10_000)).toThrow(ProblemError);
    leave();
    leave();
    admission.enter(72_400, 10_000)();
    expect(refusals).toEqual(['items']);
    waits.end();
    await waits.done;
  });

  test('a slow sender keeps room for a moment only, and for no more than a part of what it announces', () => {
    const { admission, clock } = start();
    admission.enter(8_000_000, 10_000); // 131,072 bytes of it, 655 items
    admission.enter(40_000, 10_000);
    expect(() => admission.enter(40_000, 10_000)).toThrow(ProblemError);
    clock.now = 200;
    admission.enter(40_000, 10_000);
  });

  test('the queue\'s own count of bytes counts where it is higher', async () => {
    const { work, refusals } = start({ bytes: 99_500 });
    const one = work();
    await refusal(work().done);
    expect(refusals).toEqual(['bytes']);
    one.end();
    await one.done;
  });
});
