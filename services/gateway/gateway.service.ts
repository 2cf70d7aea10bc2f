import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Service, ServiceSchema } from 'moleculer';
import ApiService from 'moleculer-web';
import { serverTls } from '../../shared/secure/server-tls.ts';
import { runStatement } from '../../shared/db/run-statement.ts';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { announceMetrics } from '../../shared/runtime/metrics-address.ts';
import { createDoor } from './access/door.ts';
import { Sessions } from './access/sessions.ts';
import { operationHandlers } from './operations.ts';
import { protect } from './http/protect.ts';
import { securityHeaders } from './http/security-headers.ts';
import { closeServer, tuneServer } from './http/server.ts';
import { serve } from './http/serve.ts';
import { invalidPath } from './http/call.ts';
import { fallbackHandler, noSuchRoute, shadowedPaths } from './http/unknown-route.ts';
import { routesOf } from './routes-table.ts';

/** What the mixin adds to the service. */
type WebService = Service & { server: Server; httpHandler: RequestListener; addRoute(route: object): void };

interface AliasRequest extends IncomingMessage {
  $params?: Record<string, string>;
}

/** Speaks HTTP: routes, limits, answers. What it takes in goes to the batcher. */
export function createGateway(node: NodeContext): ServiceSchema {
  const { settings, metrics, log } = node;
  const protection = protect(node);
  const sessions = new Sessions({
    run: (statement, values) => runStatement(node.database.pool, statement, values, settings.statementTimeout), keys: node.keys, now: () => performance.now(),
    get hours() {
      return settings.consoleSession;
    },
  });
  const door = createDoor(node, sessions);
  const tools = { headers: securityHeaders(settings.tlsCert !== ''), deadlineMs: () => settings.requestDeadline, metrics, log, tracing: node.tracing, ...protection };
  const routes = routesOf([...node.kinds.values()]);
  // Read here and kept from the service's settings, which every node of the fleet is told.
  const tls = serverTls(settings);

  return {
    name: 'gateway',
    mixins: [ApiService],
    settings: {
      port: settings.port,
      ip: settings.host,
      requestTimeout: 0,
      logRequest: null,
      logResponse: null,
      logRouteRegistration: null,
      routes: [],
      // In the order of the table: the one that catches all others stands last.
      optimizeOrder: false,
      // What fails before a route is found.
      onError: (req: IncomingMessage, res: ServerResponse, error: Error & { code?: unknown }) =>
        serve(tools, 'unknown', () => { throw error.code === 400 ? invalidPath() : error.code === 404 ? noSuchRoute() : error; }, req, res, {}),
    } as NonNullable<ServiceSchema['settings']>,
    actions: {
      // Not offered to other nodes: the list of aliases is the OpenAPI document's business.
      listAliases: false,
    },
    ...(tls === undefined ? {} : {
      methods: {
        createServer(this: Service) {
          const web = this as WebService;
          web.server ??= createServer(tls, web.httpHandler);
          web.server.requestTimeout = 0;
        },
      },
    }),
    created(this: Service) {
      const web = this as WebService;
      const handlers = operationHandlers(node, this.broker, sessions);
      const unknown = fallbackHandler(routes);
      const serveUnknown = (req: AliasRequest, res: ServerResponse) => serve(tools, 'unknown', unknown, req, res, {});
      const aliases: Record<string, unknown> = {};
      for (const { method, path } of shadowedPaths(routes)) aliases[`${method} ${path}`] = serveUnknown;
      for (const route of routes) {
        const handler = door(route, protection.bounded(route, handlers(route)));
        // HEAD is answered as GET is, without the body.
        for (const method of route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]) aliases[`${method} ${route.path.replace(/\{(\w+)\}/g, ':$1')}`] = (req: AliasRequest, res: ServerResponse) =>
          serve(tools, route.path, handler, req, res, req.$params ?? {});
      }
      const common = { bodyParsers: false, mergeParams: true, mappingPolicy: 'restrict', authentication: false, authorization: false, cors: false };
      web.addRoute({ ...common, path: '/', aliases: { ...aliases, '/{*rest}': serveUnknown } });
    },
    started(this: Service) {
      const { server } = this as WebService;
      tuneServer(server);
      protection.start(server);
      node.onDrain.push(() => closeServer(server, settings.drainTimeout));
      const { port } = server.address() as AddressInfo;
      announceMetrics(this.broker, settings, port);
      log.info({ host: settings.host, port }, 'gateway listens');
    },
    stopped: () => protection.stop(),
  };
}
