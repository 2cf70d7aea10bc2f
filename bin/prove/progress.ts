import type { Counts } from './load/errand.ts';

/** The line that tells how the run goes. */
export interface Progress {
  /** What is under way, from now on. */
  stage(text: string): void;
  /** A line that stays. */
  line(text: string): void;
  stop(): void;
}

const TERMINAL_MS = 500;
const FILE_MS = 10_000;

/** Writes to `out`: on a terminal one line that is replaced, elsewhere a line every 10 s. */
export function createProgress(out: NodeJS.WriteStream, minutes: number, counts: () => Counts | undefined): Progress {
  /** When clients began; what comes before doesn't count as time of the run. */
  let began: number | undefined;
  let stage = '';
  let last = { at: performance.now(), requests: 0, items: 0 };
  const clear = () => (out.isTTY ? '\r\u001b[K' : '');
  const show = () => {
    const now = performance.now();
    const current = counts();
    if (current) began ??= now;
    const { requests, items } = current ?? { requests: 0, items: 0 };
    const per = (n: number) => Math.round((n * 1_000) / Math.max(1, now - last.at)).toLocaleString('en');
    const text = `${clock(now - (began ?? now))} of ${clock(minutes * 60_000)}  ${stage}  ${per(requests - last.requests)} requests/s, ${per(items - last.items)} items/s`;
    last = { at: now, requests, items };
    out.write(out.isTTY ? `${clear()}${text}` : `${text}\n`);
  };
  const timer = setInterval(show, out.isTTY ? TERMINAL_MS : FILE_MS);
  timer.unref();
  return {
    stage: (text) => void (stage = text),
    line: (text) => void out.write(`${clear()}${text}\n`),
    stop() {
      clearInterval(timer);
      out.write(clear());
    },
  };
}

function clock(ms: number): string {
  const s = Math.floor(ms / 1_000);
  return `${String(Math.floor(s / 60)).padStart(2, '0')}:${String(s % 60).padStart(2, '0')}`;
}
