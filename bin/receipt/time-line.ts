import type { Delivery, Receipt } from '../../services/gateway/receipts/receipt.ts';
import type { Paint } from '../send/summary.ts';

const WIDTH = 12;
/** As long as an instant, so that what has none stands in line. */
const NO_TIME = ' '.repeat('2026-11-22T10:00:00.000Z'.length);

/** A receipt for people: one line for each thing that happened to the item, in the order of its way. */
export function timeLine(receipt: Receipt, paint: Paint): string {
  const { index, status, id, batchId, kind, clientReference, acceptedAt, written, delivery = [], changes = [] } = receipt;
  const outcome = status === 'SUCCESS' ? paint.green(status) : status === 'FAILED' ? paint.red(status) : paint.yellow(status);
  const line = (at: string | null, what: string, text: string) => `  ${paint.dim(at ?? NO_TIME)}  ${what.padEnd(WIDTH)}${text}`;
  const lines = [`${kind} ${id ?? '(no id)'}  ${outcome}`, line(acceptedAt, 'accepted', `batch ${batchId}, index ${index}${clientReference === null ? '' : `, reference ${JSON.stringify(clientReference)}`}`)];
  if (status === 'PENDING') lines.push(line(null, 'pending', 'not written yet'));
  for (const { pointer, code, message } of receipt.errors ?? []) lines.push(line(null, paint.red(receipt.withdrawn === true ? 'withdrawn' : 'rejected'), receipt.withdrawn === true ? message : `${pointer === '' ? '' : `${pointer} `}${code}: ${message}`));
  if (written !== undefined) {
    const { at, version, node, slice } = written;
    lines.push(line(at, 'written', `version ${version} by ${node}, in the slice of ${slice.span} from index ${slice.firstIndex}`), ...delivery.flatMap((d) => deliveryLines(d, line)));
  }
  for (const change of changes) {
    lines.push(line(change.at, 'changed', `version ${change.version} by ${change.node}, batch ${change.batchId}${change.clientReference === null ? '' : `, reference ${JSON.stringify(change.clientReference)}`}`));
    lines.push(...change.delivery.flatMap((d) => deliveryLines(d, line)));
  }
  if (receipt.moreChanges === true) lines.push(line(null, '', 'and later changes that are not told here'));
  return `${lines.join('\n')}\n`;
}

function deliveryLines(d: Delivery, line: (at: string | null, what: string, text: string) => string): string[] {
  const place = d.partition === null ? d.sink : `${d.topic ?? d.sink}, partition ${d.partition}`;
  const tries = (d.tries ?? []).map(({ at, code }) => ({ at, text: line(at, 'refused', `by ${d.sink}: ${code}`) }));
  const replays = (d.replays ?? []).map(({ releasedAt, state, replayId }) => ({ at: releasedAt, text: line(releasedAt, 'replayed', `${state}, replay ${replayId}`) }));
  // A replay may be refused too: its tries come after it.
  const led = [...tries, ...replays].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return [...led.map(({ text }) => text), endOf(d, place, line)];
}

function endOf(d: Delivery, place: string, line: (at: string | null, what: string, text: string) => string): string {
  const letter = d.deadLetter;
  switch (d.state) {
    case 'delivered':
      return line(d.at, 'delivered', d.offset === null ? place : `${place}, offset ${d.offset}`);
    case 'waiting': {
      const { reason = '', detail = '', nextAttemptAt, code } = d.waiting ?? {};
      return line(nextAttemptAt ?? null, 'waiting', `for ${place}: ${reason}${code === undefined ? '' : ` (${code})`}. ${detail}`);
    }
    case 'superseded':
      return line(letter?.closedAt ?? null, 'superseded', `for ${place}: ${d.supersededBy == null ? 'there was nothing to send any more' : `version ${d.supersededBy} took its place`}`);
    case 'dead':
      return line(letter?.lastFailedAt ?? null, 'dead', `for ${place}: ${letter === undefined ? '' : `dead letter ${letter.id}, ${letter.code}: ${letter.reason}`}`);
    case 'discarded':
      return line(letter?.closedAt ?? null, 'discarded', `for ${place}: dead letter ${letter?.id ?? ''}, by ${letter?.closedBy ?? 'nobody'}: ${letter?.closedReason ?? ''}`);
  }
}
