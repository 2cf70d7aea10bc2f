import type { IncomingMessage } from 'node:http';
import { clientReference, isReference } from '../../../../services/gateway/write/client-reference.ts';

/** A request with this header as bytes on the wire. */
function request(...headers: string[]): IncomingMessage {
  const values = headers.map((text) => Buffer.from(text, 'utf8').toString('latin1'));
  return { headers: values.length === 0 ? {} : { 'client-reference': values.join(', ') }, headersDistinct: { 'client-reference': values } } as unknown as IncomingMessage;
}
const refusal = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

test('a request without a reference carries nothing', () => {
  expect(clientReference(request())).toEqual({});
  expect(clientReference(request(), null)).toEqual({});
});

test('header or member, also both when they are the same; the header is UTF-8', () => {
  expect(clientReference(request('Auftrag Nº 7 – für Zoë'))).toEqual({ clientReference: 'Auftrag Nº 7 – für Zoë' });
  expect(clientReference(request(), 'run-7')).toEqual({ clientReference: 'run-7' });
  expect(clientReference(request('run-7'), 'run-7')).toEqual({ clientReference: 'run-7' });
});

test('F6 what PostgreSQL or JSON cannot hold, too long text, no text, and two that differ are refused where they stand', () => {
  for (const member of ['', 'a\u0000b', '\ud800', 'x'.repeat(256), 7, true, {}, ['run-7']]) {
    expect(refusal(() => clientReference(request(), member))).toMatchObject({ status: 400, code: 'invalid-client-reference', errors: [{ pointer: '/clientReference' }] });
  }
  expect(refusal(() => clientReference(request('run-7'), 'run-8'))).toMatchObject({ status: 400, errors: [{ pointer: '/clientReference', message: expect.stringContaining('Client-Reference') as string }] });
  expect(refusal(() => clientReference(request('run-7', 'run-8')))).toMatchObject({ status: 400, errors: [{ pointer: 'Client-Reference', message: expect.stringContaining('once') as string }] });
  const latin1 = { headers: { 'client-reference': 'Zo\u00eb' }, headersDistinct: { 'client-reference': ['Zo\u00eb'] } } as unknown as IncomingMessage;
  expect(refusal(() => clientReference(latin1))).toMatchObject({ status: 400, errors: [{ pointer: 'Client-Reference' }] });
});

test('255 characters count as characters, however many bytes they take', () => {
  expect([isReference('😀'.repeat(255)), isReference('😀'.repeat(256)), isReference('é'.repeat(255))]).toEqual([true, false, true]);
});
