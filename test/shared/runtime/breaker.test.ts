import { Breaker } from '../../../shared/runtime/breaker.ts';

test('F31 opens after failures in a row only: a success in between resets the count', () => {
  const breaker = new Breaker({ failures: 3, cooldownMs: 1_000 });
  breaker.failed(0);
  breaker.failed(0);
  breaker.answered();
  breaker.failed(0);
  breaker.failed(0);
  expect(breaker.state).toBe('closed');
  breaker.failed(0);
  expect(breaker.state).toBe('open');
});

test('F31 half-open lets exactly one probe through; its failure opens for another pause, its success closes', () => {
  const breaker = new Breaker({ failures: 1, cooldownMs: 1_000 });
  breaker.failed(0);
  expect([breaker.takeProbe(999), breaker.takeProbe(1_000), breaker.takeProbe(1_000), breaker.state]).toEqual([false, true, false, 'half-open']);
  breaker.failed(1_500);
  expect([breaker.takeProbe(2_499), breaker.takeProbe(2_500)]).toEqual([false, true]);
  breaker.answered();
  expect(breaker.state).toBe('closed');
});
