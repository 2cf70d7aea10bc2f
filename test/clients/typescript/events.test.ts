import { eventsIn, linesIn, linesOf, type Heard } from '../../../clients/typescript/src/events.ts';

async function* cut(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each([1, 3, 1_000])('events: comments, retry, CRLF and an event that is not ended, in chunks of %i bytes', async (size) => {
  const text = 'retry: 250\n\nevent: state\nid: 1-2\ndata: {"a":"ü"}\n\n: alive\n\r\ndata: x\r\ndata:y\r\n\r\nevent: progress\ndata: lost\n';
  const heard: Heard[] = [];
  for await (const event of eventsIn(linesIn(cut(text, size), false))) heard.push(event);
  expect(heard).toEqual([{ retryMs: 250 }, { type: 'state', id: '1-2', data: '{"a":"ü"}' }, { type: 'message', id: '1-2', data: 'x\ny' }]);
});

test('what is after the last line end is told where it is asked for', async () => {
  const linesWhere = async (rest: boolean) => {
    const lines: string[] = [];
    for await (const line of linesIn(cut('{"a":1}\n{"b":2}', 4), rest)) lines.push(line);
    return lines;
  };
  expect([await linesWhere(true), await linesWhere(false)]).toEqual([['{"a":1}', '{"b":2}'], ['{"a":1}']]);
});

test('whoever leaves a body in the midst has its reading ended', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(Buffer.from('a line\n')), cancel: () => void (cancelled = true) });
  for await (const line of linesOf(body, false)) {
    expect(line).toBe('a line');
    break;
  }
  expect(cancelled).toBe(true);
});
