import { ByteWindow } from '../../../../../services/gateway/upload/read/byte-window.ts';

test('what is put in comes out in order, whatever the sizes', () => {
  let seed = 11;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const window = new ByteWindow();
  let expected = Buffer.alloc(0);
  for (let i = 0; i < 3_000; i++) {
    const part = Buffer.alloc(random(i % 100 === 0 ? 100_000 : 300), random(256));
    window.push(part);
    expected = Buffer.concat([expected, part]);
    const gone = random(i % 7 === 0 ? expected.length + 1 : 50);
    window.drop(Math.min(gone, expected.length));
    expected = expected.subarray(Math.min(gone, expected.length));
    if (!window.bytes.equals(expected)) throw new Error(`the bytes differ after part ${i}`);
  }
  expect(window.length).toBe(expected.length);
});

test('it takes as much memory as what is in it asks for, not as what went through', () => {
  const window = new ByteWindow();
  for (let i = 0; i < 10_000; i++) {
    window.push(Buffer.alloc(10_000));
    window.drop(i === 0 ? 1 : 10_000);
  }
  expect(window.length).toBe(9_999);
  expect(window.bytes.buffer.byteLength).toBeLessThan(200_000);
});
