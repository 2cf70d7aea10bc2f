import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { CliError, EXIT } from '../cli-error.ts';

interface ReadyAnswer {
  roles?: { writer?: { nodes?: number } };
}

const TIMEOUT_MS = 30_000;
const LOOK_MS = 25;

/**
 * Waits until the gateway says that it is ready and sees this many writers. Ends early, without an error, when `signal` aborts.
 * @throws CliError with the gateway's last answer after half a minute
 */
export async function untilReady(url: string, writers: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + TIMEOUT_MS;
  let last: string;
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, keepAliveTimeout: 1_000 });
  while (!signal.aborted) {
    try {
      // It asks what it has started itself: whose certificate that has is no question, and its name is another than this address.
      const response = await request(`${url}/health/ready`, { dispatcher, signal: AbortSignal.timeout(5_000) });
      last = await response.body.text();
      if (response.statusCode === 200 && ((JSON.parse(last) as ReadyAnswer).roles?.writer?.nodes ?? 0) >= writers) return;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() > until) throw new CliError(`Everything was started, but ${url}/health/ready does not say so after ${TIMEOUT_MS / 1_000} s. Its last answer: ${last}`, EXIT.system);
    await sleep(LOOK_MS);
  }
}
