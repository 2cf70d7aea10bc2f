/** A server-sent event, or the pause that the server wants before a client comes back. */
export type Heard = { type: string; id: string | undefined; data: string } | { retryMs: number };

/** Reads server-sent events as they come (WHATWG HTML, 9.2.6); an event that is not ended is none. */
export async function* readEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<Heard> {
  const decoder = new TextDecoder();
  let rest = '';
  let event: { type: string; id: string | undefined; data: string[] } = { type: 'message', id: undefined, data: [] };
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (line === '') {
        if (event.data.length > 0) yield { type: event.type, id: event.id, data: event.data.join('\n') };
        event = { type: 'message', id: event.id, data: [] };
      } else if (name === 'event') event.type = value;
      else if (name === 'id') event.id = value;
      else if (name === 'data') event.data.push(value);
      else if (name === 'retry' && /^\d{1,9}$/.test(value)) yield { retryMs: Number(value) };
    }
  }
}
