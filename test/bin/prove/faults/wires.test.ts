import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ALL_FAULTS } from '../../../../bin/prove/faults/all.ts';
import type { OwnedLink } from '../../../../bin/prove/net/link.ts';
import { startLink } from '../../../../bin/prove/net/start-link.ts';
import type { Target } from '../../../../bin/prove/target.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

const WIRES = ['client->edge', 'edge->postgres', 'writer->postgres', 'relay->postgres', 'edge->nats', 'writer->nats', 'relay->nats', 'relay->kafka'];
const nameOf = (wire: string) => wire.replace('->', '-');

/** A server that answers every piece with the same, and remembers what came. */
let server: Server;
let came = '';
const sockets = new Set<Socket>();
let links: OwnedLink[];

beforeEach(async () => {
  came = '';
  server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    socket.on('data', (data) => {
      came += data.toString();
      socket.write(data);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  links = await Promise.all(WIRES.map((wire) => {
    const [from = '', to = ''] = wire.split('->');
    return startLink({ name: wire, from, to: to as OwnedLink['to'], target: { host: '127.0.0.1', port } });
  }));
});
afterEach(async () => {
  for (const link of links) await link.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** A client of a wire: what it has heard, and whether it is cut off. */
function client(wire: string) {
  const link = links.find(({ name }) => name === wire) as OwnedLink;
  const socket = connect(link.port, '127.0.0.1');
  const self = { heard: '', broken: false, say: (text: string) => void socket.write(text), end: () => void socket.destroy() };
  socket.on('data', (data) => (self.heard += data.toString())).on('error', () => undefined).on('close', () => (self.broken = true));
  return self;
}

async function inject(name: string) {
  const fault = ALL_FAULTS.find((one) => one.name === name);
  if (fault === undefined) throw new Error(`${name} is no fault`);
  const target = { links: (from?: string, to?: string) => links.filter((link) => (from === undefined || link.from === from) && (to === undefined || link.to === to)) } as unknown as Target;
  const injected = await fault.inject(target, () => 0.9);
  return () => injected.end();
}

const passes = async (wire: string) => {
  const one = client(wire);
  one.say('hello');
  await waitFor(() => one.heard === 'hello', { what: `${wire} to pass` });
  return one;
};

test.each(WIRES)('the wire %s is cut, and whole again at the end', async (wire) => {
  const before = await passes(wire);
  const end = await inject(`cut-${nameOf(wire)}`);
  await waitFor(() => before.broken, { what: 'the connection to end' });
  const during = client(wire);
  await waitFor(() => during.broken, { what: 'a new connection to be refused' });
  await end();
  await passes(wire);
});

test.each(WIRES)('the wire %s is silent, and what was said is heard at the end', async (wire) => {
  const before = await passes(wire);
  const end = await inject(`silence-${nameOf(wire)}`);
  before.say(' there?');
  const other = await passes(WIRES.find((one) => one !== wire) as string);
  expect([came, before.heard, before.broken]).toEqual(['hellohello', 'hello', false]);
  await end();
  await waitFor(() => before.heard === 'hello there?', { what: 'what was kept back' });
  other.end();
});

test.each(WIRES)('the wire %s passes one direction only, and both at the end', async (wire) => {
  const before = await passes(wire);
  const end = await inject(`halve-${nameOf(wire)}`); // the drawn number makes it the way back
  before.say(' there?');
  await waitFor(() => came === 'hello there?', { what: 'the direction that passes' });
  await passes(WIRES.find((one) => one !== wire) as string);
  expect(before.heard).toBe('hello');
  await end();
  await waitFor(() => before.heard === 'hello there?', { what: 'what was kept back' });
});

test.each(WIRES)('the wire %s is slow, and quick at the end', async (wire) => {
  const before = await passes(wire);
  const end = await inject(`delay-${nameOf(wire)}`);
  before.say(' there?');
  await passes(WIRES.find((one) => one !== wire) as string);
  expect(before.heard).toBe('hello');
  await end();
  await waitFor(() => before.heard === 'hello there?', { what: 'what was on its way' });
});

test.each(WIRES)('the wire %s is reset again and again, and left alone at the end', async (wire) => {
  const before = await passes(wire);
  const end = await inject(`reset-${nameOf(wire)}`);
  await waitFor(() => before.broken, { what: 'the connection to be reset' });
  const during = await passes(wire);
  await waitFor(() => during.broken, { what: 'the next connection to be reset' });
  await end();
  await passes(wire);
});

test('nats-slow, kafka-slow and kafka-late hold up what passes, on every wire there', async () => {
  for (const [name, wires, isHeard] of [
    ['nats-slow', ['edge->nats', 'writer->nats', 'relay->nats'], false],
    ['kafka-slow', ['relay->kafka'], true],
    ['kafka-late', ['relay->kafka'], true],
  ] as const) {
    const before = await Promise.all(wires.map(passes));
    came = '';
    const end = await inject(name);
    for (const one of before) one.say('!');
    if (isHeard) await waitFor(() => came === '!', { what: 'the request, which is not held up' });
    await passes('edge->postgres');
    expect(before.map(({ heard }) => heard)).toEqual(before.map(() => 'hello'));
    await end();
    await waitFor(() => before.every(({ heard }) => heard === 'hello!'), { what: 'what was on its way' });
  }
});
