import { pino } from 'pino';
import { backoffMs } from '../../../services/publisher/backoff.ts';
import { fingerprintOf, putRefused, withoutValues, type Refusal } from '../../../services/publisher/put-refused.ts';
import { readSettings } from '../../../shared/config/load.ts';
import { Metrics } from '../../../shared/metrics/metrics.ts';
import { ledgerRow } from './helpers/ledger-row.ts';

const settings = readSettings({}).settings;
const lines: string[] = [];
const log = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
const SECRET = 'customer-4711';
const put = (over: Partial<Refusal> = {}, tries = 1) =>
  putRefused(
    { row: ledgerRow({ id: 7 }), partition: 3, message: { id: 12, bytes: 9, isEvent: false, payload: SECRET }, failure: { class: 'message', code: 'MESSAGE_TOO_LARGE', message: 'The request is 12345 bytes larger than allowed', unsettled: false }, tries: Array.from({ length: tries }, () => ({ at: '2026-11-22T10:00:00.000Z', code: 'MESSAGE_TOO_LARGE' })), ...over },
    { sink: { name: 'kafka:orders', evidence: (message, partition) => ({ topic: 'orders', partition, payload: String(message.payload), headers: { ce_id: 'x' } }) }, settings, metrics: new Metrics(), log, random: () => 0.5 },
  );

test('F33 pauses grow by the multiplier up to the longest, with full jitter: anything from nothing to the whole', () => {
  const most = (failures: number) => backoffMs(failures, settings, 1);
  expect([1, 2, 3, 4, 5, 6, 7].map(most)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect([backoffMs(3, settings, 0), backoffMs(3, settings, 0.25)]).toEqual([0, 1_000]);
});

test('by default a message is tried four times, and is a dead letter after the fourth refusal', () => {
  expect([1, 2, 3].map((tries) => put({}, tries))).toEqual([{ delayMs: 500 }, { delayMs: 1_000 }, { delayMs: 2_000 }]);
  expect(put({}, 4)).toMatchObject({ letter: { ledger_id: 7, record_id: 12, topic: 'orders', partition: 3, payload: SECRET, headers: { ce_id: 'x' }, code: 'MESSAGE_TOO_LARGE', class: 'message', reason: 'The request is # bytes larger than allowed' } });
});

test('F39 a replayed message that is refused goes back at once', () => {
  expect(put({ row: ledgerRow({ id: 7, op: 'replay' }) })).toHaveProperty('letter');
});

test('F55 neither log nor reason carries what a customer sent', () => {
  put({}, 4);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.join('')).not.toContain(SECRET);
  expect(withoutValues(`Order "ACME" of 'Smith' for 1.250,00 at -3 (8c3a1f6e-1111-2222-3333-444455556666)`)).toBe('Order "…" of "…" for # at # (#)');
});

test('the same cause has the same fingerprint whatever the values, another cause another', () => {
  const fingerprint = (reason: string, code = 'http-400') => fingerprintOf(code, 'message', reason);
  expect(fingerprint('Order 17 is unknown')).toBe(fingerprint('Order 4242 is unknown'));
  expect(new Set([fingerprint('Order 17 is unknown'), fingerprint('Order 17 is closed'), fingerprint('Order 17 is unknown', 'http-404')]).size).toBe(3);
});
