import { BATCH_MOVES, BATCH_STATES, COMMANDS, isFinal, moved } from '../../../shared/batches/states.ts';

test('every move from every state either leads to a state or says which commands are allowed', () => {
  for (const state of BATCH_STATES) {
    for (const move of BATCH_MOVES) {
      const next = moved(state, move, 'RECEIVING');
      if ('state' in next) expect(BATCH_STATES).toContain(next.state);
      else for (const command of next.allowed) expect(moved(state, command, 'RECEIVING')).toHaveProperty('state');
    }
  }
});

test('what has ended moves no more', () => {
  expect(BATCH_STATES.filter(isFinal)).toEqual(['COMPLETED', 'FAILED', 'CANCELLED']);
  for (const state of BATCH_STATES.filter(isFinal)) for (const move of BATCH_MOVES) expect(moved(state, move, null)).toEqual({ allowed: [] });
});

test('a pause is left to the state that it interrupted', () => {
  expect(moved('PAUSED', 'resume', 'RECEIVING')).toEqual({ state: 'RECEIVING' });
  expect(moved('PAUSED', 'resume', 'RUNNING')).toEqual({ state: 'RUNNING' });
});

test('from every state that has not ended, some command or move leads to an end', () => {
  const leadsToEnd = (state: (typeof BATCH_STATES)[number], seen = new Set<string>()): boolean => {
    if (isFinal(state)) return true;
    if (seen.has(state)) return false;
    seen.add(state);
    return BATCH_MOVES.some((move) => {
      const next = moved(state, move, 'RUNNING');
      return 'state' in next && leadsToEnd(next.state, seen);
    });
  };
  expect(BATCH_STATES.filter((s) => !leadsToEnd(s))).toEqual([]);
});

test('commands that are not allowed name those that are', () => {
  expect(moved('READY', 'pause', null)).toEqual({ allowed: ['start', 'cancel'] });
  expect(COMMANDS).toEqual(['start', 'pause', 'resume', 'cancel']);
});
