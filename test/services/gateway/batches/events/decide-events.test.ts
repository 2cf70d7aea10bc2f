import { eventText, heardOf, NOTHING } from '../../../../../services/gateway/batches/events/decide-events.ts';

const idIn = (text: string) => /^id: (.*)$/m.exec(text)?.[1];

test('every id that is told is one that a client can come back with; before the first state there is none', () => {
  const told = idIn(eventText({ type: 'progress', heard: { checkpoint: 3, version: 0 }, data: {} }));
  expect(heardOf(told ?? '')).toEqual({ checkpoint: 3, version: 0 });
  expect(idIn(eventText({ type: 'checkpoint', heard: { ...NOTHING, checkpoint: 1 }, data: {} }))).toBeUndefined();
});
