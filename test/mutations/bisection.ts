import type { Area } from './mutation.ts';

const ISOLATE = 'services/writer/isolate-failure.ts';
const KAFKA = 'services/publisher/bisect-batch.ts';

export const bisection: Area = {
  name: 'bisection',
  tests: ['test/services/publisher/bisect-batch.test.ts', 'test/services/writer/isolate-failure.test.ts', 'test/flow/test-kind.test.ts'],
  mutations: [
    { name: 'goes on in a transaction that has failed', file: ISOLATE, from: `        await run('rollback to savepoint bisect');\n        return error;`, to: '        return error;' },
    { name: 'undoes good rows with a guilty one', file: ISOLATE, from: `if (failure === undefined) await run('release savepoint bisect; savepoint bisect');\n        else {`, to: 'if (failure !== undefined) {' },
    { name: 'loses the last of a few rows', file: ISOLATE, from: 'for (let row = from; row < to; row++) {\n        const failure', to: 'for (let row = from; row < to - 1; row++) {\n        const failure' },
    { name: 'loses the row in the middle', file: ISOLATE, from: 'await insert({ from: middle, to: range.to });', to: 'await insert({ from: middle + 1, to: range.to });' },
    { name: 'blames by position instead of by index', file: ISOLATE, from: 'refused.push([slice.firstIndex + (alone.offsetOf[row] ?? 0), fault.code', to: 'refused.push([slice.firstIndex + row, fault.code' },
    { name: 'counts refused rows as written', file: ISOLATE, from: 'alone.offsetOf.length - refused.length, rejects', to: 'alone.offsetOf.length, rejects' },
    { name: 'blames rows for a fault of the house', file: ISOLATE, from: `        if (classifyFailure(error, target.record, target.primaryKeyConstraint) !== 'data') throw error;\n        await run('rollback to savepoint bisect');\n        return error;`, to: `        await run('rollback to savepoint bisect');\n        return error;` },
    { name: 'calls a repeat fenced', file: ISOLATE, from: 'return outcome ?? writeOne(alone);', to: `return outcome ?? { outcome: 'fenced', rejects: [] };` },
    { name: 'a record batch of two costs a message that nobody refused', file: KAFKA, from: 'if (from === to) {', to: 'if (from >= to - 1) {' },
    { name: 'sends the right half first', file: KAFKA, from: 'ranges.push({ from: middle + 1, to, failure: undefined }, { from, to: middle, failure: undefined });', to: 'ranges.push({ from, to: middle, failure: undefined }, { from: middle + 1, to, failure: undefined });' },
  ],
};
