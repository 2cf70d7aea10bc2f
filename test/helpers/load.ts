import { setTimeout as sleep } from 'node:timers/promises';
import type { Told } from './check-truth.ts';
import { execution } from './executions.ts';
import { send, type HttpAnswer } from './http.ts';

export interface Load {
  told: Told[];
  /** Answers so far. */
  readonly answers: number;
  statuses: Map<number, number>;
  /** Sends no more, and waits for the answers that are still owed. */
  stop(): Promise<void>;
}

let marks = 0;
/** A value of 24 characters that no other item has. */
export const newMark = (): string => `MARK${String(++marks).padStart(20, '0')}`;

/** Reads an answer of a batch as what it tells of each of these items. */
export function readTold(answer: HttpAnswer, itemMarks: readonly string[]): Told[] {
  const { results } = answer.body;
  if (answer.status === 202) return itemMarks.map((mark) => ({ mark, fate: 'unknown' }));
  if (results === undefined || results.length === 0) return itemMarks.map((mark) => ({ mark, fate: answer.status >= 400 ? 'withdrawn' : 'unknown' }));
  return results.map((result, i): Told => {
    const mark = itemMarks[i] ?? '';
    if (result.status === 'SUCCESS') return { mark, fate: 'stored', id: Number(result.id ?? result.execution?.id) };
    return { mark, fate: (result.code ?? '').startsWith('withdrawn') ? 'withdrawn' : 'refused' };
  });
}

/** Sends batches from this many senders, one after the other each, until it is stopped; every third item of every fifth batch is bad. */
export function startLoad(url: string, shape: { senders: number; items: number; headers?: () => Record<string, string> }): Load {
  const told: Told[] = [];
  const statuses = new Map<number, number>();
  let on = true;
  let answers = 0;
  const sender = async () => {
    for (let round = 1; on; round++) {
      const itemMarks = Array.from({ length: shape.items }, newMark);
      const items = itemMarks.map((securityId, i) => execution({ securityId, ...(round % 5 === 0 && i % 3 === 0 ? { quantity: -1 } : {}) }));
      try {
        const answer = await send(url, 'POST', '/api/v1/executions/batch', { executions: items }, { Prefer: 'return=minimal', ...shape.headers?.() });
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        told.push(...readTold(answer, itemMarks));
        if (answer.status === 503) await sleep(20);
      } catch {
        // No answer at all: nothing was told.
        told.push(...itemMarks.map((mark): Told => ({ mark, fate: 'unknown' })));
        await sleep(20);
      }
      answers++;
    }
  };
  const senders = Array.from({ length: shape.senders }, sender);
  return {
    told,
    statuses,
    get answers() {
      return answers;
    },
    async stop() {
      on = false;
      await Promise.all(senders);
    },
  };
}
