/** One server-sent event, or the pause that the server wants before a client comes back. */
export type Heard = { type: string; id: string | undefined; data: string } | { retryMs: number };

/** Lines of a body as they come, without their ends; what is after the last one is told where `rest` is asked for. */
export async function* linesOf(body: ReadableStream<Uint8Array>, rest: boolean): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let kept = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (kept + decoder.decode(value, { stream: true })).split('\n');
      kept = lines.pop() ?? '';
      for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
    if (rest && kept !== '') yield kept;
  } finally {
    // Whoever leaves in the midst wants no more of it.
    await reader.cancel().catch(() => undefined);
  }
}

/** Reads server-sent events as they come (WHATWG HTML, 9.2.6); an event that is not ended is none. */
export async function* eventsIn(lines: AsyncIterable<string>): AsyncGenerator<Heard> {
  let event: { type: string; id: string | undefined; data: string[] } = { type: 'message', id: undefined, data: [] };
  for await (const line of lines) {
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
