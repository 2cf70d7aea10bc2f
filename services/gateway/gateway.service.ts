import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Service, ServiceSchema } from 'moleculer';
import ApiService from 'moleculer-web';
import type { NodeContext } from '../../shared/runtime/node-context.ts';
import { operationHandlers } from './operations.ts';
import { closeServer, tuneServer } from './http/server.ts';
import { serve } from './http/serve.ts';
import { fallbackHandler } from './http/unknown-route.ts';
import { routesOf } from './routes-table.ts';

/** What the mixin adds to the service. */
type WebService = Service & { server: Server; addRoute(route: object): void };

interface AliasRequest extends IncomingMessage {
  $params?: Record<string, string>;
}

/** Speaks HTTP: routes, limits, answers. What it takes in goes to the batcher. */
export function createGateway(node: NodeContext): ServiceSchema {
  const { settings, metrics, log } = node;
  const tools = { deadlineMs: settings.requestDeadline, metrics, log };
  const routes = routesOf([...node.kinds.values()]);

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
    } as NonNullable<ServiceSchema['settings']>,
    actions: {
      // Not offered to other nodes: the list of aliases is the OpenAPI document's business.
      listAliases: false,
    },
    created(this: Service) {
      const web = this as WebService;
      const handlers = operationHandlers(node, this.broker);
      const aliases: Record<string, unknown> = {};
      for (const route of routes) {
        const handler = handlers(route);
        aliases[`${route.method} ${route.path.replace(/\{(\w+)\}/g, ':$1')}`] = (req: AliasRequest, res: ServerResponse) =>
          serve(tools, route.path, handler, req, res, req.$params ?? {});
      }
      const unknown = fallbackHandler(routes);
      const common = { bodyParsers: false, mergeParams: true, mappingPolicy: 'restrict', authentication: false, authorization: false, cors: false };
      web.addRoute({ ...common, path: '/', aliases: { ...aliases, '/{*rest}': (req: AliasRequest, res: ServerResponse) => serve(tools, 'unknown', unknown, req, res, {}) } });
    },
    started(this: Service) {
      const { server } = this as WebService;
      tuneServer(server, settings.requestDeadline);
      node.onDrain.push(() => closeServer(server));
      const { port } = server.address() as AddressInfo;
      log.info({ host: settings.host, port }, 'gateway listens');
    },
  };
}
