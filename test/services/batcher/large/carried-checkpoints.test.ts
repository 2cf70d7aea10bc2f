import { CarriedCheckpoints } from '../../../../services/batcher/large/carried-checkpoints.ts';

test('an edge asks when its part of the interval is done, again until one was made, and after 10 s', async () => {
  let [now, due] = [0, false];
  const asked: number[] = [];
  const run = async () => {
    asked.push(now);
    return due ? [[1]] : [];
  };
  const checkpoints = new CarriedCheckpoints(run, { batchesSink: 'kafka:batches', owner: 'edge', now: () => now });
  const batch = { id: 'a', checkpointInterval: 1_000 };
  const carried = (at: number, items: number) => {
    now = at;
    return checkpoints.carried(batch, items, 2);
  };
  await carried(1, 400);
  expect(asked).toEqual([]);
  await carried(2, 100);
  due = true;
  await carried(3, 100);
  await carried(4, 499);
  expect(asked).toEqual([2, 3]);
  now = 10_002;
  await checkpoints.look('a');
  expect(asked).toEqual([2, 3]);
  now = 10_003;
  await checkpoints.look('a');
  await checkpoints.last('a');
  expect(asked).toEqual([2, 3, 10_003, 10_003]);
});
