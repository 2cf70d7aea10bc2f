import { setTimeout as sleep } from 'node:timers/promises';
import { eventsIn, linesIn } from '../../clients/typescript/src/events.ts';
import type { CheckpointFact } from '../../services/gateway/batches/large-facts.ts';
import type { ProgressEvent, StateEvent } from '../../services/gateway/batches/events/decide-events.ts';
import { isFinal } from '../../shared/batches/states.ts';
import { CliError, EXIT } from '../cli-error.ts';
import { NoReply, wholeOf } from '../send/http-client.ts';
import { decide, type Tried } from '../send/retry-policy.ts';
import { BATCHES, type Asking } from './asking.ts';

/** What is told of a large batch while it goes on. */
export type News = { type: 'state'; data: StateEvent } | { type: 'progress'; data: ProgressEvent } | { type: 'checkpoint'; data: CheckpointFact };

const FIRST_PAUSE_MS = 2_000;
/** Three times the silence after which Sluice says that it is still there. */
const SILENCE_MS = 45_000;

/**
 * All that becomes of a large batch, until it has ended or `on.signal` says to leave. A stream that breaks is taken up again where it
 * was (Last-Event-ID), on whatever edge answers.
 * @throws CliError when there is no such batch, or Sluice stays away
 */
export async function* follow(on: Asking, batchId: string): AsyncGenerator<News> {
  let heard: string | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  for (let tries = 1; !on.signal.aborted; tries++) {
    let tried: Tried | undefined;
    try {
      const answer = await on.http.open({
        method: 'GET', path: `${BATCHES}/${encodeURIComponent(batchId)}/events`, signal: on.signal, silenceMs: SILENCE_MS,
        headers: { Accept: 'text/event-stream', ...(heard === undefined ? {} : { 'Last-Event-ID': heard }) },
      });
      on.answered = true;
      if (answer.statusCode === 204) return void answer.resume();
      if (answer.statusCode !== 200) tried = { reply: await wholeOf(answer) };
      else {
        for await (const event of eventsIn(linesIn(answer, false))) {
          if ('retryMs' in event) pauseMs = event.retryMs;
          else {
            tries = 0;
            heard = event.id ?? heard;
            const news = { type: event.type, data: JSON.parse(event.data) as unknown } as News;
            yield news;
            if (news.type === 'state' && isFinal(news.data.state)) return;
          }
        }
        tried = { noReply: new NoReply('the stream of events ended', false) };
      }
    } catch (error) {
      if (on.signal.aborted) return;
      if (error instanceof CliError) throw error;
      tried = { noReply: error instanceof NoReply ? error : new NoReply((error as Error).message, false, error) };
    }
    const decision = decide(tried, { tries: Math.max(1, tries), retries: on.retries, keyed: true, random: on.random() });
    if (decision.act !== 'again') throw new CliError(decision.act === 'stop' ? decision.why : 'The events of the batch were refused.', 'reply' in tried && tried.reply.status < 500 ? EXIT.failed : EXIT.system);
    const afterMs = Math.max(decision.afterMs, pauseMs);
    on.onRetry(decision.why, afterMs);
    await sleep(afterMs, undefined, { signal: on.signal }).catch(() => undefined); // woken to leave
  }
}
