import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { assertCertified, authenticate, authorize, mayRead } from '../access/authenticate.ts';
import { ProblemError } from '../errors/problem.ts';
import { serverTls } from '../secure/server-tls.ts';
import type { NodeContext } from './node-context.ts';

/** A small HTTP server for nodes without a gateway: /health/live, /health/ready, /metrics. */
export async function startMetricsServer(node: NodeContext): Promise<{ port: number; close(): Promise<void> }> {
  const tls = serverTls(node.settings);
  const listener: RequestListener = (req, res) => {
    const answer = (status: number, type: string, body: string) => {
      res.writeHead(status, { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff' }).end(body);
    };
    const path = (req.url ?? '').split('?')[0];
    void (async () => {
      const caller = () => authenticate(node.keys, req.headers).caller;
      if (path === '/health/live') answer(200, 'application/json', '{"status":"UP"}');
      else if (path === '/health/ready') {
        const health = await node.health.read();
        const status = health.ready ? 'UP' : 'DOWN';
        answer(health.ready ? 200 : 503, 'application/json', JSON.stringify(mayRead({ caller: caller(), req }) ? { status, node: node.nodeId, ...health } : { status }));
      } else if (path === '/metrics') {
        if (node.settings.tlsClientCa !== '') assertCertified(req);
        authorize('local', caller(), req);
        const { contentType, body } = await node.metrics.text();
        answer(200, contentType, body);
      }
      else answer(404, 'text/plain', 'known here: /health/live, /health/ready, /metrics\n');
    })().catch((error: unknown) => {
      const problem = ProblemError.from(error);
      if (problem !== undefined) {
        res.writeHead(problem.status, { 'Content-Type': 'application/problem+json', ...problem.headers }).end(JSON.stringify(problem.toDocument(path)));
        return;
      }
      node.log.error({ err: error, path }, 'an answer of the metrics server failed');
      if (!res.headersSent) answer(500, 'text/plain', 'failed; see the log\n');
    });
  };
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(node.settings.metricsPort, node.settings.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
