import { spawnSync } from 'node:child_process';
import { seeded, upTo } from '../gateway/body/random-json.ts';

const ROOT = `${import.meta.dirname}/../../..`;

/** Encodes the cases in a process of its own, where the encoder is kafkajs' or ours: the change concerns a whole process. */
function encoded(quick: boolean, cases: unknown): string[] {
  const script = `
    import { readFileSync } from 'node:fs';
    import { createRequire } from 'node:module';
    ${quick ? `import './services/publisher/kafka-encoder.ts';` : ''}
    const require = createRequire(process.cwd() + '/x.js');
    const Encoder = require('kafkajs/src/protocol/encoder');
    const record = require('kafkajs/src/protocol/recordBatch/record/v0');
    const { records, numbers } = JSON.parse(readFileSync(0, 'utf8'));
    const out = records.map((r) => record(r).buffer.toString('hex'));
    for (const n of numbers) {
      out.push(new Encoder().writeVarInt(n).buffer.toString('hex'), new Encoder().writeVarLong(n).buffer.toString('hex') + '/' + Encoder.sizeOfVarLong(n) + '/' + Encoder.sizeOfVarInt(n));
      if (n >= 0) out.push(new Encoder().writeUVarInt(n).buffer.toString('hex'));
    }
    console.log(JSON.stringify(out));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT, input: JSON.stringify(cases), encoding: 'utf8', maxBuffer: 1 << 26, env: { ...process.env, NODE_OPTIONS: '' } });
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

test('every message and number is encoded byte for byte as kafkajs encodes it', () => {
  const random = seeded(7);
  const text = (most: number) => Array.from({ length: upTo(random, most) }, () => String.fromCodePoint(32 + upTo(random, random() < 0.9 ? 90 : 60_000))).join('').toWellFormed();
  const records = Array.from({ length: 400 }, (_, i) => ({
    offsetDelta: i % 3 === 0 ? upTo(random, 2_000_000_000) : i, timestampDelta: i % 5 === 0 ? upTo(random, 4_000_000_000) : 0,
    key: text(20), value: text(i % 10 === 0 ? 5_000 : 300), headers: Object.fromEntries(Array.from({ length: upTo(random, 9) }, () => [`h${text(12)}`, text(80)])),
  }));
  const around = Array.from({ length: 31 }, (_, bit) => [2 ** bit - 1, 2 ** bit, 2 ** bit + 1, -(2 ** bit)]).flat().filter((n) => n <= 0x7fffffff);
  const cases = { records, numbers: [...around, 0, 0x3fffffff, 0x40000000, 0x7fffffff] };
  expect(encoded(true, cases)).toEqual(encoded(false, cases));
});
