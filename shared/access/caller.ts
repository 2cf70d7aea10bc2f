import type { Role } from './api-keys.ts';
import { ProblemError } from '../errors/problem.ts';

/** Who calls, and what they may. */
export interface Caller {
  /** Whose batches, keys and limits. */
  client: string;
  roles: ReadonlySet<Role>;
  /** Kinds that may be submitted; null: all. */
  kinds: readonly string[] | null;
  /** Known by a key, not merely by calling. */
  known: boolean;
}

/** The name of all callers where nobody needs a key. */
export const ANONYMOUS = 'anonymous';

/** Where there are no keys: everybody may do everything; only loopback is listened on then. */
export const EVERYBODY: Caller = { client: ANONYMOUS, roles: new Set<Role>(['submit', 'read', 'operate']), kinds: null, known: false };

/** Where there are keys: who came without one. */
export const NOBODY: Caller = { client: ANONYMOUS, roles: new Set<Role>(), kinds: [], known: false };

/** The client whose batches alone this caller may see; null: those of all. */
export function sees({ roles, client }: Caller): string | null {
  return roles.has('read') ? null : client;
}

/** @throws ProblemError 403 `kind-not-allowed` where the caller's key is not for this kind */
export function maySubmit({ kinds }: Caller, kind: string): void {
  if (kinds === null || kinds.includes(kind)) return;
  throw new ProblemError({ status: 403, code: 'kind-not-allowed', title: 'Not with this key', detail: `This key may submit ${kinds.length === 0 ? 'nothing' : kinds.join(', ')}, not the kind ${kind}. Nothing was done.` });
}
