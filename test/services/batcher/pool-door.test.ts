import type { BreakerState } from '../../../shared/runtime/breaker.ts';
import { PoolDoor } from '../../../services/batcher/pool-door.ts';

const VALID_MS = 20_000;

function start() {
  const clock = { now: 1_000 };
  let rejections = 0;
  const door = new PoolDoor('edge-1', () => clock.now, () => void rejections++);
  const judged = (states: Record<string, BreakerState>, retryInMs = 0) => door.judged({ validMs: VALID_MS, breakers: Object.entries(states).map(([pools, state]) => ({ pools, state, bad: 0, retryInMs: state === 'open' ? retryInMs : 0 })) });
  return { clock, door, judged, rejections: () => rejections };
}
const refused = (retryAfter: number) => expect.objectContaining({ status: 503, code: 'pools-exhausted', headers: { 'Retry-After': String(retryAfter) } }) as Error;

test('before anything was heard, and while all is well, everybody may come in', () => {
  const { door, judged } = start();
  expect(() => door.enter(100)).not.toThrow();
  judged({ writers: 'closed', 'edge-1': 'closed' });
  expect(() => door.enter(100)).not.toThrow();
});

test.each(['writers', 'edge-1'])('F15 while %s are exhausted writing requests are refused with 503, and told when to come again', (pools) => {
  const { clock, door, judged, rejections } = start();
  judged({ writers: 'closed', 'edge-1': 'closed', [pools]: 'open' }, 15_000);
  clock.now += 2_500;
  expect(() => door.enter(0)).toThrow(refused(13));
  clock.now += 12_500;
  expect(() => door.enter(0)).toThrow(refused(1));
  expect(rejections()).toBe(2);
});

test('another edge\'s pool does not matter', () => {
  const { door, judged } = start();
  judged({ writers: 'closed', 'edge-1': 'closed', 'edge-2': 'open' }, 15_000);
  expect(() => door.enter(5)).not.toThrow();
});

test('half-open it lets one request through at a time', () => {
  const { door, judged } = start();
  judged({ writers: 'half-open', 'edge-1': 'closed' });
  expect(() => door.enter(0)).not.toThrow();
  expect(() => door.enter(1)).toThrow(refused(1));
  judged({ writers: 'half-open', 'edge-1': 'open' }, 9_000);
  expect(() => door.enter(0)).toThrow(refused(9));
});

test('where nothing is heard any more nobody watches, and all may come in', () => {
  const { clock, door, judged } = start();
  judged({ 'edge-1': 'open' }, 15_000);
  clock.now += VALID_MS - 1;
  expect(door.state).toBe('open');
  clock.now += 1;
  expect(door.state).toBe('closed');
  expect(() => door.enter(7)).not.toThrow();
});
