import { int4Array, int8Array, textArray } from '../../../shared/db/binary-array.ts';
import { startEngine, type Engine } from '../../helpers/engine.ts';

describe('arrays in binary, as PostgreSQL reads them', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine();
  });
  afterAll(() => engine.close());
  const read = async (type: string, value: Buffer) => (await engine.rows<{ v: unknown }>(`select to_jsonb($1::${type}) as v`, [value]))[0]?.v;

  test.each<[string, (string | null)[]]>([
    ['none', []], ['one', ['a']], ['empty text', ['', 'x', '']], ['nulls', [null, 'a', null]], ['only nulls', [null, null]],
    ['127 to 300 characters', [127, 128, 255, 256, 300].map((n) => 'x'.repeat(n))], ['seventy thousand characters', ['y'.repeat(70_000)]],
    ['Latin-1 above ASCII', ['Ã¿Ã¿', 'é', 'ÿ', null]], ['beyond the basic plane', ['😀 ', '漢字'.repeat(100), 'plain']], ['control characters', ['\u0001\n\t"\\{}']],
  ])('text[]: %s', (_, values) => expect(read('text[]', textArray(values))).resolves.toEqual(values));

  test('int4[] and int8[] up to their bounds', async () => {
    const small = [0, -1, 2_147_483_647, -2_147_483_648];
    await expect(read('int4[]', int4Array(small))).resolves.toEqual(small);
    await expect(read('int8[]', int8Array([...small, Number.MAX_SAFE_INTEGER]))).resolves.toEqual([...small, Number.MAX_SAFE_INTEGER]);
    await expect(read('int4[]', int4Array([]))).resolves.toEqual([]);
  });
});
