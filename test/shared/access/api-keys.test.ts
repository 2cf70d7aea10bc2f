import { invalidity, isSecretOf, newKey, readKey, rolesOf } from '../../../shared/access/api-keys.ts';

test('a key is read back from its text, and only its own secret is its secret', () => {
  const [one, other] = [newKey(), newKey()];
  const read = readKey(one.text);
  expect(read?.id).toBe(one.id);
  expect(isSecretOf(one, read?.secret ?? '')).toBe(true);
  expect(isSecretOf(other, read?.secret ?? '')).toBe(false);
  expect(one.hash.toString('latin1')).not.toContain(read?.secret);
});

test.each(['', 'slc_', 'slc_0123456789ab_short', 'SLC_0123456789ab_'.padEnd(60, 'a'), `slc_0123456789ab_${'a'.repeat(44)}`, `slc_0123456789ab_${'ä'.repeat(43)}`])('%j is no key', (text) => {
  expect(readKey(text)).toBeUndefined();
});

test('a key ends at its instant, and a revoked one is revoked whatever the time', () => {
  const at = new Date('2026-01-01T00:00:00Z');
  expect(invalidity({ revokedAt: null, expiresAt: null }, at)).toBeUndefined();
  expect(invalidity({ revokedAt: null, expiresAt: new Date(at.getTime() + 1) }, at)).toBeUndefined();
  expect(invalidity({ revokedAt: null, expiresAt: at }, at)).toBe('expired');
  expect(invalidity({ revokedAt: new Date(0), expiresAt: null }, at)).toBe('revoked');
});

test('who may operate may read, and no role brings another otherwise', () => {
  expect([...rolesOf(['operate'])].sort()).toEqual(['operate', 'read']);
  expect([...rolesOf(['read'])]).toEqual(['read']);
  expect([...rolesOf(['submit'])]).toEqual(['submit']);
});
