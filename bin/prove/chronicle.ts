/** A fault's time in the run, in ms of the run's clock; `endMs` is undefined while it is under way. */
export interface Span {
  fault: string;
  fromMs: number;
  endMs: number | undefined;
  /** What was sent before had reached its edge before the fault, and has to be answered all the same; undefined where it need not be. */
  owedBeforeMs: number | undefined;
}

/** Which faults were under way when. A fault counts as under way until the system has recovered from it. */
export class Chronicle {
  readonly spans: Span[] = [];
  /** Times for which the topic tells nothing; see Fault.forgetsTopic. */
  readonly forgotten: { fromMs: number; endMs: number }[] = [];
  readonly #began = performance.now();

  /** ms since the run began, monotonic. */
  now(): number {
    return performance.now() - this.#began;
  }

  begin(fault: string, owedBeforeMs?: number): Span {
    const span: Span = { fault, fromMs: this.now(), endMs: undefined, owedBeforeMs };
    this.spans.push(span);
    return span;
  }

  /** Those under way at any time between. */
  during(fromMs: number, toMs: number): Span[] {
    return this.spans.filter((span) => span.fromMs <= toMs && (span.endMs ?? Infinity) >= fromMs);
  }

  /** Their names for people: `kill-writer + nats-slow`, or `no fault`. */
  namesDuring(fromMs: number, toMs: number): string {
    return [...new Set(this.during(fromMs, toMs).map(({ fault }) => fault))].join(' + ') || 'no fault';
  }

  /** Whether the topic may lack what was accepted then. */
  isForgotten(fromMs: number, toMs: number): boolean {
    return this.forgotten.some((span) => span.fromMs <= toMs && span.endMs >= fromMs);
  }
}
