import type { Settings } from '../config/settings.ts';
import type { Logger } from '../runtime/log.ts';
import { spanIdOf, traceIdOf } from './trace-context.ts';

/** Something that was done, told when it is over. */
export interface SpanFact {
  name: string;
  /** Traceparent of the span itself. */
  own: string;
  /** Traceparent of the span above it, in the same trace. */
  parent?: string;
  kind: 'server' | 'internal' | 'producer';
  /** Monotonic ms of this process. */
  startedAt: number;
  endedAt: number;
  attributes: Record<string, string | number>;
  /** Traceparents of others that belong to it: the requests that share a flush. */
  links?: readonly string[];
  failed?: boolean;
}

/** Tells spans to a collector. Where a node has none, nothing of this runs. */
export interface Tracing {
  /** Share of new traces that are recorded; live. */
  readonly share: number;
  /** Never blocks and never throws: when the collector is slow, spans are dropped. */
  span(fact: SpanFact): void;
  /** Sends what is left, for a moment. */
  close(): Promise<void>;
}

const EXPORT_MS = 1_000;
const EXPORT_TIMEOUT_MS = 5_000;
const CLOSE_MS = 2_000;
/** What OpenTelemetry's API calls them. */
const KINDS = { internal: 0, server: 1, producer: 3 };
const FAILED = 2;

/** The node's tracing, or undefined where no collector is set: then OpenTelemetry is not even loaded. */
export async function startTracing(settings: Pick<Settings, 'tracesUrl' | 'tracesSample' | 'namespace'>, node: { nodeId: string; role: string; log: Logger }): Promise<Tracing | undefined> {
  if (settings.tracesUrl === '') return undefined;
  const [{ diag, DiagLogLevel, ROOT_CONTEXT, trace }, { BatchSpanProcessor, TracerProvider }, { OTLPTraceExporter }] = await Promise.all([import('@opentelemetry/api'), import('@opentelemetry/sdk-trace'), import('@opentelemetry/exporter-trace-otlp-http')]);
  const warn = (message: string) => node.log.warn({ message: message.slice(0, 500) }, 'traces could not be told');
  const quiet = () => undefined;
  diag.setLogger({ error: warn, warn, info: quiet, debug: quiet, verbose: quiet }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const attributes = { 'service.name': 'sluice', 'service.namespace': settings.namespace, 'service.instance.id': node.nodeId, 'sluice.role': node.role };
  const resource = { attributes, merge: () => resource, getRawAttributes: () => Object.entries(attributes) as [string, string][] };
  // The ids of a span are known before it begins, for others are told of it on the way: the next span gets these.
  let ids = { trace: '', span: '' };
  const provider = new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${settings.tracesUrl.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: EXPORT_TIMEOUT_MS }), scheduledDelayMillis: EXPORT_MS, exportTimeoutMillis: EXPORT_TIMEOUT_MS })],
    idGenerator: { generateTraceId: () => ids.trace, generateSpanId: () => ids.span },
  });
  const tracer = provider.getTracer('sluice');
  const contextOf = (traceparent: string) => ({ traceId: traceIdOf(traceparent), spanId: spanIdOf(traceparent), traceFlags: 1 });
  return {
    get share() {
      return settings.tracesSample;
    },
    span({ name, own, parent, kind, startedAt, endedAt, attributes: facts, links = [], failed }) {
      ids = { trace: traceIdOf(own), span: spanIdOf(own) };
      const above = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...contextOf(parent), isRemote: true });
      const span = tracer.startSpan(name, { kind: KINDS[kind], startTime: performance.timeOrigin + startedAt, attributes: facts, links: links.map((link) => ({ context: contextOf(link) })) }, above);
      if (failed === true) span.setStatus({ code: FAILED });
      span.end(performance.timeOrigin + endedAt);
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([provider.shutdown().catch((error: unknown) => node.log.warn({ err: error }, 'the last traces could not be told')), patience]);
      clearTimeout(timer);
    },
  };
}
