import { CATEGORIES, type Category } from '../../../shared/records/process-step.ts';
import { storableText } from '../../../shared/records/storable-text.ts';

/**
 * What a failure of a step is, by what it says of itself: a code (of Node, undici, Moleculer), an HTTP status, or a name. The first of
 * the error and its causes that is listed here, or below, decides. All else is EXECUTION_ERROR: the step failed.
 */
const BY_CODE: Readonly<Record<string, Category>> = {
  // Something that the step needs is away or full.
  ECONNREFUSED: 'RESOURCE_ERROR', ECONNRESET: 'RESOURCE_ERROR', ENOTFOUND: 'RESOURCE_ERROR', EAI_AGAIN: 'RESOURCE_ERROR', EPIPE: 'RESOURCE_ERROR',
  EHOSTUNREACH: 'RESOURCE_ERROR', ENETUNREACH: 'RESOURCE_ERROR', UND_ERR_SOCKET: 'RESOURCE_ERROR',
  SERVICE_NOT_FOUND: 'RESOURCE_ERROR', SERVICE_NOT_AVAILABLE: 'RESOURCE_ERROR', QUEUE_FULL: 'RESOURCE_ERROR', REQUEST_REJECTED: 'RESOURCE_ERROR',
  '429': 'RESOURCE_ERROR', '502': 'RESOURCE_ERROR', '503': 'RESOURCE_ERROR',
  // It took too long.
  ETIMEDOUT: 'TIMEOUT_ERROR', ESOCKETTIMEDOUT: 'TIMEOUT_ERROR', UND_ERR_CONNECT_TIMEOUT: 'TIMEOUT_ERROR', UND_ERR_HEADERS_TIMEOUT: 'TIMEOUT_ERROR', UND_ERR_BODY_TIMEOUT: 'TIMEOUT_ERROR',
  REQUEST_TIMEOUT: 'TIMEOUT_ERROR', TimeoutError: 'TIMEOUT_ERROR', '408': 'TIMEOUT_ERROR', '504': 'TIMEOUT_ERROR',
  // The item itself: the same again would fail again.
  VALIDATION_ERROR: 'ITEM_ERROR', '400': 'ITEM_ERROR', '404': 'ITEM_ERROR', '409': 'ITEM_ERROR', '410': 'ITEM_ERROR', '413': 'ITEM_ERROR', '422': 'ITEM_ERROR',
  // The machine, or the database.
  ENOMEM: 'SYSTEM_ERROR', ENOSPC: 'SYSTEM_ERROR', EMFILE: 'SYSTEM_ERROR', ENFILE: 'SYSTEM_ERROR', ERR_WORKER_OUT_OF_MEMORY: 'SYSTEM_ERROR', StatementTimeout: 'SYSTEM_ERROR',
};

/** And what PostgreSQL says, by the class of the SQLSTATE. */
const BY_SQLSTATE: Readonly<Record<string, Category>> = {
  '22': 'ITEM_ERROR', '23': 'ITEM_ERROR',
  '53': 'RESOURCE_ERROR',
  '08': 'SYSTEM_ERROR', '25': 'SYSTEM_ERROR', '40': 'SYSTEM_ERROR', '55': 'SYSTEM_ERROR', '57': 'SYSTEM_ERROR', '58': 'SYSTEM_ERROR', XX: 'SYSTEM_ERROR',
};

const SQLSTATE = /^[0-9A-Z]{5}$/;
const MOST_CAUSES = 8;
const LONGEST_MESSAGE = 500;

/** The category of what a step threw. An error may say it itself, as `category`, or (from another node) in its data. */
export function categoryOf(error: unknown): Category {
  const chain = withCauses(error);
  for (const { category, data } of chain) {
    const said = category ?? data?.category;
    if (CATEGORIES.some((c) => c === said)) return said as Category;
  }
  for (const { type, code, status, name } of chain) {
    for (const mark of [type, code, status, name]) {
      const listed = markIn(mark);
      if (listed !== undefined) return listed;
    }
  }
  return 'EXECUTION_ERROR';
}

/** What the client is told of a failure: the error's own words, at a bounded length. */
export function tellingOf(error: unknown): string {
  const words = withCauses(error).map(({ message }) => message).filter((m): m is string => typeof m === 'string' && m !== '');
  const text = words.length === 0 ? 'The step failed, and did not say why.' : [...new Set(words)].join(': ');
  return storableText(text, LONGEST_MESSAGE);
}

interface Marks {
  category?: unknown;
  data?: { category?: unknown } | null;
  type?: unknown;
  code?: unknown;
  status?: unknown;
  name?: unknown;
  message?: unknown;
}

function markIn(mark: unknown): Category | undefined {
  if (typeof mark !== 'string' && typeof mark !== 'number') return undefined;
  const text = String(mark);
  if (Object.hasOwn(BY_CODE, text)) return BY_CODE[text];
  const cls = text.slice(0, 2);
  return SQLSTATE.test(text) && Object.hasOwn(BY_SQLSTATE, cls) ? BY_SQLSTATE[cls] : undefined;
}

function withCauses(error: unknown): Marks[] {
  const chain: Marks[] = [];
  for (let at = error; at !== null && at !== undefined && chain.length < MOST_CAUSES; at = (at as { cause?: unknown }).cause) chain.push(typeof at === 'object' ? (at as Marks) : { message: String(at as string) });
  return chain;
}
