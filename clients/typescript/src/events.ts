/** One server-sent event, or the pause that the server wants before a client comes back. */
export type Heard = { type: string; id: string | undefined; data: string } | { retryMs: number };

/** Lines of a body as they come, without their ends; what is after the last one is told where `rest` is asked for. */
export function linesOf(body: ReadableStream<Uint8Array>, rest: boolean): AsyncGenerator<string> {
  return linesIn(chunksOf(body), rest);
}

/** The same of what comes in chunks, however they are cut. */
export async function* linesIn(chunks: AsyncIterable<Uint8Array>, rest: boolean): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let kept = '';
  for await (const chunk of chunks) {
    const lines = (kept + decoder.decode(chunk, { stream: true })).split('\n');
    kept = lines.pop() ?? '';
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  if (rest && kept !== '') yield kept;
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

/** By a reader, for not every browser iterates over a body. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    // Whoever leaves in the midst wants no more of it.
    await reader.cancel().catch(() => undefined);
  }
}
