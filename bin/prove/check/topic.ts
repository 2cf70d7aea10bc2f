import type { Chronicle } from '../chronicle.ts';
import { changeThatMade, type Changes } from '../load/changes.ts';
import { itemContent, readMark, type LoadSeed } from '../load/items.ts';
import type { Entry } from '../load/journal.ts';
import type { Scoreboard } from '../promises.ts';
import type { ReadMessage } from './read-new.ts';
import type { Row } from './rows.ts';
import { SeenVersions } from './seen-versions.ts';

/** What a consumer of the topic sees: every message once, each partition in its order. */
export class TopicWatch {
  readonly #load: LoadSeed;
  readonly #changes: Changes;
  readonly #scoreboard: Scoreboard;
  readonly #chronicle: Chronicle;
  readonly #seen = new SeenVersions();
  messages = 0;
  repeats = 0;

  constructor({ load, changes, scoreboard, chronicle }: { load: LoadSeed; changes: Changes; scoreboard: Scoreboard; chronicle: Chronicle }) {
    this.#load = load;
    this.#changes = changes;
    this.#scoreboard = scoreboard;
    this.#chronicle = chronicle;
  }

  /** Takes a message in: its record must be as it was sent, and no older than what came before. */
  note({ partition, offset, value }: ReadMessage): void {
    this.messages += 1;
    this.#scoreboard.tried('ordered');
    const place = `message ${offset} of partition ${partition}`;
    const body = parse(value);
    const mark = body === undefined ? undefined : readMark(this.#load, String(body.securityId));
    if (body === undefined || mark === undefined) return this.#scoreboard.broken('delivered', `${place} holds no record of this run`);
    const { id, version } = body;
    const before = this.#seen.last(id);
    const arrival = this.#seen.note(id, version);
    if (arrival === 'repeat') this.repeats += 1;
    if (arrival === 'back') this.#scoreboard.broken('ordered', `${place}: record ${id} comes with version ${version} after version ${before}`);
    const sent = itemContent(this.#load, mark.request, mark.index);
    if (body.quantity !== Number(sent.quantity) || body.tradeType !== sent.tradeType) this.#scoreboard.broken('delivered', `${place}: record ${id} is not as it was sent by request ${mark.request}`);
    const made = version === 1 ? body.quantityFilled === 0 : changeThatMade(this.#changes, id, version, body.quantityFilled) !== undefined;
    if (!made) this.#scoreboard.broken('delivered', `${place}: record ${id} comes as version ${version} with quantityFilled ${body.quantityFilled}, which no change that was not refused makes`);
  }

  /** Compares a row with what was seen: its last version must have come, unless it became a dead letter. */
  compare(row: Row, entry: Entry, dead: boolean): void {
    const last = this.#seen.last(row.id);
    this.#seen.explain(row.id);
    const change = this.#changes.get(row.id)?.find(({ on }) => on + 1 === row.version);
    const [fromMs, toMs] = change === undefined ? [entry.fromMs, entry.toMs] : [change.fromMs, change.toMs];
    if (dead || this.#chronicle.isForgotten(fromMs, toMs)) return;
    this.#scoreboard.tried('delivered');
    if (last < row.version) {
      this.#scoreboard.broken('delivered', `record ${row.id}, version ${row.version}, of request ${entry.no}${entry.batchId === undefined ? '' : `, batch ${entry.batchId}`}: ${last === 0 ? 'never came' : `only version ${last} came`}; under way: ${this.#chronicle.namesDuring(fromMs, toMs)}`);
    }
  }

  /** Messages of records that are not in the table; to be called when all rows were compared. */
  finish(): void {
    for (const id of this.#seen.unexplained()) this.#scoreboard.broken('delivered', `record ${id} came, and is not in the table`);
  }
}

interface Body {
  id: number;
  version: number;
  securityId: unknown;
  tradeType: unknown;
  quantity: unknown;
  quantityFilled: number;
}

function parse(value: string | null): Body | undefined {
  try {
    const body = JSON.parse(value ?? '') as Partial<Body> | null;
    return typeof body?.id === 'number' && typeof body.version === 'number' && typeof body.quantityFilled === 'number' ? (body as Body) : undefined;
  } catch {
    return undefined;
  }
}
