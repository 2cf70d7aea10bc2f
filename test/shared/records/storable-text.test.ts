import { executionText } from '../../helpers/executions.ts';
import { compileItemCheck } from '../../../shared/records/validate-item.ts';
import { storableText } from '../../../shared/records/storable-text.ts';

test('F6 a text is kept without NUL and halves of pairs, also where a cut would make one', () => {
  expect(storableText('a\u0000b\ud800c')).toBe('a\ufffdb\ufffdc');
  expect(storableText('ab\u{1d54b}', 3)).toBe('ab\ufffd');
  expect(storableText('ab\u{1d54b}', 4)).toBe('ab\u{1d54b}');
});

test('F6 what is told of an item whose members have such names can be kept', () => {
  const check = compileItemCheck({}, []);
  for (const name of ['a\u0000b', 'a\ud800', `${'a'.repeat(63)}\u{1d54b}`]) {
    const checked = check({ ...(JSON.parse(executionText()) as object), [name]: 1 });
    const told = JSON.stringify('faults' in checked ? checked.faults : []);
    expect(told).toContain('unknown-field');
    expect(told).not.toMatch(/\\u0000|\\ud[89a-f]/);
  }
});
