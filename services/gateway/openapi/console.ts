import type { ConsoleOperation } from '../console/routes.ts';
import type { Described } from './operations.ts';
import { ref, type Schema } from './schemas.ts';

const problem = (description: string): Schema => ({ description, content: { 'application/problem+json': { schema: ref('Problem') } } });
const text = (description: string, type: string): Schema => ({ description, content: { [type]: { schema: { type: 'string' } } } });
const path = (name: string): Schema => ({ name, in: 'path', required: true, schema: { type: 'string' } });
const session: Schema = {
  description: 'Who is logged in; `token` goes with every change, in the header Sluice-Token.',
  content: { 'application/json': { schema: { type: 'object', required: ['keysNeeded', 'client'], properties: { keysNeeded: { type: 'boolean' }, client: { type: ['string', 'null'] }, roles: { type: 'array', items: { type: 'string' } }, token: { type: ['string', 'null'] } } } } },
};

/** What the document says of the console's own routes. */
export function describeConsole(operation: ConsoleOperation): Described {
  switch (operation) {
    case 'live':
      return {
        tag: 'console', description: 'Events `snapshot`: rates and queues of each stage, nodes, breakers, large batches at work, and what is slow. Made once for all who listen; a stream ends after a minute, and its client comes back.',
        responses: { '200': { description: 'The stream.', content: { 'text/event-stream': { schema: { type: 'object', required: ['event', 'data'], properties: { event: { type: 'string' }, data: { type: 'string', contentMediaType: 'application/json' } } } } } }, '503': { ...problem('This edge has all the listeners it takes (`too-many-listeners`), or the keys are not known yet.'), headers: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } } },
      };
    case 'console-page':
      return { tag: 'console', responses: { '200': text('The page, or a file of it.', 'text/html'), '304': { description: 'What the browser has is still right.' }, '404': problem('No such file (`no-such-route`).') } };
    case 'console-vendor':
      return { tag: 'console', parameters: [path('package'), path('version')], responses: { '200': text('The file.', 'text/javascript'), '404': problem('No such file, or another version (`no-such-route`).') } };
    case 'console-session':
      return { tag: 'console', responses: { '200': session } };
    case 'console-login':
      return {
        tag: 'console', description: 'Sets a cookie that no script can read. Every call can be made under it instead of a key; changes need the token too.',
        requestBody: { required: true, content: { 'application/json': { schema: { type: 'object', required: ['key'], properties: { key: { type: 'string', maxLength: 500 } } } } } },
        responses: { '200': session, '400': problem('There is no key in the body (`invalid-arguments`).'), '401': problem('The key is not good (`unauthenticated`).'), '403': problem('Sent by a page of another origin (`foreign-page`).'), '408': problem('The body came too slowly.'), '413': problem('The body is too large.'), '415': problem('The body is of another content type or encoding.') },
      };
    case 'console-logout':
      return { tag: 'console', responses: { '204': { description: 'Nobody is logged in any more.' } } };
  }
}
