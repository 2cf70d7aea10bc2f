import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as a collector gets it. */
export interface ToldSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  links: { traceId: string; spanId: string }[];
  attributes: Record<string, string | number>;
  /** Of the node that told it. */
  resource: Record<string, string | number>;
  status: number;
  /** ms. */
  tookMs: number;
}

interface Value {
  stringValue?: string;
  intValue?: string | number;
  doubleValue?: number;
}
interface Attribute {
  key: string;
  value: Value;
}
interface Posted {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: (Omit<ToldSpan, 'attributes' | 'status' | 'links'> & { attributes: Attribute[]; links?: ToldSpan['links']; status?: { code?: number }; startTimeUnixNano: string; endTimeUnixNano: string })[] }[] }[];
}

const plain = (attributes: Attribute[]) => Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue ?? value.doubleValue)]));

/** A collector that keeps what it is told by OTLP over HTTP in JSON. */
export async function startCollector(): Promise<{ url: string; spans: ToldSpan[]; requests: () => number; stop(): Promise<void> }> {
  const spans: ToldSpan[] = [];
  let requests = 0;
  const server = createServer((req, res) => {
    let text = '';
    req.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => {
      requests++;
      if (req.url !== '/v1/traces') return void res.writeHead(404).end();
      for (const { resource, scopeSpans } of (JSON.parse(text) as Posted).resourceSpans) {
        for (const { attributes, status, links = [], startTimeUnixNano, endTimeUnixNano, ...span } of scopeSpans.flatMap((scope) => scope.spans)) {
          spans.push({ ...span, links, attributes: plain(attributes), resource: plain(resource.attributes), status: status?.code ?? 0, tookMs: Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6 });
        }
      }
      res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, requests: () => requests,
    stop: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}
