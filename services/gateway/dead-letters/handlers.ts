import type { Answer, Call } from '../http/call.ts';
import type { Handler } from '../http/serve.ts';
import { readAudit } from '../audit/read-audit.ts';
import { bodyFormat } from '../body/content-type.ts';
import { parseSingle } from '../body/parse-json.ts';
import { readBody } from '../body/read-body.ts';
import { actorOf } from '../http/operator.ts';
import { ignoredHeader, unknownParameters, type UnknownQuery } from '../http/parameters.ts';
import { QueryReader } from '../http/query-reader.ts';
import { ProblemError } from '../../../shared/errors/problem.ts';
import { recordIdOf } from '../write/record-id.ts';
import { LETTER_STATES, REPLAY_STATES } from '../../../shared/contracts/dead-letters.ts';
import { type LetterDesk } from './desk.ts';
import { discardLetters, dryRunDiscard } from './discard.ts';
import { parseDiscard, parseNothing, parseReplay } from './parse-body.ts';
import { groupLetters, listLetters, readLetter, type LetterQuery } from './read-letters.ts';
import { dryRunReplay, listReplays, readReplay, startReplay, stopReplay } from './replays.ts';
import type { LetterOperation } from './routes.ts';

const DEFAULT_LIMIT = 50;
export const MOST_LIMIT = 1_000;
const ORDERS = ['newest', 'oldest'] as const;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** A thousand ids and a filter fit easily. */
const MOST_BODY_BYTES = 65_536;

/** The handlers of dead letters and the audit: they read the request, call the operation, and show its result. */
export function letterHandlers(desk: LetterDesk, unknown: UnknownQuery): Record<LetterOperation, Handler> {
  return {
    'list-dead-letters': async ({ url }) => {
      const read = new QueryReader(url, unknown);
      const query = queryOf(read, null);
      const page = pageOf(read);
      const ignored = read.end();
      return ok(await listLetters(desk, query, page), ignored);
    },
    'group-dead-letters': async ({ url }) => {
      const read = new QueryReader(url, unknown);
      const query = queryOf(read, ['dead', 'replaying']);
      const ignored = read.end();
      return ok(await groupLetters(desk, query), ignored);
    },
    'get-dead-letter': async ({ url, params }) => {
      const id = recordIdOf(params.id);
      const ignored = unknownParameters(url, [], unknown);
      return ok(await readLetter(desk, id), ignored);
    },
    'start-replay': async (call) => {
      const { actor, body } = await takeOperation(call);
      const { dryRun, ...request } = parseReplay(body, desk.rate.max);
      if (dryRun) return ok(await dryRunReplay(desk, request));
      const replay = await startReplay(desk, actor, request);
      return { status: 202, headers: { Location: `/api/v1/dead-letters/replays/${replay.id}` }, body: JSON.stringify(replay) };
    },
    'list-replays': async ({ url }) => {
      const read = new QueryReader(url, unknown);
      const query = { sinks: read.list('sink'), states: read.list('state', REPLAY_STATES) };
      const page = { limit: read.whole('limit', DEFAULT_LIMIT, 1, MOST_LIMIT), after: read.uuid('cursor') };
      const ignored = read.end();
      return ok(await listReplays(desk, query, page), ignored);
    },
    'get-replay': async ({ url, params }) => {
      const id = replayIdOf(params.id);
      const ignored = unknownParameters(url, [], unknown);
      return ok(await readReplay(desk, id), ignored);
    },
    'stop-replay': async (call) => {
      const id = replayIdOf(call.params.id);
      const { actor, body } = await takeOperation(call);
      parseNothing(body);
      return ok(await stopReplay(desk, actor, id));
    },
    'discard-dead-letters': async (call) => {
      const { actor, body } = await takeOperation(call);
      const { dryRun, ...request } = parseDiscard(body);
      return ok(dryRun ? await dryRunDiscard(desk, request) : await discardLetters(desk, actor, request));
    },
    'list-audit': async ({ url }) => {
      const read = new QueryReader(url, unknown);
      const query = { who: read.list('who'), operations: read.list('operation'), since: read.instant('since'), until: read.instant('until') };
      const page = pageOf(read);
      const ignored = read.end();
      return ok(await readAudit(desk.pool, desk.timeoutMs, query, page), ignored);
    },
  };

  /** Who asks, and the body; these calls take no parameters. */
  async function takeOperation(call: Call): Promise<{ actor: ReturnType<typeof actorOf>; body: unknown }> {
    const actor = actorOf(call);
    unknownParameters(call.url, [], unknown);
    bodyFormat(call.req.headers, ['json']);
    const bytes = await readBody(call.req, { maxBytes: MOST_BODY_BYTES, deadlineAt: call.deadlineAt });
    return { actor, body: bytes.length === 0 ? {} : parseSingle(bytes) };
  }
}

/** @param open states that are shown where none is asked for; null shows all */
function queryOf(read: QueryReader, open: readonly string[] | null): LetterQuery {
  return {
    sinks: read.list('sink'), kinds: read.list('kind'), states: read.list('state', LETTER_STATES) ?? open, codes: read.list('code'), fingerprints: read.list('fingerprint'),
    batchId: read.uuid('batchId'), recordIds: read.ids('recordId'), since: read.instant('since'), until: read.instant('until'),
  };
}

function pageOf(read: QueryReader): { newestFirst: boolean; after: number | null; limit: number } {
  return { newestFirst: read.choice('order', ORDERS, 'newest') === 'newest', after: read.whole('cursor', null, 1, Number.MAX_SAFE_INTEGER), limit: read.whole('limit', DEFAULT_LIMIT, 1, MOST_LIMIT) };
}

function replayIdOf(id = ''): string {
  if (UUID.test(id)) return id.toLowerCase();
  throw new ProblemError({ status: 400, code: 'invalid-id', title: 'Invalid id', detail: 'The id of a replay is a UUID.', errors: [{ pointer: 'id', code: 'format', message: 'must be a UUID' }] });
}

function ok(body: unknown, ignored: readonly string[] = []): Answer {
  return { status: 200, headers: ignoredHeader(ignored), body: JSON.stringify(body) };
}
