/**
 * A process of its own that reads an upload of so many items and tells how much memory its bytes took:
 * node --max-old-space-size=N read-long-upload.ts <ndjson|json|csv> <items>. A reader that keeps items does not survive it.
 */
import { cutSegments, type ItemReader } from '../../services/gateway/upload/read/cut-segments.ts';
import { csvReader } from '../../services/gateway/upload/read/read-csv.ts';
import { jsonReader } from '../../services/gateway/upload/read/read-json.ts';
import { ndjsonReader } from '../../services/gateway/upload/read/read-ndjson.ts';

const PIECE_ITEMS = 500;
const START = { items: 0, bytes: 0 };
const [format = 'ndjson', total = '0'] = process.argv.slice(2);
const items = Number(total);
const note = 'x'.repeat(400);

const FORMS: Record<string, { reader: () => ItemReader; head: string; item: string; tail: string }> = {
  ndjson: { reader: () => ndjsonReader(START), head: '', item: `{"note":"${note}"}\n`, tail: '' },
  json: { reader: () => jsonReader(START, ['items']), head: '[0', item: `,{"note":"${note}"}`, tail: ']' },
  csv: { reader: () => csvReader(START, { note: { type: 'text', min: 0, max: 1_000 } }, null), head: 'note\n', item: `${note}\n`, tail: '' },
};
const form = FORMS[format];
if (form === undefined) throw new Error(`no such format: ${format}`);

async function* body(): AsyncGenerator<Buffer> {
  yield Buffer.from(form?.head ?? '');
  const piece = Buffer.from((form?.item ?? '').repeat(PIECE_ITEMS));
  for (let sent = 0; sent < items; sent += PIECE_ITEMS) yield piece;
  yield Buffer.from(form?.tail ?? '');
}

let read = 0;
let mostBytes = 0;
for await (const segment of cutSegments(body(), START, form.reader())) {
  read += segment.items.length;
  mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers);
}
process.stdout.write(JSON.stringify({ read, mostBytes }));
